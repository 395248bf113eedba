"""How a trial's gain is spread over its users: who gained, who lost, by how much."""

from dataclasses import dataclass

import numpy as np

from core.artifacts import Artifacts
from core.records import Study, Trial
from core.store import Store
from core.verdict import Comparison
from core.views.slices import scores_of

WIDTH = 0.1  # of a bin, in units of the objective
SAME = 1e-9  # a smaller change is none


@dataclass(frozen=True)
class UserGains:
    """`bins` are (middle, users) of those whose score moved; mean, `low` and `high` are the verdict's, over all."""

    users: int
    gained: int
    lost: int
    bins: tuple[tuple[float, int], ...]
    mean: float
    low: float | None
    high: float | None
    against: int

    @property
    def same(self) -> int:
        """Users whose score did not move."""
        return self.users - self.gained - self.lost


def user_gains(store: Store, artifacts: Artifacts, study: Study, trial: Trial) -> UserGains | None:
    """Each user's score averaged over the seeds, minus the same of the trial it was judged against; None without a
    verdict over whole runs. Raises StorageFailed for lost files."""
    seen = Comparison.from_json(trial.comparison) if trial.comparison else None
    if seen is None or seen.against is None or seen.epoch is not None:
        return None
    ours = scores_of(store, artifacts, study, trial)
    theirs = scores_of(store, artifacts, study, store.trials.by_number(study.id, seen.against))
    if not ours or not theirs or len(ours[0]) != len(theirs[0]):
        return None
    gains = np.mean(ours, axis=0) - np.mean(theirs, axis=0)
    moved = gains[np.abs(gains) > SAME]
    return UserGains(
        users=len(gains),
        gained=int((moved > 0).sum()),
        lost=int((moved < 0).sum()),
        bins=_bins(moved),
        mean=seen.difference,
        low=seen.low,
        high=seen.high,
        against=seen.against,
    )


def _bins(moved: np.ndarray) -> tuple[tuple[float, int], ...]:
    """Counts over [-1, 1]; zero is an edge, so that no bin mixes gains with losses."""
    edges = np.linspace(-1.0, 1.0, round(2 / WIDTH) + 1)
    counts, _ = np.histogram(moved, edges)
    return tuple((float(edge + WIDTH / 2), int(count)) for edge, count in zip(edges[:-1], counts, strict=True))
