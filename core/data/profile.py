"""What is known of a dataset: numbers measured on its training part (and the cold share of the validation targets).

Reads `open/` alone; the sealed test items cannot reach a profile. N events, U users, V items of the training part.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import NotFound, StorageFailed

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HEAD = 0.10  # the head: this share of the items, the most popular ones
TAIL = 0.50  # the tail: this share of the items, the least popular ones
TOP = 10  # a transition is predicted when the next item is among this many
DAY = 86_400.0


@dataclass(frozen=True)
class Profile:
    """None where the data cannot say (no timestamps, too few events). Shares are in [0, 1].

    Lengths are events per training user. `popularity_gini` is over the items that occur. `head_share` and
    `tail_share`: share of events on the top 10 % and on the bottom 50 % of items. `repeat_rate`: target events whose
    item the same user had in an earlier target event, of all target events. `gap_seconds`: median between neighbouring
    events of a user. `tie_share`: users of two events or more whose last event shares its timestamp with the one
    before. `cold_share`: validation targets that never occur in training. `training_targets`: target events with
    history before them. `transition_predictability`: how often a first-order chain has the next item among its first
    ten, on transitions it has not seen (`_predictability`); `popularity_predictability`: the same for the ten most
    popular items, without which the former means little in a small catalogue.
    """

    users: int
    items: int
    interactions: int
    density: float | None
    mean_length: float | None
    median_length: float | None
    p90_length: float | None
    p95_length: float | None
    popularity_gini: float | None
    head_share: float | None
    tail_share: float | None
    repeat_rate: float | None
    gap_seconds: float | None
    tie_share: float | None
    cold_share: float | None
    training_targets: int
    transition_predictability: float | None
    popularity_predictability: float | None
    span_days: float | None

    def to_json(self) -> dict[str, int | float | None]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Profile":
        """Unknown keys are ignored and missing ones are None, so that profiles of other versions can be read."""
        return cls(**{field.name: values.get(field.name) for field in fields(cls)})  # type: ignore[arg-type]


TRANSITION_GAIN = "transition_gain"  # what a first-order chain finds beyond popularity
FEATURES: tuple[str, ...] = (*(field.name for field in fields(Profile)), TRANSITION_GAIN)  # names for conditions


def values(profile: Profile) -> dict[str, float | None]:
    """What executable conditions such as `mean_length < 10 and density < 0.001` are evaluated on."""
    known = {name: None if value is None else float(value) for name, value in profile.to_json().items()}
    chain, popular = profile.transition_predictability, profile.popularity_predictability
    return {**known, TRANSITION_GAIN: None if chain is None or popular is None else chain - popular}


def profile(open_dir: Path) -> Profile:
    """Measure a dataset's `open/` folder. Raises NotFound when it is gone, StorageFailed when it cannot be read."""
    events = _read(open_dir / "train.parquet")
    validation = _read(open_dir / "validation.parquet")
    lengths = np.diff(np.append(events.starts, len(events.user)))
    popularity = np.sort(np.unique(events.item, return_counts=True)[1])[::-1]  # (V,) most popular first
    chain, popular = _predictability(events)
    users, items, interactions = len(lengths), len(popularity), len(events.user)
    return Profile(
        users=users,
        items=items,
        interactions=interactions,
        density=_ratio(interactions, users * items),
        mean_length=_ratio(interactions, users),
        median_length=_quantile(lengths, 0.5),
        p90_length=_quantile(lengths, 0.90),
        p95_length=_quantile(lengths, 0.95),
        popularity_gini=_gini(popularity),
        head_share=_ratio(popularity[: int(np.ceil(HEAD * items))].sum(), interactions),
        tail_share=_ratio(popularity[items - int(TAIL * items) :].sum(), interactions),
        repeat_rate=_repeat_rate(events),
        gap_seconds=_gap_seconds(events),
        tie_share=_tie_share(events, lengths),
        cold_share=_cold_share(events, validation),
        training_targets=int((events.is_target & events.continues).sum()),
        transition_predictability=chain,
        popularity_predictability=popular,
        span_days=None if events.time is None or not interactions else float(np.ptp(events.time)) / DAY,
    )


