"""From raw events to those that are kept: order, duplicates, k-core, length cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.events import Events
from core.data.findings import Finding, ImportFailed
from core.data.options import USUAL_CORE, ImportOptions

# A published 5-core file may miss the bar by a few (Amazon's Gift Cards: duplicates counted before they were merged).
FILTERED_USERS_BELOW = 0.02
FILTERED_ITEMS_BELOW = 0.05


@dataclass(frozen=True)
class Kept:
    """What is left, and what each rule took: counts by the names that the card uses."""

    events: Events
    target: np.ndarray
    counts: dict[str, int]
    findings: list[Finding]


def ordered(events: Events) -> Events:
    """By user, then time, then position in the file."""
    if events.time is None:
        return events.take(np.argsort(events.user, kind="stable"))
    return events.take(_by_user_and_time(events.user, events.time))


def _by_user_and_time(user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Stable order by both; as one number per event where 63 bits hold them, which sorts four times faster."""
    first, users = int(time.min()), int(user.max()) + 1
    step = 1 if ((time - first) % 1_000_000).any() else 1_000_000
    span = (int(time.max()) - first) // step + 1
    if span * users >= 1 << 63:
        return np.lexsort((time, user))
    since = (time - first) // step
    since += user.astype(np.int64) * span
    return np.argsort(since, kind="stable")


def target_mask(events: Events, wanted: tuple[str, ...] | None) -> np.ndarray:
    """Which events are targets (N,) bool; the others are context. Raises ImportFailed for an unknown event type."""
    if wanted is None:
        return np.ones(len(events), bool)
    if events.kind is None:
        raise ImportFailed(
            f"target events {', '.join(wanted)} were asked for, but no column of event types was found; "
            "name it, e.g. --columns event=NAME"
        )
    if unknown := [name for name in wanted if name not in events.kinds]:
        raise ImportFailed(f"there are no events of type {', '.join(unknown)}; the types are {', '.join(events.kinds)}")
    return np.isin(events.kind, [events.kinds.index(name) for name in wanted])


def is_repeated_row(events: Events) -> np.ndarray:
    """Ordered events that equal an earlier one in user, item, time and type (N,) bool; all False without times."""
    repeated = np.zeros(len(events), bool)
    if events.time is None:
        return repeated
    # Only events that share user and time with a neighbour can be duplicates; the rest need no sorting.
    tied = np.flatnonzero(_same_as_before(events.user) & _same_as_before(events.time))
    near = np.union1d(tied, tied - 1)
    some = events.take(near)
    keys = [key for key in (some.kind, some.item, some.time, some.user) if key is not None]
    order = np.lexsort(keys)
    equal = np.ones(len(near), bool)
    for key in keys:
        equal &= _same_as_before(key[order])
    repeated[near[order[equal]]] = True
    return repeated


def _same_as_before(values: np.ndarray) -> np.ndarray:
    same = np.zeros(len(values), bool)
    np.equal(values[1:], values[:-1], out=same[1:])
    return same


def kept(events: Events, target: np.ndarray, repeated: np.ndarray, options: ImportOptions) -> Kept:
    """Applies the rules to ordered events. Raises ImportFailed when nothing is left."""
    counts: dict[str, int] = {"duplicates": int(repeated.sum()), "dropped_duplicates": 0}
    if options.drop_duplicates and repeated.any():
        counts["dropped_duplicates"] = counts["duplicates"]
        events, target = events.take(~repeated), target[~repeated]
    least_user, least_item, findings = _limits(events, target, options)
    core = _core(events, target, least_user, least_item)
    counts |= _lost(events, core)
    events, target = events.take(core), target[core]
    if not len(events):
        raise ImportFailed(
            f"no user keeps {least_user} and no item {least_item} target events (k-core); "
            "lower the least events of a user and of an item (--min-user-events, --min-item-events)",
            findings,
        )
    late = _latest(events.user, options.max_user_events)
    counts["dropped_by_length"] = int(len(late) - late.sum())
    return Kept(events.take(late), target[late], counts, findings)


def _limits(events: Events, target: np.ndarray, options: ImportOptions) -> tuple[int, int, list[Finding]]:
    if options.min_user_events is not None and options.min_item_events is not None:
        return options.min_user_events, options.min_item_events, []
    users, items = _below(events.user[target], USUAL_CORE), _below(events.item[target], USUAL_CORE)
    filtered = users[1] <= FILTERED_USERS_BELOW and items[1] <= FILTERED_ITEMS_BELOW
    usual = 1 if filtered else USUAL_CORE
    least_user = usual if options.min_user_events is None else options.min_user_events
    least_item = usual if options.min_item_events is None else options.min_item_events
    if not filtered or users[0] + items[0] == 0:
        return least_user, least_item, []
    message = (
        f"the file is {USUAL_CORE}-core but for {users[0]:,} users and {items[0]:,} items, so its publisher has "
        f"filtered it and it is kept whole; set the minima to {USUAL_CORE} to filter it again"
    )
    return least_user, least_item, [Finding("already_filtered", "info", message, users[0] + items[0])]


def _below(codes: np.ndarray, least: int) -> tuple[int, float]:
    """How many of those that occur, and which share, occur less than `least` times."""
    sizes = np.bincount(codes)
    present = sizes > 0
    below = int((present & (sizes < least)).sum())
    return below, below / max(int(present.sum()), 1)


def _core(events: Events, target: np.ndarray, least_user: int, least_item: int) -> np.ndarray:
    """k-core over target events, repeated until stable; context events stay where user and item stay. (N,) bool."""
    if least_user <= 1 and least_item <= 1 and target.all():
        return np.ones(len(events), bool)
    user, item = events.user[target], events.item[target]
    good_user = np.zeros(len(events.users), bool)
    good_item = np.zeros(len(events.items), bool)
    while True:
        good_user = np.bincount(user, minlength=len(good_user)) >= max(least_user, 1)
        good_item = np.bincount(item, minlength=len(good_item)) >= max(least_item, 1)
        stay = good_user[user] & good_item[item]
        if stay.all():
            return good_user[events.user] & good_item[events.item]
        user, item = user[stay], item[stay]


def _lost(events: Events, core: np.ndarray) -> dict[str, int]:
    def gone(codes: np.ndarray) -> int:
        return int((np.bincount(codes) > 0).sum() - (np.bincount(codes[core]) > 0).sum()) if core.any() else 0

    return {
        "dropped_by_core": int(len(core) - core.sum()),
        "users_dropped_by_core": gone(events.user),
        "items_dropped_by_core": gone(events.item),
    }


def _latest(user: np.ndarray, most: int | None) -> np.ndarray:
    """The last `most` events of each user (N,) bool; `user` is sorted."""
    if most is None:
        return np.ones(len(user), bool)
    ends = np.cumsum(np.bincount(user))[user]
    return ends - np.arange(len(user)) <= most
