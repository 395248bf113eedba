"""Which fields mattered so far, by PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255) on the study's whole trials.

It compares where the best quarter of the trials lies with where all of them lie. Trials that change one field at a time
around a best config are no random sample: a field scores by what was tried of it, not by what it could do.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.agents.protocol import Evidence
from core.records import Params
from core.space import Param

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 8  # trials; a quarter of fewer is one trial
BEST_SHARE = 0.25


def param_importance(evidence: Evidence) -> dict[str, float]:
    """Share of each field that had several values, largest first; they add up to 1. Empty with too few trials."""
    views = [view for view in evidence.judged if evidence.space.contains(view.trial.params)]
    params = [view.trial.params for view in views]
    varied = {name: param for name, param in evidence.space.searched.items() if _has_several(name, params)}
    if len(views) < FEWEST or not varied:
        return {}
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    distributions = {name: _distribution(param) for name, param in varied.items()}
    for view in views:
        told = {name: _place(param, view.trial.params[name]) for name, param in varied.items()}
        study.add_trial(optuna.trial.create_trial(params=told, distributions=distributions, value=view.trial.value))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _has_several(name: str, params: Sequence[Params]) -> bool:
    return len({str(each.get(name)) for each in params}) > 1


def _distribution(param: Param) -> "BaseDistribution":
    """Numbers on their scale, options by their place in the list."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if param.low is None or param.high is None:
        return CategoricalDistribution(list(range(len(_options(param)))))
    if param.kind == "int":
        return IntDistribution(int(param.low), int(param.high), log=param.log)
    return FloatDistribution(param.low, param.high, log=param.log)


def _place(param: Param, value: Any) -> Any:
    return value if param.low is not None and param.high is not None else _options(param).index(value)


def _options(param: Param) -> list[Any]:
    return list(param.options) or [False, True]