@dataclass(frozen=True)
class _Events:
    """Sorted by user, then time; all (N,)."""

    user: Ints
    item: Ints
    is_target: Bools
    time: Ints | None

    @property
    def continues(self) -> Bools:
        """Whether the event before is the same user's."""
        return np.append(False, self.user[1:] == self.user[:-1])[: len(self.user)]

    @property
    def starts(self) -> Ints:
        """(U,) where each user's events begin."""
        return np.flatnonzero(~self.continues)


def _read(path: Path) -> _Events:
    try:
        table = pq.read_table(path)
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        user, item = columns["user"].astype(np.int64), columns["item"].astype(np.int64)
        time = columns.get("timestamp")
        return _Events(user, item, columns["is_target"].astype(bool), None if time is None else time.astype(np.int64))
    except FileNotFoundError as error:
        raise NotFound(f"{path} is gone, so the dataset cannot be profiled; import the dataset again") from error
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise StorageFailed(f"{path} cannot be read as events ({error}); import the dataset again") from error


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _quantile(lengths: Ints, share: float) -> float | None:
    return float(np.quantile(lengths, share)) if len(lengths) else None


def _gini(popularity: Ints) -> float | None:
    """0: every item equally popular; towards 1: one item has it all. `popularity` is (V,), falling."""
    items = len(popularity)
    if not items:
        return None
    rank = np.arange(items, 0, -1)  # 1 is the least popular
    return float(2 * (rank * popularity).sum() / (items * popularity.sum()) - (items + 1) / items)


def _repeat_rate(events: _Events) -> float | None:
    user, item = events.user[events.is_target], events.item[events.is_target]
    if not len(user):
        return None
    return float(pd.Series(user * (item.max() + 1) + item).duplicated().mean())


def _gap_seconds(events: _Events) -> float | None:
    if events.time is None:
        return None
    gaps = np.diff(events.time, prepend=0)[events.continues]
    return float(np.median(gaps)) if len(gaps) else None


def _tie_share(events: _Events, lengths: Ints) -> float | None:
    if events.time is None:
        return None
    last = (events.starts + lengths - 1)[lengths > 1]
    return float((events.time[last] == events.time[last - 1]).mean()) if len(last) else None


def _cold_share(events: _Events, validation: _Events) -> float | None:
    targets = validation.item[validation.is_target]
    return float((~np.isin(targets, events.item)).mean()) if len(targets) else None


def _predictability(events: _Events) -> tuple[float | None, float | None]:
    """Share of transitions whose target a first-order chain, and popularity, have among their first ten.

    Every user's last training transition is asked for; the chain and the popularity are counted on all others, and
    ties count by expectation. None when no user has a transition.
    """
    to = np.flatnonzero(events.continues)
    if not len(to):
        return None, None
    source, target = events.item[to - 1], events.item[to]
    asked = np.append(events.user[to][1:] != events.user[to][:-1], True)
    chain = _share_found(source[~asked], target[~asked], source[asked], target[asked])
    one_source = np.zeros_like(source)
    popular = _share_found(one_source[~asked], target[~asked], one_source[asked], target[asked])
    return chain, popular


def _share_found(source: Ints, target: Ints, asked_source: Ints, asked_target: Ints) -> float:
    """Successors are counted on the first two (transitions,), and asked for on the last two (questions,)."""
    if not len(source):
        return 0.0
    width = int(max(target.max(), asked_target.max())) + 1
    known, counts = np.unique(source * width + target, return_counts=True)
    share = _share_in_top(known // width, counts)
    asked = asked_source * width + asked_target
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return float(np.where(known[at] == asked, share[at], 0.0).mean())


def _share_in_top(source: Ints, counts: Ints) -> NDArray[np.float64]:
    """Expected membership of each transition in its source's first TOP; `source` and `counts` are (transitions,)."""
    order = np.lexsort((-counts, source))
    ordered_source, ordered_count = source[order], counts[order]
    place = np.arange(len(order))
    new_source = np.append(True, ordered_source[1:] != ordered_source[:-1])[: len(order)]
    new_tie = new_source | np.append(True, ordered_count[1:] != ordered_count[:-1])[: len(order)]
    above = np.maximum.accumulate(np.where(new_tie, place, 0)) - np.maximum.accumulate(np.where(new_source, place, 0))
    tie = np.cumsum(new_tie) - 1
    share = np.empty(len(order))
    share[order] = np.clip((TOP - above) / np.bincount(tie)[tie], 0.0, 1.0)
    return share
