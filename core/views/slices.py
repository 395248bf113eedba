"""Where a gain sits: the change of each slice of users with its interval, from the ranks of both trials.

Slices are those of the training process: quartiles of the history's length, thirds of the training events by the
target's popularity. They are found again from the dataset's open part, which never changes.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.artifacts import Artifacts
from core.errors import StorageFailed
from core.records import Run, Study, Trial
from core.states import RunState
from core.store import Store
from core.verdict import Comparison, compare, pool_seed_noise

MOST_ROWS = 5_000_000  # beyond it a page would wait too long for the two tables
POPULARITY = ("head items", "middle items", "tail items")


@dataclass(frozen=True)
class SliceGain:
    """One slice: its change against the incumbent of the verdict. `low` is None while the seed noise is unknown."""

    label: str
    users: int
    before: float
    after: float
    low: float | None
    high: float | None
    standing: str

    @property
    def change(self) -> float:
        """Difference of the slice's mean objective."""
        return self.after - self.before


def slice_gains(
    store: Store, artifacts: Artifacts, datasets: Path, study: Study, trial: Trial
) -> tuple[SliceGain, ...]:
    """The change of every slice, popularity first; empty without a verdict. Raises StorageFailed for lost files."""
    against = Comparison.from_json(trial.comparison).against if trial.comparison else None
    if against is None:
        return ()
    members = slices_of(datasets / store.datasets.get(study.dataset_id).folder / "open")
    ours = scores_of(store, artifacts, study, trial)
    theirs = scores_of(store, artifacts, study, store.trials.by_number(study.id, against))
    if not ours or not theirs or len(members[0][1]) != len(ours[0]):
        return ()
    repeated = [scores for scores in _repeated(store, artifacts, study) if len(scores) > 1]
    return tuple(_gain(label, mask, ours, theirs, repeated, study.min_gain) for label, mask in members if mask.any())


@functools.lru_cache(maxsize=4)
def slices_of(open_part: Path) -> tuple[tuple[str, np.ndarray], ...]:
    """Name and members (U',) of each slice, U' = users with a validation target by id. Raises StorageFailed."""
    try:
        train = pd.read_parquet(open_part / "train.parquet", columns=["user", "item"])
        later = pd.read_parquet(open_part / "validation.parquet", columns=["user", "item", "is_target"])
    except (OSError, ValueError) as problem:
        raise StorageFailed(f"{open_part} cannot be read ({problem}); import the dataset again") from problem
    if len(train) > MOST_ROWS:
        return (("all users", np.ones(int(later["is_target"].sum()), bool)),)
    targets = later[later["is_target"]].sort_values("user")
    lengths = targets["user"].map(train["user"].value_counts()).fillna(0).to_numpy(dtype=int)
    thirds = _thirds(train["item"])
    group = targets["item"].map(thirds).fillna(2).to_numpy(dtype=int)
    by_item = [(POPULARITY[index], group == index) for index in (2, 1, 0)]
    return (*by_item, *_by_length(lengths))


def _thirds(items: "pd.Series[int]") -> "pd.Series[int]":
    """Item -> 0, 1, 2: the most popular items that together hold the first third of events, and so on."""
    counts = items.value_counts(sort=False).sort_index()
    counts = counts.iloc[np.argsort(-counts.to_numpy(), kind="stable")]
    before = counts.cumsum() - counts
    return (3 * before // max(int(counts.sum()), 1)).clip(upper=2)


def _by_length(lengths: np.ndarray) -> list[tuple[str, np.ndarray]]:
    edges = np.unique(np.quantile(lengths, [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    lows = [int(lengths.min()), *(int(edge) + 1 for edge in edges[:-1])]
    return [
        (f"history {low}–{int(high)}" if low < high else f"history {int(high)}", (lengths >= low) & (lengths <= high))
        for low, high in zip(lows, edges, strict=True)
    ]


def _gain(
    label: str,
    mask: np.ndarray,
    ours: Sequence[np.ndarray],
    theirs: Sequence[np.ndarray],
    repeated: Sequence[Sequence[np.ndarray]],
    min_gain: float,
) -> SliceGain:
    """The verdict's own test on the slice's users, with the seed noise of that slice."""
    noise = pool_seed_noise([[float(scores[mask].mean()) for scores in config] for config in repeated])
    seen = compare([scores[mask] for scores in ours], [scores[mask] for scores in theirs], noise, min_gain)
    seen = replace(seen, users=int(mask.sum()))
    return SliceGain(
        label, seen.users, seen.reference, seen.reference + seen.difference, seen.low, seen.high, str(seen.verdict)
    )


def _repeated(store: Store, artifacts: Artifacts, study: Study) -> list[list[np.ndarray]]:
    return [scores_of(store, artifacts, study, t) for t in store.trials.of_study(study.id) if len(t.seeds) > 1]


def scores_of(store: Store, artifacts: Artifacts, study: Study, trial: Trial) -> list[np.ndarray]:
    """Per-user scores of each seed that counts, (U,). Raises StorageFailed."""
    runs: list[Run] = [r for r in store.runs.of_trial(trial.id) if r.purpose != "fresh"]
    return [artifacts.scores(trial, run, study.objective) for run in runs if run.state is RunState.COMPLETE]
