"""Which datasets are like one: those of this home, and those whose profile a pack brought."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.data.profile import Profile
from core.data.profile_features import Gap, distance, feature_gaps
from core.records import Dataset
from core.store import Store


@dataclass(frozen=True)
class Neighbour:
    """A dataset like this one: its distance in scales, and in what they are alike or not."""

    dataset: Dataset
    distance: float
    gaps: tuple[Gap, ...]

    @property
    def likeness(self) -> float:
        """1 for equal profiles, towards 0 with distance."""
        return 1.0 / (1.0 + self.distance)


def measured(profile: Profile, other: Dataset) -> Neighbour:
    """The exact distance, which leaves out what either lacks."""
    theirs = Profile.from_json(other.profile)
    return Neighbour(other, distance(profile, theirs), tuple(feature_gaps(profile, theirs)))


class Likeness:
    """How like a profile the datasets are that lessons come from; each is measured once."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self._profile = profile
        self._sources = dict(_profiles(store))
        self._known: dict[str, float | None] = {}

    def to(self, dataset_id: str | None) -> float | None:
        """In (0, 1], 1 is equal; None where the source is not known here."""
        if dataset_id is None or dataset_id not in self._sources:
            return None
        if dataset_id not in self._known:
            theirs = Profile.from_json(self._sources[dataset_id])
            self._known[dataset_id] = 1.0 / (1.0 + distance(self._profile, theirs))
        return self._known[dataset_id]


def _profiles(store: Store) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for brought in store.foreign.profiles():
        yield brought.id, brought.profile
    for dataset in store.datasets.all(archived=True):
        yield dataset.id, dataset.profile
