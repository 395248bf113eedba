"""Samplers as controls: they draw whole configs, hear only the values, and give no reasons.

`tpe` is Optuna's multivariate tree-structured Parzen estimator (Bergstra et al. 2011), `gp` its Gaussian process with
expected improvement, `random` draws uniformly (on a log scale where the field says so), `grid` walks three values of
each number and every option in shuffled order. A config that was tried, waits or was vetoed is drawn again.
"""

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from core.agents.expert.candidates import taken
from core.agents.expert.reflecting import reflect
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft
from core.approval import config_hash
from core.records import Params
from core.space import InvalidParams, Param

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

DRAWS = 200  # until a config is new; then there is nothing left to try
FITTED_DRAWS = 10  # of the Gaussian process, which is fitted anew for each; the rest are random
STARTING = 10  # random draws before TPE and the Gaussian process use what they heard, Optuna's default


class Sampler:
    """Asks one of the samplers by name. The same evidence gives the same draft."""

    def __init__(self, name: str) -> None:
        self.name = name

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """A config that is new to the study."""
        known = taken(evidence)
        for drawn in self._draws(evidence):
            try:
                params = evidence.space.complete(drawn)
            except InvalidParams:  # values that do not go together
                continue
            if config_hash(params) not in known:
                return _draft(evidence, self.name, params)
        return Nothing("nothing new left to draw from the space")

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """What was observed; there was no claim to hold it against."""
        return reflect(evidence, outcome)

    def _draws(self, evidence: Evidence) -> Iterator[dict[str, Any]]:
        seed = evidence.study.seed * 100_003 + len(evidence.trials)
        if self.name == "grid":
            return _grid(evidence.space.searched, evidence.study.seed)
        drawn = _ask(evidence, _optuna_sampler(self.name, seed))
        if self.name != "gp":
            return drawn
        anywhere = _ask(evidence, _optuna_sampler("random", seed))
        return itertools.chain(itertools.islice(drawn, FITTED_DRAWS), anywhere)


def _grid(searched: Mapping[str, Param], seed: int) -> Iterator[dict[str, Any]]:
    """Cells in an order of the seed; of a grid too large to be walked, as many as make a new one all but certain."""
    levels = {name: _levels(param) for name, param in searched.items()}
    cells = math.prod(len(values) for values in levels.values())
    order = random.Random(seed)
    numbers = range(cells)
    for number in order.sample(numbers, cells) if cells <= 100_000 else order.sample(numbers, 100_000):
        drawn, rest = {}, number
        for name, values in levels.items():
            rest, place = divmod(rest, len(values))
            drawn[name] = values[place]
        yield drawn


def _levels(param: Param) -> list[Any]:
    """Every option, or a number's two ends and what lies between them on its scale."""
    if param.low is None or param.high is None:
        return list(param.options)
    middle = math.sqrt(param.low * param.high) if param.log else (param.low + param.high) / 2
    values = (param.low, round(middle) if param.kind == "int" else middle, param.high)
    return list(dict.fromkeys(param.check(value) for value in values))


def _optuna_sampler(name: str, seed: int) -> "BaseSampler":
    from optuna import logging, samplers

    logging.set_verbosity(logging.WARNING)
    if name == "tpe":
        return samplers.TPESampler(multivariate=True, n_startup_trials=STARTING, seed=seed)
    if name == "gp":
        return samplers.GPSampler(n_startup_trials=STARTING, seed=seed)
    return samplers.RandomSampler(seed=seed)


def _ask(evidence: Evidence, sampler: "BaseSampler") -> Iterator[dict[str, Any]]:
    """What the sampler wants next, given every valued trial inside the space as it is now."""
    import optuna

    distributions = {name: _distribution(param) for name, param in evidence.space.searched.items()}
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for view in evidence.judged:
        params = {name: _ordered(evidence.space.searched[name], view.trial.params[name]) for name in distributions}
        if evidence.space.contains(view.trial.params):
            study.add_trial(
                optuna.trial.create_trial(params=params, distributions=distributions, value=view.trial.value)
            )
    for _ in range(DRAWS):
        trial = study.ask(distributions)
        yield {name: _plain(evidence.space.searched[name], value) for name, value in trial.params.items()}


def _distribution(param: Param) -> "BaseDistribution":
    """Options that are numbers become their places in order, so that the sampler knows which are near."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if _is_ordinal(param):
        return IntDistribution(0, len(param.options) - 1)
    if param.low is None or param.high is None:
        return CategoricalDistribution(list(param.options))
    if param.kind == "int":
        return IntDistribution(int(param.low), int(param.high), log=param.log)
    return FloatDistribution(param.low, param.high, log=param.log)


def _is_ordinal(param: Param) -> bool:
    return param.kind == "choice" and all(isinstance(option, int | float) for option in param.options)


def _ordered(param: Param, value: Any) -> Any:
    return sorted(param.options).index(value) if _is_ordinal(param) and value in param.options else value


def _plain(param: Param, value: Any) -> Any:
    return sorted(param.options)[value] if _is_ordinal(param) else value


def _draft(evidence: Evidence, name: str, params: Params) -> Draft:
    base = evidence.incumbent or evidence.baseline
    before = base.trial.params if base else evidence.space.baseline()
    changes = {field: (before[field], value) for field, value in params.items() if before.get(field) != value}
    heard = len(evidence.judged)
    return Draft(
        params=params,
        changes=changes,
        axis="",
        direction="",
        claim="",
        mechanism=f"Drawn by {name} after {heard} {'value' if heard == 1 else 'values'}; a sampler gives no reasons.",
        expected=None,
        expected_sd=None,
        risk="unknown",
        novelty=f"{len(changes)} fields at once",
        falsifier="",
        minutes=base.minutes if base else None,
        base_trial_id=base.trial.id if base else None,
    )
