"""What all trials of a study say together: a Gaussian process over configs, its effects adding up axis by axis.

The log of the objective is a level plus one function for each axis, anchored at the baseline's value. A function's
steps have the spread that the literature's beliefs give them; a part of a step's variance is a common slope, so that a
step tells of the next one and, turned round, of the one back; options without an order are independent. What does not
add up is a small effect of each config's own, shared by configs less than a step away: a hair's breadth beside a config
that was tried there is no new chance. So a trial is no longer only a comparison with one other: every run
sharpens every estimate, and a lucky value is drawn towards what its parts are worth.
Gaussian processes: Rasmussen and Williams 2006, chapter 2; additive ones: Duvenaud et al. 2011 (arXiv 1112.4394).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.agents.expert.candidates import FACTOR, FIRST_STEPS, SHARE
from core.agents.expert.knowledge import belief
from core.agents.protocol import Evidence, TrialView
from core.records import Params
from core.space import Param

SLOPE = 0.25  # share of a step's variance common to all steps of the axis: defaults lie near an optimum, mostly
INTERACTION = 0.01  # deviation, relative, of what a config is worth from the sum of its parts, for each further axis
FARTHEST = 3.0  # steps; beyond that an axis is believed to change no further
LEVEL = 0.5  # deviation of the level: next to nothing is presumed of it
USUAL_NOISE, WEIGHT = 0.03, 4.0  # relative deviation between seeds before any was measured, and its weight in degrees
OUTLIER = 2.5  # deviations from what was believed; beyond, a value says that a config is bad or good, not how much
PRUNED_NOISE = 0.08  # a pruned run's lag at its epoch says this roughly what it would have been at its end

Floats = np.ndarray


@dataclass(frozen=True)
class Seen:
    """One config that ran: log of its value against the baseline's, and that figure's deviation."""

    view: TrialView
    params: Params
    value: float
    deviation: float


class Surrogate:
    """The posterior given a study's trials; empty before any has a value."""

    def __init__(self, evidence: Evidence) -> None:
        self._space = evidence.space
        self._baseline = evidence.space.baseline()
        self.seen = _seen(evidence)
        self.seed_deviation = seed_deviation(evidence)
        self._known: dict[int, tuple[Params, Moves]] = {}

    def gain(self, params: Params, over: Params) -> tuple[float, float]:
        """Expected relative gain of one config over another, and its standard deviation."""
        return self.gains(params, over)[:2]

    def prior_deviation(self, params: Params, over: Params) -> float:
        """The deviation of the same gain before any trial."""
        return self.gains(params, over)[2]

    def gains(self, params: Params, over: Params) -> tuple[float, float, float]:
        """Expected relative gain, its standard deviation, and what that was before any trial."""
        pair = [params, over]
        kernel = self._kernel(pair, [*self._configs, *pair])
        cross, own = kernel[:, :-2], kernel[:, -2:]
        weights = np.array([1.0, -1.0])
        variance = float(weights @ own @ weights)
        before = math.sqrt(max(variance, 1e-12))
        if not self.seen:
            return 0.0, math.sqrt(max(variance, 0.0)), before
        difference = weights @ cross
        mean = float(difference @ self._solved)
        explained = float(difference @ self._inverse @ difference)
        return mean, math.sqrt(max(variance - explained, 1e-12)), before

    @cached_property
    def _configs(self) -> list[Params]:
        return [each.params for each in self.seen]

    @cached_property
    def _covariance(self) -> Floats:
        """Of what the configs that ran are worth, before any ran: (N, N)."""
        return self._kernel(self._configs, self._configs)

    @cached_property
    def _inverse(self) -> Floats:
        """Of the covariance of the observations: (N, N)."""
        noise = np.array([each.deviation**2 for each in self.seen])
        return np.linalg.inv(self._covariance + np.diag(noise))

    @cached_property
    def _solved(self) -> Floats:
        """The observations weighed; an outlier is drawn in, so that a run that broke speaks for no other direction."""
        believed = np.sqrt(np.maximum(np.diag(self._covariance) - LEVEL**2, 1e-12))  # of each config over the baseline
        spread = OUTLIER * np.hypot(believed, [each.deviation for each in self.seen])
        return self._inverse @ np.clip([each.value for each in self.seen], -spread, spread)

    def _kernel(self, ours: Sequence[Params], theirs: Sequence[Params]) -> Floats:
        """Prior covariance of the log values: (A, B). A field that is nowhere moved on one side adds nothing."""
        left, right = ([self._moves(config) for config in side] for side in (ours, theirs))
        total = np.full((len(ours), len(theirs)), LEVEL**2)
        near = np.ones_like(total)
        for name in self._baseline:
            on_left, on_right = (any(name in moves for moves in side) for side in (left, right))
            if not on_left and not on_right:
                continue
            rows, columns = ([moves.get(name, _NO_MOVE) for moves in side] for side in (left, right))
            near *= self._nearness(name, rows, columns)
            if on_left and on_right:
                total += self._axis(name, rows, columns)
        further = [np.sqrt([max(len(moves) - 1.0, 0.0) for moves in side]) for side in (left, right)]
        return total + INTERACTION**2 * np.outer(*further) * near

    def _moves(self, config: Params) -> "Moves":
        """Where a config differs from the baseline, by field."""
        if (known := self._known.get(id(config))) is None:
            moved = ((name, config.get(name, base), base) for name, base in self._baseline.items())
            known = config, {name: self._move(name, value) for name, value, base in moved if value != base}
            self._known[id(config)] = known  # holds the config, so that its id stays its own
        return known[1]

    def _move(self, name: str, value: Any) -> "Move":
        param = self._space.searched.get(name, self._space.declared[name])
        if not _is_ordered(param):
            return Move(value, 0.0, belief(name, str(value)).sd)
        steps = first_steps(param, self._baseline[name], value)
        spread = belief(name, "up" if steps >= 0 else "down").sd
        return Move(value, steps, spread * float(np.sign(abs(steps))))

    def _axis(self, name: str, left: Sequence["Move"], right: Sequence["Move"]) -> Floats:
        spreads = np.outer([move.spread for move in left], [move.spread for move in right])
        if not self._is_ordered(name):
            return spreads * np.array([[a.value == b.value for b in right] for a in left])
        u, v = (np.array([move.steps for move in side]) for side in (left, right))
        product = np.outer(u, v)
        along = np.minimum.outer(np.abs(u), np.abs(v)) * (product > 0)
        return spreads * (SLOPE * product + (1.0 - SLOPE) * along)

    def _nearness(self, name: str, left: Sequence["Move"], right: Sequence["Move"]) -> Floats:
        """1 for the same value, falling to 0 at a first step from there; another option is as far as that."""
        if not self._is_ordered(name):
            return np.array([[float(a.value == b.value) for b in right] for a in left])
        u, v = (np.array([move.steps for move in side]) for side in (left, right))
        return np.maximum(1.0 - np.abs(np.subtract.outer(u, v)), 0.0)

    def _is_ordered(self, name: str) -> bool:
        return _is_ordered(self._space.searched.get(name, self._space.declared[name]))


