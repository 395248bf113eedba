"""A dataset as a card: its figures, what they mean in words, and what to beware of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.profile import FEATURES, Profile, values
from core.data.profile_words import facets, words
from core.figures import duration, percent
from core.records import Dataset

_SPLITS = {
    "leave_one_out": "leave one out: each user's last item is the test, the one before it validation",
    "global_time": "by time: the latest events of everybody are validation and test",
}
MEANINGS: Mapping[str, str] = {
    "users": "people (or sessions) with training events",
    "items": "items that occur in training",
    "interactions": "training events",
    "density": "interactions over all pairs of user and item",
    "mean_length": "training events of a user, on average",
    "median_length": "half of the users have fewer",
    "p90_length": "one user in ten has more",
    "p95_length": "one user in twenty has more",
    "popularity_gini": "0: all items equally popular; 1: one item has everything",
    "head_share": "events on the most popular 10 % of the items",
    "tail_share": "events on the least popular 50 % of the items",
    "repeat_rate": "events whose item the user had before",
    "gap_seconds": "half of all gaps between two events of a user are shorter",
    "tie_share": "users whose last event has the same time as the one before",
    "cold_share": "validation targets that never occur in training",
    "training_targets": "events to learn from",
    "transition_predictability": "next item among ten by the last item alone, on unseen transitions",
    "popularity_predictability": "the same by popularity alone",
    "span_days": "days from the first to the last training event",
    "transition_gain": "what the last item tells beyond popularity",
}


@dataclass(frozen=True)
class Figure:
    """One number as it is read, with what it is of."""

    label: str
    value: str
    context: str


@dataclass(frozen=True)
class Feature:
    """One measured property: its number, the word for it (empty if it has none), and what it means."""

    name: str
    value: str
    word: str
    meaning: str


@dataclass(frozen=True)
class DatasetCard:
    """`phrases` are the words by which lessons are found; `warnings` and `notes` are sentences."""

    id: str
    name: str
    is_synthetic: bool
    figures: tuple[Figure, ...]
    phrases: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    features: tuple[Feature, ...]
    facts: tuple[tuple[str, str], ...]
    bad_rows: tuple[tuple[str, str, str], ...]  # line, reason, what was found


@dataclass(frozen=True)
class DatasetRow:
    """A line in the list of datasets."""

    id: str
    name: str
    users: int
    items: int
    interactions: int
    warnings: int
    is_synthetic: bool

    @property
    def label(self) -> str:
        """`beauty · 22,363 users, 12,101 items`."""
        return f"{self.name} · {self.users:,} users, {self.items:,} items"


def dataset_rows(datasets: Sequence[Dataset]) -> list[DatasetRow]:
    """The list, newest first."""
    return [_row(dataset) for dataset in reversed(datasets)]


def dataset_card(dataset: Dataset) -> DatasetCard:
    """The card of a dataset; cards of older versions may lack fields, which are then left out."""
    card, profile = dataset.card, Profile.from_json(dataset.profile)
    findings = card.get("findings", ())
    return DatasetCard(
        id=dataset.id,
        name=dataset.name,
        is_synthetic=bool(card.get("synthetic")),
        figures=_figures(card, profile),
        phrases=tuple(facets(profile)),
        warnings=tuple(each["message"] for each in findings if each["level"] != "info"),
        notes=tuple(each["message"] for each in findings if each["level"] == "info"),
        features=_features(profile),
        facts=_facts(dataset),
        bad_rows=tuple((str(row["line"]), row["reason"], row["found"]) for row in card.get("bad_rows", ())),
    )


def number(value: float | None) -> str:
    """A count or a plain figure: `22,363`, `8.88`, `0.0007`."""
    if value is None:
        return "–"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.2g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def _row(dataset: Dataset) -> DatasetRow:
    counts, findings = dataset.card.get("counts", {}), dataset.card.get("findings", ())
    return DatasetRow(
        id=dataset.id,
        name=dataset.name,
        users=int(counts.get("users", 0)),
        items=int(counts.get("items", 0)),
        interactions=int(counts.get("interactions", 0)),
        warnings=sum(each["level"] != "info" for each in findings),
        is_synthetic=bool(dataset.card.get("synthetic")),
    )


def _figures(card: Mapping[str, Any], profile: Profile) -> tuple[Figure, ...]:
    counts = card.get("counts", {})
    density = "–" if profile.density is None else f"{profile.density * 100:.2g} % dense"
    return (
        Figure(
            "Users", number(counts.get("users", profile.users)), f"{counts.get('validation_targets', 0):,} validate"
        ),
        Figure("Items", number(counts.get("items", profile.items)), f"tail half {percent(profile.tail_share)}"),
        Figure("Interactions", number(counts.get("interactions", profile.interactions)), density),
        Figure("Events a user", number(profile.mean_length), f"median {number(profile.median_length)}"),
    )


def _features(profile: Profile) -> tuple[Feature, ...]:
    known, phrases = values(profile), words(profile)
    return tuple(Feature(name, _value(name, known[name]), phrases.get(name, ""), MEANINGS[name]) for name in FEATURES)


def _value(name: str, value: float | None) -> str:
    if name == "gap_seconds":
        return "–" if value is None else f"{value / 86_400:.1f} days" if value >= 172_800 else duration(value)
    if name.endswith(("share", "rate", "predictability", "_gain")):
        return percent(value)
    return number(value)


def _facts(dataset: Dataset) -> tuple[tuple[str, str], ...]:
    card = dataset.card
    columns = ", ".join(f"{role} from {column}" for role, column in card.get("columns", {}).items())
    times = f"{str(card.get('first_time'))[:10]} to {str(card.get('last_time'))[:10]}"
    facts = (
        ("Read", f"{card.get('source', '')}, {card.get('format', '')}: {columns}" if columns else ""),
        ("Order", card.get("order_rule", "") + (f", {times}" if card.get("has_timestamps") else "")),
        ("Split", _SPLITS.get(card.get("split", ""), "")),
        ("Masking", f"{card.get('masking')}: {card.get('masking_reason', '')}"),
        ("Left out", _left_out(card.get("counts", {}))),
        ("Id", f"{dataset.id}, lineage {dataset.lineage}"),
    )
    return tuple((label, text) for label, text in facts if text)


def _left_out(counts: Mapping[str, int]) -> str:
    read, kept = counts.get("events_read", 0), counts.get("interactions", 0)
    bad = counts.get("rows_bad", 0)
    if not read or (read == kept and not bad):
        return "nothing"
    return f"{bad:,} unusable rows; {read - kept:,} of {read:,} events by the filters and the split"
