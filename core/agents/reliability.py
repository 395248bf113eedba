"""How far screening at a part of the epochs may be trusted, by runs that went to their end all the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from core.agents.pruning import first_rung, is_hopeless
from core.figures import percent

FEWEST = 5  # runs below which a rank correlation means nothing


@dataclass(frozen=True)
class Look:
    """A whole run against the current best: what screening saw of it, what it came to. Lags are shares of the
    current best's value, below zero where it is behind."""

    epochs: int
    stopped_at: int | None  # the epoch after which it would have been pruned
    lag_at_rung: float
    lag_at_end: float

    @property
    def is_wrong(self) -> bool:
        """Whether pruning would have stopped a run that ended above the current best."""
        return self.stopped_at is not None and self.lag_at_end > 0


@dataclass(frozen=True)
class Reliability:
    """Of many looks: how many would have been stopped, how many of them wrongly, what share of epochs that saves, and
    Kendall's rank correlation (tau-b) between the lag at the first rung and at the end; None for too few."""

    runs: int
    stopped: int
    wrong: int
    saved: float
    tau: float | None

    @property
    def sentence(self) -> str:
        """What a person needs to know of it."""
        order = (
            f"{self.runs} whole runs, too few to say how well the first look orders them"
            if self.tau is None
            else f"over {self.runs} whole runs the first look orders them as the end does with tau {self.tau:.2f}"
        )
        return (
            f"{order}; pruning stops {self.stopped}, {self.wrong} of them wrongly, "
            f"and saves {percent(self.saved, 0)} of the epochs"
        )


def look(curve: Sequence[float], rival: Sequence[float], deviation: float) -> Look | None:
    """A whole run's curve beside the current best's, as `pruning.is_hopeless` reads both; None where it is too short
    for a first look."""
    rung = first_rung(rival)
    if len(curve) < rung or max(rival) <= 0:
        return None
    stopped = next((n for n in range(rung, len(curve)) if is_hopeless(curve[:n], rival, deviation)), None)
    at_rung = max(curve[:rung]) / max(max(rival[:rung]), 1e-12) - 1.0
    return Look(len(curve), stopped, at_rung, max(curve) / max(rival) - 1.0)


def reliability(looks: Sequence[Look]) -> Reliability:
    """What many looks say together."""
    epochs = sum(each.epochs for each in looks)
    kept = sum(each.epochs if each.stopped_at is None else each.stopped_at for each in looks)
    return Reliability(
        runs=len(looks),
        stopped=sum(each.stopped_at is not None for each in looks),
        wrong=sum(each.is_wrong for each in looks),
        saved=1.0 - kept / epochs if epochs else 0.0,
        tau=_tau(looks),
    )


def _tau(looks: Sequence[Look]) -> float | None:
    if len(looks) < FEWEST:
        return None
    found = kendalltau([each.lag_at_rung for each in looks], [each.lag_at_end for each in looks]).statistic
    return None if np.isnan(found) else float(found)