@dataclass(frozen=True)
class Move:
    """A field's value away from the baseline: first steps from there (0 without an order) and the belief's spread."""

    value: Any
    steps: float
    spread: float


_NO_MOVE = Move(None, 0.0, 0.0)
Moves = dict[str, Move]


def _is_ordered(param: Param) -> bool:
    if param.kind == "flag":
        return False
    return not param.options or all(isinstance(option, int | float) for option in param.options)


def share_of_a_step(param: Param, before: Any, after: Any) -> float:
    """How much of a whole first step a change is, at most 1; another option without an order is a whole one."""
    return min(abs(first_steps(param, before, after)), 1.0) if _is_ordered(param) else 1.0


def first_steps(param: Param, base: Any, value: Any) -> float:
    """How many first steps lie between two values of an ordered axis, with sign, cut at `FARTHEST`."""
    if param.options:
        options = sorted({*param.options, base, value})
        steps = float(options.index(value) - options.index(base))
    elif param.log:
        steps = math.log(value / base) / math.log(FACTOR)
    else:
        assert param.low is not None and param.high is not None
        steps = (value - base) / FIRST_STEPS.get(param.name, SHARE * (param.high - param.low) or 1.0)
    return max(-FARTHEST, min(FARTHEST, steps))


def _seen(evidence: Evidence) -> list[Seen]:
    """Trials with a value, and pruned ones as far as their lag tells; none before the baseline has one."""
    baseline = evidence.baseline
    reference = baseline.trial.value if baseline else None
    if not reference or reference <= 0:
        return []
    deviation = seed_deviation(evidence)
    by_number = {view.trial.number: view.trial.value for view in evidence.judged}
    found = []
    for view in evidence.trials:
        value, spread = view.trial.value, deviation / math.sqrt(max(_seeds(view), 1))
        lag = view.comparison
        if value is None and lag is not None and lag.against in by_number and lag.relative > -1:
            value = (by_number[lag.against] or 0.0) * (1 + lag.relative)
            spread = math.hypot(spread, PRUNED_NOISE)
        if value is not None and value > 0:
            found.append(Seen(view, view.trial.params, math.log(value / reference), spread))
    return found


def _seeds(view: TrialView) -> int:
    return sum(run.value is not None and run.purpose != "fresh" for run in view.runs)


def seed_deviation(evidence: Evidence) -> float:
    """Between two seeds of one config, relative to the baseline's value; a few repeats are drawn to the usual."""
    baseline = evidence.baseline
    value = baseline.trial.value if baseline else None
    degrees = evidence.noise.degrees if value else 0
    measured = evidence.noise.variance / value**2 if value else 0.0
    return math.sqrt((degrees * measured + WEIGHT * USUAL_NOISE**2) / (degrees + WEIGHT))
