"""What Optuna reads from a study's trials: importance, slices, contour, parallel coordinates, EDF.

The records live in memory (`optuna.trial.create_trial`); nothing of Optuna's is stored. Its plots are drawn by Optuna
and restyled by the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.records import Study, Trial
from core.space import Param, SearchSpace

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 8  # trials with a value below which a plot over params would only show noise
MOST_TRIALS = 1_000  # of a larger study so many speak for all: Optuna copies each, and a plot shows no more
MOST_AXES = 6
SLICE, CONTOUR, PARALLEL, EDF = "Slice", "Contour", "Parallel coordinates", "EDF"
KINDS = (SLICE, CONTOUR, PARALLEL, EDF)


@dataclass(frozen=True)
class Landscape:
    """`trials` speak for the `valued` ones; `missing` are needed before plots mean something; `importance` holds the
    axes that vary, the largest share first (PED-ANOVA, Watanabe et al. 2023)."""

    trials: tuple[Trial, ...]
    valued: int
    missing: int
    importance: tuple[tuple[str, float], ...]
    space: SearchSpace
    objective: str

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that vary, the most important first."""
        return tuple(name for name, _ in self.importance)

    @property
    def counted(self) -> str:
        """How many trials it is made of."""
        if len(self.trials) == self.valued:
            return f"{self.valued} trials with a value"
        return f"{len(self.trials):,} of {self.valued:,} trials with a value, evenly spread, the best among them"


def landscape_key(study: Study, trials: Sequence[Trial]) -> int:
    """Differs where the landscape does: by the trials with a value, and by the space."""
    return hash((study.space_version, tuple((t.id, t.value) for t in trials if t.value is not None)))


def landscape(study: Study, trials: Sequence[Trial]) -> Landscape:
    """Over the trials with a value of the study's own protocol."""
    valued = [trial for trial in trials if trial.value is not None and trial.stamp == study.stamp]
    chosen, space = _spread(valued), SearchSpace.from_json(study.space)
    varied = [name for name in space.searched if len({trial.params.get(name) for trial in chosen}) > 1]
    missing = max(FEWEST - len(valued), 0)
    importance = _importance(chosen, space, varied) if varied and not missing else ()
    return Landscape(chosen, len(valued), missing, importance, space, study.objective)


def drawn(seen: Landscape, kind: str, axes: Sequence[str]) -> Any:
    """Optuna's own Plotly figure of that kind over these axes."""
    from optuna import visualization

    held = _study(seen.trials, seen.space, () if kind == EDF else axes)
    if kind == SLICE:
        return visualization.plot_slice(held, params=list(axes), target_name=seen.objective)
    if kind == CONTOUR:
        return visualization.plot_contour(held, params=list(axes[:2]), target_name=seen.objective)
    if kind == PARALLEL:
        return visualization.plot_parallel_coordinate(held, params=list(axes), target_name=seen.objective)
    return visualization.plot_edf(held, target_name=seen.objective)


def _spread(valued: Sequence[Trial]) -> tuple[Trial, ...]:
    """All, or as many as are read, evenly over the study; the best is always among them."""
    if len(valued) <= MOST_TRIALS:
        return tuple(valued)
    places = {round(place * (len(valued) - 1) / (MOST_TRIALS - 2)) for place in range(MOST_TRIALS - 1)}
    best = max(range(len(valued)), key=lambda place: valued[place].value or 0.0)
    return tuple(valued[place] for place in sorted(places | {best}))


def _importance(trials: Sequence[Trial], space: SearchSpace, varied: Sequence[str]) -> tuple[tuple[str, float], ...]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    found = get_param_importances(_study(trials, space, varied), evaluator=PedAnovaImportanceEvaluator())
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))


def _study(trials: Sequence[Trial], space: SearchSpace, axes: Sequence[str]) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    held = optuna.create_study(direction="maximize")
    kinds = {name: _distribution(space.searched[name], [trial.params.get(name) for trial in trials]) for name in axes}
    for trial in trials:
        params = {name: trial.params.get(name) for name in axes}
        held.add_trial(optuna.trial.create_trial(params=params, distributions=kinds, value=trial.value))
    return held


def _distribution(param: Param, seen: Sequence[Any]) -> "BaseDistribution":
    """The declared range, widened to what older spaces allowed."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if param.low is None or param.high is None:
        return CategoricalDistribution(list(dict.fromkeys([*param.options, *seen])))
    low, high = min(param.low, *seen), max(param.high, *seen)
    if param.kind == "int":
        return IntDistribution(int(low), int(high), log=param.log)
    return FloatDistribution(float(low), float(high), log=param.log)
