"""Under which conditions a rule is believed to hold: clauses on the features its axis plausibly depends on."""

from collections.abc import Mapping
from math import inf

from core.data.profile import TRANSITION_GAIN, Profile, values
from core.data.profile_words import BUCKETS, bucket
from core.memory.conditions import Clause, parse
from core.records import Dataset

COMMON = ("mean_length", "density", "repeat_rate")  # what a rule about training most plausibly depends on
_LENGTH = ("mean_length", "density")
_CATALOGUE = ("items", "popularity_gini")
_SIZE = ("mean_length", "density", "interactions")
_ORDER = ("mean_length", "tie_share", TRANSITION_GAIN)
_TIME = ("gap_seconds", "span_days", "repeat_rate")

# Which features each axis answers to, by its mechanism; an axis that is not listed answers to `COMMON`.
AXIS_FEATURES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("dropout", "attn_dropout", "weight_decay"), COMMON),
    **dict.fromkeys(("hidden_dim", "num_blocks", "linear_ratio", "linear_dim", "attention_dim"), _SIZE),
    **dict.fromkeys(("max_len", "train_windows", "train_targets"), _LENGTH),
    **dict.fromkeys(("position", "num_heads", "pooling"), _ORDER),
    **dict.fromkeys(("time_bias", "recency_decay", "prior_recency"), _TIME),
    **dict.fromkeys(("loss", "negatives", "negative_sharing", "negative_sampling", "logq", "gbce_t"), _CATALOGUE),
    **dict.fromkeys(("temperature", "embedding_norm", "popularity_discount", "tied_embeddings"), _CATALOGUE),
    "priors": ("repeat_rate", TRANSITION_GAIN, "popularity_gini"),
    "batch_size": ("interactions", "density"),
}


def conditions_of(dataset: Dataset, axis: str = "") -> str:
    """The profile's buckets as an executable condition, such as `mean_length < 10 and density < 0.005`.

    Salient buckets alone where the axis has any: "neither sparse nor dense" says little about when a rule holds.
    """
    clauses = [clause for facet, low, high in _telling(dataset, axis) for clause in _bounds(facet, low, high)]
    return " and ".join(clauses)


def phrases_of(dataset: Dataset, axis: str = "") -> str:
    """The same buckets in words: `short histories, sparse`."""
    known = values(Profile.from_json(dataset.profile))
    words = [bucket(facet, known[facet] or 0.0).phrase for facet, _, _ in _telling(dataset, axis)]
    return ", ".join(word.format(tail="") for word in words) or "any profile"


def overlap(a: str, b: str) -> bool:
    """Whether some profile could meet both conditions. Raises InvalidInput."""
    ranges: dict[str, tuple[float, float]] = {}
    for clause in [*parse(a), *parse(b)]:
        low, high = ranges.get(clause.feature, (-inf, inf))
        ranges[clause.feature] = _narrowed(clause, low, high)
    return all(low < high for low, high in ranges.values())


def _narrowed(clause: Clause, low: float, high: float) -> tuple[float, float]:
    return (low, min(high, clause.limit)) if clause.comparison in ("<", "<=") else (max(low, clause.limit), high)


def _telling(dataset: Dataset, axis: str) -> list[tuple[str, float, float]]:
    """Facet with the limits of the bucket that the profile is in."""
    known = values(Profile.from_json(dataset.profile))
    facets = [facet for facet in AXIS_FEATURES.get(axis, COMMON) if known.get(facet) is not None]
    held = {facet: bucket(facet, known[facet] or 0.0) for facet in facets}
    salient = [facet for facet in facets if held[facet].salient]
    found = []
    for facet in salient or facets:
        high = held[facet].below
        low = max((each.below for each in BUCKETS[facet] if each.below < high), default=-inf)
        found.append((facet, low, high))
    return found


def _bounds(facet: str, low: float, high: float) -> list[str]:
    above = [f"{facet} >= {low:g}"] if low > -inf else []
    return above + ([f"{facet} < {high:g}"] if high < inf else [])
