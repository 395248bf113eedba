"""A map of datasets around one: how far each is, exactly; in which direction, by what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from core.data.profile import Profile
from core.data.profile_features import distance
from core.records import Dataset
from core.store import Store

MOST = 24  # datasets on a map
Place = tuple[float, float]
Box = tuple[float, float, float, float]  # left, low, right, high
_UPRIGHT = ("top", "bottom")


@dataclass(frozen=True)
class Spot:
    """A dataset beside the one in the middle: `distance` in scales, `angle` in radians; `lessons` learned on it."""

    name: str
    distance: float
    angle: float
    lessons: int
    is_foreign: bool

    @property
    def words(self) -> str:
        """`beauty: likeness 0.71, 4 lessons learned there`."""
        learned = "1 lesson" if self.lessons == 1 else f"{self.lessons or 'no'} lessons"
        came = ", from a memory pack" if self.is_foreign else ""
        return f"{self.name}: likeness {1 / (1 + self.distance):.2f}, {learned} learned there{came}"


@dataclass(frozen=True)
class _Known:
    id: str
    name: str
    profile: Profile
    is_foreign: bool


def short_name(name: str, is_foreign: bool, longest: int) -> str:
    """A dataset's name where there is little room, and a sign tells that it came with a pack: `tail (benchmark)` is
    `tail` then."""
    told = name.partition(" (")[0] if is_foreign else name
    return told if len(told) <= longest else told[: longest - 1] + "…"


def label_sides(places: Sequence[Place], widths: Sequence[float], height: float, taken: Sequence[Box]) -> list[str]:
    """Where each name goes beside its place (x, y) so that it covers neither a name nor a place: `top right` or another
    corner; empty where there is no room. All in one unit; `taken` are boxes that hold something already."""
    boxes, sides = [*taken, *(_mark(place, height) for place in places)], list[str]()
    for (x, y), width in zip(places, widths, strict=True):
        across = ("right", "left") if x >= 0 else ("left", "right")
        free = ((side, _box((x, y), width, height, side)) for side in (f"{v} {h}" for h in across for v in _UPRIGHT))
        found = next(((side, box) for side, box in free if not any(_meet(box, other) for other in boxes)), None)
        sides.append(found[0] if found else "")
        boxes += [found[1]] if found else []
    return sides


def _box(place: Place, width: float, height: float, side: str) -> Box:
    """What a name covers at that corner of its place."""
    x, y = place
    gap = height / 4
    left = x + gap if "right" in side else x - gap - width
    low = y + gap if "top" in side else y - gap - height
    return (left, low, left + width, low + height)


def _mark(place: Place, height: float) -> Box:
    x, y = place
    return (x - height / 5, y - height / 5, x + height / 5, y + height / 5)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def likeness_map(store: Store, dataset: Dataset) -> tuple[Spot, ...]:
    """The nearest datasets, those of memory packs among them, the nearest first."""
    ours = Profile.from_json(dataset.profile)
    far = [(distance(ours, each.profile), each) for each in _known(store) if each.id != dataset.id]
    near = sorted((pair for pair in far if isfinite(pair[0])), key=lambda pair: pair[0])[:MOST]
    angles = directions(ours, [each.profile for _, each in near])
    learned = _lessons_by_data(store)
    return tuple(
        Spot(each.name, apart, float(angle), learned.get(each.id, 0), each.is_foreign)
        for (apart, each), angle in zip(near, angles, strict=True)
    )


def directions(middle: Profile, others: Sequence[Profile]) -> NDArray[np.float64]:
    """Angles (n,) around the middle, in which datasets that are like one another stand together.

    Classical multidimensional scaling (Torgerson 1952) of the exact distances; the nearest stands at the right.
    """
    if len(others) < 2:
        return np.zeros(len(others))
    profiles = [middle, *others]
    apart = np.array([[distance(a, b) for b in profiles] for a in profiles])
    apart = np.where(np.isfinite(apart), apart, apart[np.isfinite(apart)].max())
    centred = np.eye(len(profiles)) - 1.0 / len(profiles)
    values, vectors = np.linalg.eigh(-0.5 * centred @ np.square(apart) @ centred)
    places = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.0))
    offsets = places[1:] - places[0]
    angles: NDArray[np.float64] = np.arctan2(offsets[:, 0], offsets[:, 1])
    return angles - angles[0]


def _known(store: Store) -> list[_Known]:
    """Of this home, then of packs; a dataset that is here needs no pack to know it."""
    ours = [_Known(each.id, each.name, Profile.from_json(each.profile), False) for each in store.datasets.all()]
    held = {each.id for each in ours}
    brought = [each for each in store.foreign.profiles() if each.id not in held]
    return ours + [_Known(each.id, each.name, Profile.from_json(each.profile), True) for each in brought]


def _lessons_by_data(store: Store) -> dict[str, int]:
    counts: dict[str, int] = {}
    for lesson in store.lessons.all():
        if lesson.dataset_id and lesson.level != "study":
            counts[lesson.dataset_id] = counts.get(lesson.dataset_id, 0) + 1
    return counts
