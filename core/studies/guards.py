"""Limits a better trial must keep before it may become the incumbent."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.figures import metric, percent
from core.records import Run

GUARDS = {
    "min_coverage": "smallest share of the catalogue in anybody's top 10",
    "max_parameters": "largest number of trainable weights",
    "max_minutes": "longest training of one run, in minutes, weights that it took over included",
    "max_slice_loss": "largest share of its value that any slice may lose against the current best",
}


def check_guards(guards: Mapping[str, float]) -> dict[str, float]:
    """The guards as numbers. Raises InvalidInput naming those that exist."""
    for name, limit in guards.items():
        if name not in GUARDS:
            raise InvalidInput(f"no guard is called {name!r}; there are {', '.join(GUARDS)}")
        if not isinstance(limit, int | float) or not 0 <= limit < math.inf:
            raise InvalidInput(f"guard {name}={limit!r} must be a number of at least 0")
    return {name: float(limit) for name, limit in guards.items()}


def broken(guards: Mapping[str, float], challenger: Sequence[Run], incumbent: Sequence[Run]) -> tuple[str, ...]:
    """Each broken guard as a sentence with the value and the limit; the challenger's runs with all the time they took,
    that of weights they took over included."""
    faults = []
    coverage, parameters = _mean(challenger, "coverage@10"), _mean(challenger, "parameters")
    minutes = sum(run.seconds for run in challenger) / 60 / max(len(challenger), 1)
    if "min_coverage" in guards and coverage is not None and coverage < guards["min_coverage"]:
        faults.append(f"coverage@10 is {percent(coverage)}, at least {percent(guards['min_coverage'])} is asked")
    if "max_parameters" in guards and parameters is not None and parameters > guards["max_parameters"]:
        faults.append(f"{parameters:,.0f} parameters, at most {guards['max_parameters']:,.0f} are allowed")
    if "max_minutes" in guards and minutes > guards["max_minutes"]:
        faults.append(f"{minutes:.1f} min of training, at most {guards['max_minutes']:.1f} are allowed")
    if "max_slice_loss" in guards:
        faults += _slice_losses(guards["max_slice_loss"], challenger, incumbent)
    return tuple(faults)


def slice_means(runs: Sequence[Run]) -> dict[str, float]:
    """Each slice's objective, averaged over runs."""
    names = {name for run in runs for name in run.metrics.get("slices", {})}
    return {name: sum(_slices(run)[name] for run in runs) / len(runs) for name in sorted(names) if _in_all(name, runs)}


def _slice_losses(limit: float, challenger: Sequence[Run], incumbent: Sequence[Run]) -> list[str]:
    ours, theirs = slice_means(challenger), slice_means(incumbent)
    return [
        f"slice {name} falls from {metric(theirs[name])} to {metric(ours[name])}, more than {percent(limit)}"
        for name in ours.keys() & theirs.keys()
        if ours[name] < theirs[name] * (1 - limit)
    ]


def _slices(run: Run) -> Mapping[str, Any]:
    return run.metrics.get("slices", {})


def _in_all(name: str, runs: Sequence[Run]) -> bool:
    return all(isinstance(_slices(run).get(name), int | float) for run in runs)


def _mean(runs: Sequence[Run], name: str) -> float | None:
    values = [run.metrics[name] for run in runs if isinstance(run.metrics.get(name), int | float)]
    return sum(values) / len(values) if values else None
