"""What all trials of a study say together: a Gaussian process over configs, its effects adding up axis by axis.

The log of the objective is a level plus one function for each axis, anchored at the baseline's value. Its mean is what
the literature promises (core/agents/expert/places.py), so that no promise is made anew for the next step. A function's
steps have the spread that the same beliefs give them; a part of a step's variance is a common slope, so that a step
tells of the next one and, turned round, of the one back; options without an order are independent. What does not add up
is a small effect of each config's own, shared by configs less than a step away: a hair's breadth beside a config that
was tried there is no new chance. So a trial is no longer only a comparison with one other: every run sharpens every
estimate, and a lucky value is drawn towards what its parts are worth. A lesson is one more observation, of a first step
from the baseline.
Gaussian processes: Rasmussen and Williams 2006, chapter 2; additive ones: Duvenaud et al. 2011 (arXiv 1112.4394).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from core.agents.expert.places import NO_MOVE, Move, Moves, Places
from core.agents.protocol import Evidence, TrialView
from core.records import Params

SLOPE = 0.25  # share of a step's variance common to all steps of the axis: defaults lie near an optimum, mostly
INTERACTION = 0.01  # deviation, relative, of what a config is worth from the sum of its parts, for each further axis
LEVEL = 0.5  # deviation of the level: next to nothing is presumed of it
USUAL_NOISE, WEIGHT = 0.03, 4.0  # relative deviation between seeds before any was measured, and its weight in degrees
OUTLIER = 2.5  # deviations from what was believed; beyond, a value says that a config is bad or good, not how much
PRUNED_NOISE = 0.08  # a pruned run's lag at its epoch says this roughly what it would have been at its end

Floats = np.ndarray


@dataclass(frozen=True)
class Observed:
    """A config by its moves, and the log of its value against the baseline's with that figure's deviation: seen, as it
    `ran`, or told."""

    moves: Moves
    value: float
    deviation: float
    ran: bool = True


@dataclass(frozen=True)
class Told:
    """What a first step from the baseline is said to be worth, relative, and how far that is trusted."""

    axis: str
    direction: str
    effect: float
    deviation: float


class Gain(NamedTuple):
    """What is expected of one config over another, relative: mean, deviation, and the deviation before any trial."""

    mean: float
    deviation: float
    before: float


class Surrogate:
    """The posterior given a study's trials and what is told of steps; without either, the literature's beliefs. With
    `by_trials_alone` it expects nothing of a config before a trial showed it."""

    def __init__(self, evidence: Evidence, told: Iterable[Told] = (), by_trials_alone: bool = False) -> None:
        self._places, self._trusts = Places(evidence.space), not by_trials_alone
        self._observed = [
            *_seen(evidence, self._places),
            *(
                Observed(moves, each.effect, each.deviation, ran=False)
                for each in told
                if (moves := self._places.step(each.axis, each.direction))
            ),
        ]

    def gain(self, params: Params, over: Params) -> Gain:
        """Of one config over another."""
        return self.gains([(params, over)])[0]

    def gains(self, pairs: Sequence[tuple[Params, Params]]) -> list[Gain]:
        """Of the first of each pair over the second."""
        count = len(pairs)
        configs = [self._places.of(params) for side in zip(*pairs, strict=True) for params in side]
        contrast = np.hstack([np.eye(count), -np.eye(count)])
        mean = contrast @ self._promised(configs)
        before = np.einsum("ij,jk,ik->i", contrast, self._kernel(configs, configs), contrast)
        after = before
        if self._observed:
            differences = contrast @ self._kernel(configs, [each.moves for each in self._observed])
            mean = mean + differences @ self._solved
            after = before - np.einsum("ij,jk,ik->i", differences, self._inverse, differences)
        spreads = (np.sqrt(np.maximum(variance, 1e-12)) for variance in (after, before))
        return [Gain(*map(float, each)) for each in zip(mean, *spreads, strict=True)]

    @cached_property
    def _covariance(self) -> Floats:
        """Of what the observed is worth over the baseline, before anything was seen: (N, N)."""
        observed = [each.moves for each in self._observed]
        return self._kernel(observed, observed)

    @cached_property
    def _noise(self) -> Floats:
        return np.array([each.deviation for each in self._observed])

    @cached_property
    def _ran(self) -> Floats:
        return np.array([float(each.ran) for each in self._observed])

    @cached_property
    def _inverse(self) -> Floats:
        """Of the covariance of the observations: (N, N). Configs that ran share a level."""
        return np.linalg.inv(self._covariance + LEVEL**2 * np.outer(self._ran, self._ran) + np.diag(self._noise**2))

    @cached_property
    def _solved(self) -> Floats:
        """The observations weighed, less what was promised; an outlier among the runs is drawn in, so that one that
        broke speaks for no other direction."""
        believed = np.sqrt(np.maximum(np.diag(self._covariance), 1e-12))
        spread = np.where(self._ran, OUTLIER * np.hypot(believed, self._noise), math.inf)
        values = np.array([each.value for each in self._observed])
        promised = self._promised([each.moves for each in self._observed])
        return self._inverse @ np.clip(values - promised, -spread, spread)

    def _promised(self, moves: Sequence[Moves]) -> Floats:
        """What the beliefs promise of each config over the baseline: (N,)."""
        return self._trusts * np.array([sum(move.mean for move in each.values()) for each in moves])

    def _kernel(self, ours: Sequence[Moves], theirs: Sequence[Moves]) -> Floats:
        """Prior covariance of the log values over the baseline's: (A, B). A field that one side never moves adds
        nothing."""
        total = np.zeros((len(ours), len(theirs)))
        near = np.ones_like(total)
        for name in self._places.fields:
            on_left, on_right = (any(name in moves for moves in side) for side in (ours, theirs))
            if not on_left and not on_right:
                continue
            rows, columns = ([moves.get(name, NO_MOVE) for moves in side] for side in (ours, theirs))
            near *= self._nearness(name, rows, columns)
            if on_left and on_right:
                total += self._axis(name, rows, columns)
        further = [np.sqrt([max(len(moves) - 1.0, 0.0) for moves in side]) for side in (ours, theirs)]
        return total + INTERACTION**2 * np.outer(*further) * near

    def _axis(self, name: str, left: Sequence[Move], right: Sequence[Move]) -> Floats:
        spreads = np.outer([move.spread for move in left], [move.spread for move in right])
        if not self._places.is_ordered(name):
            return spreads * np.array([[a.option == b.option for b in right] for a in left])
        u, v = (np.array([move.steps for move in side]) for side in (left, right))
        product = np.outer(u, v)
        along = np.minimum.outer(np.abs(u), np.abs(v)) * (product > 0)
        return spreads * (SLOPE * product + (1.0 - SLOPE) * along)

    def _nearness(self, name: str, left: Sequence[Move], right: Sequence[Move]) -> Floats:
        """1 for the same value, falling to 0 at a first step from there; another option is as far as that."""
        if not self._places.is_ordered(name):
            return np.array([[float(a.option == b.option) for b in right] for a in left])
        u, v = (np.array([move.steps for move in side]) for side in (left, right))
        return np.maximum(1.0 - np.abs(np.subtract.outer(u, v)), 0.0)


def _seen(evidence: Evidence, places: Places) -> Iterator[Observed]:
    """Trials with a value, and pruned ones as far as their lag tells; none before the baseline has one."""
    baseline = evidence.baseline
    reference = baseline.trial.value if baseline else None
    if not reference or reference <= 0:
        return
    deviation = seed_deviation(evidence)
    by_number = {view.trial.number: view.trial.value for view in evidence.judged}
    for view in evidence.trials:
        value, spread = view.trial.value, deviation / math.sqrt(max(_seeds(view), 1))
        lag = view.comparison
        if value is None and lag is not None and lag.against in by_number and lag.relative > -1:
            value = (by_number[lag.against] or 0.0) * (1 + lag.relative)
            spread = math.hypot(spread, PRUNED_NOISE)
        if value is not None and value > 0:
            yield Observed(places.of(view.trial.params), math.log(value / reference), spread)


def _seeds(view: TrialView) -> int:
    return sum(run.value is not None and run.purpose != "fresh" for run in view.runs)


def seed_deviation(evidence: Evidence) -> float:
    """Between two seeds of one config, relative to the baseline's value; a few repeats are drawn to the usual."""
    baseline = evidence.baseline
    value = baseline.trial.value if baseline else None
    degrees = evidence.noise.degrees if value else 0
    measured = evidence.noise.variance / value**2 if value else 0.0
    return math.sqrt((degrees * measured + WEIGHT * USUAL_NOISE**2) / (degrees + WEIGHT))
