"""What to beware of in a file: each check gives a named finding, or none."""

from __future__ import annotations

from math import factorial

import numpy as np

from core.data.events import Events
from core.data.findings import BadRows, Finding, Level
from core.data.timestamps import UnitCounts
from core.figures import percent

LEAST_LIST = 4  # shorter lists are sorted by chance too often (a pair: every second one)
LEAST_LISTS = 20
SORTED_ERROR, SORTED_WARNING = 0.9, 0.5
TIES_WARNING = 0.05


def sorted_by_id(events: Events) -> Finding | None:
    """Lists whose items rise (or fall) from first to last by id: the order is not that of time any more.

    Where ids were given by first appearance the earliest users look sorted by right (a few in a hundred), so the
    share over all users decides. With times that agree with the order, rising ids may be genuine (news, new goods).
    """
    starts, lengths = _lists(events.user)
    chosen = lengths >= LEAST_LIST
    steps = np.diff(events.item.astype(np.int64), append=events.item[-1])
    steps[starts + lengths - 1] = 0
    rises, falls = np.maximum.reduceat(steps, starts) > 0, np.minimum.reduceat(steps, starts) < 0
    one_way = chosen & (rises ^ falls)
    count, share = int(one_way.sum()), float(one_way.sum() / max(chosen.sum(), 1))
    if chosen.sum() < LEAST_LISTS or share < SORTED_WARNING:
        return None
    chance = float(np.mean([2 / factorial(min(int(length), 12)) for length in lengths[chosen]]))
    level: Level = "error" if share >= SORTED_ERROR and events.time is None else "warning"
    message = (
        f"the items of {percent(share, 0)} of the users with {LEAST_LIST} events or more stand in the order of their "
        f"ids (by chance {percent(chance, 2)}): the order of time seems lost, and next-item figures would mean "
        "nothing; import a source with timestamps"
    )
    return Finding("sorted_by_id", level, message, count)


def not_chronological(raw: Events) -> Finding | None:
    """Users whose events stand in the file in another order than that of time; `raw` is in file order."""
    if raw.time is None:
        return None
    order = np.argsort(raw.user, kind="stable")
    user, time = raw.user[order], raw.time[order]
    back = (user[1:] == user[:-1]) & (time[1:] < time[:-1])
    if not back.any():
        return None
    users = len(np.unique(user[1:][back]))
    share = percent(users / len(raw.users), 0)
    message = f"the events of {users:,} users ({share}) do not stand in order of time in the file; they were sorted"
    return Finding("not_chronological", "warning", message, users)


def tie_share(events: Events, target: np.ndarray) -> float | None:
    """Users (of two events or more) whose last target event shares its time with the event before it."""
    if events.time is None:
        return None
    where = np.flatnonzero(target)
    owner = events.user[where]
    last = where[np.concatenate([owner[1:] != owner[:-1], [True]])]
    last = last[(last > 0) & (events.user[last] == events.user[last - 1])]
    return float((events.time[last] == events.time[last - 1]).mean()) if len(last) else 0.0


def ties(events: Events, share: float | None) -> Finding | None:
    if events.time is None or not share:
        return None
    tied = int(((events.user[1:] == events.user[:-1]) & (events.time[1:] == events.time[:-1])).sum())
    level: Level = "warning" if share > TIES_WARNING else "info"
    message = (
        f"the last item of {percent(share, 0)} of the users shares its timestamp with the one before, so the position "
        f"in the file decides which is the test item; {tied:,} events in all share the time of the one before"
    )
    return Finding("ties", level, message, tied)


def duplicates(repeated: np.ndarray, dropped: bool) -> Finding | None:
    """Kept by default, as RecBole and S3-Rec do: published counts hold them, and within a day they may be real."""
    if not (count := int(repeated.sum())):
        return None
    done = "dropped" if dropped else "kept, as is usual; --drop-duplicates drops them"
    message = f"{count:,} events repeat one of the same user, item and time: {done}"
    return Finding("duplicates", "warning", message, count)


def bad_rows(bad: BadRows, rows_read: int) -> Finding | None:
    if not bad.count:
        return None
    examples = tuple(f"{row.file}:{row.line}: {row.reason}" for row in bad.first[:3])
    message = f"{bad.count:,} of {rows_read:,} rows could not be used and were left out"
    return Finding("bad_rows", "warning", message, bad.count, examples)


def mixed_units(units: UnitCounts) -> Finding | None:
    if len(units.counts) < 2:
        return None
    examples = tuple(f"{unit}: {units.examples[unit]} ({count:,} rows)" for unit, count in units.counts.items())
    usual = max(units.counts, key=lambda unit: units.counts[unit])
    odd = sum(units.counts.values()) - units.counts[usual]
    message = (
        f"the time column mixes {', '.join(units.counts)}; each value was read by its own size, which puts a wrong one "
        "in the wrong place: look at the examples, and repair the export if they are not all meant"
    )
    return Finding("mixed_timestamp_units", "warning", message, odd, examples)


def single_time(events: Events) -> Finding | None:
    if events.time is None or len(events) < 2 or events.time.min() < events.time.max():
        return None
    message = (
        "every event has the same time, so only the position in the file orders them; import a source with real times"
    )
    return Finding("single_time", "error", message, len(events))


def untrained_items(count: int, items: int) -> Finding | None:
    if not count:
        return None
    message = f"{count:,} of {items:,} items never occur in training; they stay candidates, and no model can know them"
    return Finding("items_not_in_training", "warning", message, count)


def _lists(user: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and length of each user's run in a sorted user column."""
    starts = np.flatnonzero(np.concatenate([[True], user[1:] != user[:-1]]))
    return starts, np.diff(np.append(starts, len(user)))
