"""What the seeds of a trial reached together, so that no lucky one stands for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from core.figures import metric, objective_words
from core.records import Run, Trial
from core.states import RunState
from core.store import Store


@dataclass(frozen=True)
class Seeds:
    """The complete runs of a trial: those that its value is the mean of, and those on fresh seeds."""

    counted: tuple[Run, ...]
    fresh: tuple[Run, ...]

    @classmethod
    def of(cls, store: Store, trial: Trial) -> "Seeds":
        """Runs with a value alone."""
        ended = [run for run in store.runs.of_trial(trial.id) if run.state is RunState.COMPLETE]
        complete = [run for run in ended if run.value is not None]
        fresh = tuple(run for run in complete if run.purpose == "fresh")
        return cls(tuple(run for run in complete if run not in fresh), fresh)

    def mean(self, name: str) -> float | None:
        """Of a metric over the seeds that count."""
        return _mean([run.metrics for run in self.counted], name)

    def written(self, name: str) -> str:
        """The mean with the standard deviation between seeds: `0.0561 ± 0.0012`; a single seed has none."""
        held = _held([run.metrics for run in self.counted], name)
        return f"{metric(self.mean(name))} ± {stdev(held):.4f}" if len(held) > 1 else metric(self.mean(name))

    def slices(self) -> tuple[tuple[str, float], ...]:
        """The objective's mean on each slice of users that every seed has."""
        found: list[Mapping[str, Any]] = [run.metrics.get("slices") or {} for run in self.counted]
        values = ((name, _held(found, name)) for name in (found[0] if found else ()))
        return tuple((name, mean(held)) for name, held in values if len(held) == len(found))

    def words(self, objective: str) -> str:
        """How many seeds the mean is of, and what fresh ones, which chose nothing, say to it."""
        count = len(self.counted)
        told = "one seed, so without a spread" if count == 1 else f"mean ± standard deviation of {count} seeds"
        fresh = _mean([run.metrics for run in self.fresh], objective)
        return told if fresh is None else f"{told}; fresh seeds: {objective_words(objective)} {metric(fresh)}"

    def place(self, run: Run) -> str:
        """A run as the one that is used: `seed 7, the best of 5 on validation`."""
        all_ = (*self.counted, *self.fresh)
        if len(all_) == 1:
            return f"seed {run.seed}, the only one"
        above = sum((other.value or 0.0) > (run.value or 0.0) for other in all_)
        place = f"number {above + 1}" if above else "the best"
        return f"seed {run.seed}, {place} of {len(all_)} on validation"


def _held(metrics: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [float(each[name]) for each in metrics if isinstance(each.get(name), int | float)]


def _mean(metrics: Sequence[Mapping[str, Any]], name: str) -> float | None:
    held = _held(metrics, name)
    return mean(held) if held else None
