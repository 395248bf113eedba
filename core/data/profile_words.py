"""A profile in words: a sentence model does not tell numbers apart, so lessons are found by phrases of buckets."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from core.data.profile import TRANSITION_GAIN, Profile, values


@dataclass(frozen=True)
class Bucket:
    """`phrase` holds for values below the limit `below` (and not below the one before). Salient: worth a search."""

    name: str
    below: float
    phrase: str
    salient: bool = False


LONG_TAIL = 0.15  # with this share of events on the less popular half of the items, the tail cannot be ignored
HOUR, DAY, MONTH = 3600.0, 86_400.0, 30 * 86_400.0

BUCKETS: Mapping[str, tuple[Bucket, ...]] = {
    "mean_length": (
        Bucket("short", 10, "short histories", True),
        Bucket("medium", 40, "medium-length histories"),
        Bucket("long", inf, "long histories", True),
    ),
    "density": (
        Bucket("extremely sparse", 1e-4, "extremely sparse", True),
        Bucket("sparse", 5e-3, "sparse", True),
        Bucket("medium", 0.02, "neither sparse nor dense"),
        Bucket("dense", inf, "dense", True),
    ),
    "items": (  # the phrase gains "long-tail" by LONG_TAIL
        Bucket("small", 2_500, "small catalogue", True),
        Bucket("medium", 6_000, "medium-sized {tail}catalogue"),
        Bucket("large", 200_000, "large {tail}catalogue", True),
        Bucket("very large", inf, "very large {tail}catalogue", True),
    ),
    "interactions": (
        Bucket("small", 50_000, "few interactions", True),
        Bucket("medium", 2_000_000, "a medium number of interactions"),
        Bucket("large", inf, "many interactions", True),
    ),
    "popularity_gini": (
        Bucket("flat", 0.35, "flat popularity", True),
        Bucket("medium", 0.7, "moderately skewed popularity"),
        Bucket("skewed", inf, "popularity concentrated on few items", True),
    ),
    "repeat_rate": (
        Bucket("none", 0.005, "no repeat consumption"),
        Bucket("some", 0.05, "rare repeat consumption"),
        Bucket("frequent", 0.2, "frequent repeat consumption", True),
        Bucket("heavy", inf, "heavy repeat consumption", True),
    ),
    TRANSITION_GAIN: (
        Bucket("weak", 0.03, "weakly sequential", True),
        Bucket("medium", 0.15, "moderately sequential"),
        Bucket("strong", inf, "strongly sequential", True),
    ),
    "cold_share": (
        Bucket("none", 0.01, "hardly any cold items"),
        Bucket("some", 0.05, "some cold items"),
        Bucket("many", inf, "many cold items", True),
    ),
    "gap_seconds": (
        Bucket("bursts", HOUR, "events in bursts", True),  # sessions, or many a day where time is in days
        Bucket("hours", DAY, "events hours apart"),
        Bucket("days", MONTH, "events days apart"),
        Bucket("months", inf, "events months apart", True),
    ),
    "tie_share": (
        Bucket("none", 0.05, "exact order in time"),
        Bucket("some", 0.25, "some ties in time"),
        Bucket("many", inf, "order blurred by ties in time", True),
    ),
    "span_days": (
        Bucket("weeks", 60, "a period of weeks", True),
        Bucket("months", 400, "a period of months"),
        Bucket("years", inf, "a period of years"),
    ),
}


def bucket(facet: str, value: float) -> Bucket:
    """Raises KeyError for a facet without buckets."""
    return next(each for each in BUCKETS[facet] if value < each.below or each.below == inf)


def words(profile: Profile) -> dict[str, str]:
    """The phrase of every facet that the data can speak of."""
    return {facet: _phrase(profile, held) for facet, held in _buckets(profile).items()}


def facets(profile: Profile) -> list[str]:
    """The salient phrases, to be searched one by one and merged by best match."""
    return [_phrase(profile, held) for held in _buckets(profile).values() if held.salient]


def _buckets(profile: Profile) -> dict[str, Bucket]:
    known = values(profile)
    return {facet: bucket(facet, value) for facet in BUCKETS if (value := known[facet]) is not None}


def _phrase(profile: Profile, held: Bucket) -> str:
    is_long_tail = profile.tail_share is not None and profile.tail_share >= LONG_TAIL
    return held.phrase.format(tail="long-tail " if is_long_tail else "")
