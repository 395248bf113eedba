"""From what was recommended when, to trials and regret with intervals."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.racing.records import MOST_TRIALS
from benchmarks.racing.track import Moment
from benchmarks.tables.table import Table

AFTER = (5, 10, 20)  # trials after which a race tells regret
RESAMPLES = 2000
LEVEL = 0.95

Floats = np.ndarray


@dataclass(frozen=True)
class Finish:
    """One repeat of one racer: trials to the target (infinite where it was not reached), regret after some trials."""

    trials: float
    regret: Mapping[int, float]


def finish(moments: Sequence[Moment], table: Table, after: Sequence[int] = AFTER) -> Finish:
    """Trials are counted when they are paid for; a racer that stops keeps its last recommendation."""
    reached = next((moment.cost for moment in moments if table.reaches(moment.cell)), math.inf)
    regret = {}
    for count in after:
        standing = [moment for moment in moments if moment.cost <= count]
        regret[count] = table.regret(standing[-1].cell)
    return Finish(reached, regret)


def summary(finishes: Sequence[Finish]) -> dict[str, Any]:
    """One racer on one table: medians, means, and percentile intervals over repeats."""
    trials = np.array([each.trials for each in finishes])
    regret = {count: np.array([each.regret[count] for each in finishes]) for count in finishes[0].regret}
    return {
        "repeats": len(finishes),
        "reached": float(np.mean(np.isfinite(trials))),
        "trials_to_98": {"median": _shown(np.median(trials)), "interval": _interval(trials, np.median)},
        "regret_after": {str(count): _rounded(np.mean(values)) for count, values in regret.items()},
        "regret_interval": {str(count): _interval(values, np.mean) for count, values in regret.items()},
    }


def ratios(
    ours: Mapping[str, Sequence[Finish]], theirs: Mapping[str, Sequence[Finish]]
) -> dict[str, dict[str, Any] | None]:
    """Ours over theirs on all tables: geometric mean over tables of the ratio of median trials (unreached ones count
    as the race's length), and ratio of the mean regrets after ten. Tables are resampled first, then repeats."""
    names = sorted(ours.keys() & theirs.keys())
    if not names:
        return {"trials": None, "regret_after_10": None}
    random = np.random.default_rng(0)
    drawn = [_resampled(names, ours, theirs, random) for _ in range(RESAMPLES)]
    whole = [(_columns(ours[name]), _columns(theirs[name])) for name in names]
    told: dict[str, dict[str, Any] | None] = {}
    for key, measure in (("trials", _trials_ratio), ("regret_after_10", _regret_ratio)):
        values = np.array([measure(pairs) for pairs in drawn])
        low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        told[key] = {"ratio": _shown(measure(whole)), "interval": [_shown(low), _shown(high)]}
    return told


def regret_differences(
    ours: Mapping[str, Sequence[Finish]], theirs: Mapping[str, Sequence[Finish]]
) -> dict[str, dict[str, Any]]:
    """Our mean regret minus theirs on all tables, after each count of trials; tables are resampled first, then repeats.
    Below zero, ours is closer to the best."""
    names = sorted(ours.keys() & theirs.keys())
    told = {}
    for count in ours[names[0]][0].regret if names else ():
        sides = {
            name: [np.array([each.regret[count] for each in side[name]]) for side in (ours, theirs)] for name in names
        }
        random = np.random.default_rng(0)
        drawn = [
            np.mean([_drawn_mean(a, random) - _drawn_mean(b, random) for a, b in _chosen(sides, names, random)])
            for _ in range(RESAMPLES)
        ]
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        whole = np.mean([a.mean() - b.mean() for a, b in sides.values()])
        told[str(count)] = {"difference": _rounded(whole), "interval": [_rounded(low), _rounded(high)]}
    return told


def _chosen(sides: Mapping[str, list[Floats]], names: Sequence[str], random: np.random.Generator) -> list[list[Floats]]:
    return [sides[name] for name in random.choice(names, len(names))]


def _drawn_mean(values: Floats, random: np.random.Generator) -> float:
    return float(values[random.integers(0, len(values), len(values))].mean())


def _columns(finishes: Sequence[Finish]) -> Floats:
    """(R, 2): trials, cut at the race's length, and regret after ten."""
    return np.array([[min(each.trials, MOST_TRIALS), each.regret[10]] for each in finishes])


def _resampled(
    names: Sequence[str],
    ours: Mapping[str, Sequence[Finish]],
    theirs: Mapping[str, Sequence[Finish]],
    random: np.random.Generator,
) -> list[tuple[Floats, Floats]]:
    chosen = random.choice(names, len(names))
    pairs = []
    for name in chosen:
        sides = (_columns(ours[name]), _columns(theirs[name]))
        first, second = (side[random.integers(0, len(side), len(side))] for side in sides)
        pairs.append((first, second))
    return pairs


def _trials_ratio(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    logs = [np.log(max(np.median(a[:, 0]), 0.5) / max(np.median(b[:, 0]), 0.5)) for a, b in pairs]
    return float(np.exp(np.mean(logs)))


def _regret_ratio(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    ours, theirs = (np.mean([pair[side][:, 1].mean() for pair in pairs]) for side in (0, 1))
    return float(ours / theirs) if theirs > 0 else math.nan


def _interval(values: Floats, measure: Callable[[Floats], Any]) -> list[float | None]:
    random = np.random.default_rng(0)
    drawn = values[random.integers(0, len(values), (RESAMPLES, len(values)))]
    measured = np.array([measure(row) for row in drawn])
    low, high = np.quantile(measured, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return [_shown(low), _shown(high)]


def _shown(value: Any) -> float | None:
    """None: not reached within the race, or a ratio to a regret that some draws make nothing or less."""
    return _rounded(value) if np.isfinite(value) else None


def _rounded(value: Any) -> float:
    return round(float(value), 4)
