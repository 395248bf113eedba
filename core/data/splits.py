"""Who learns from what, and what is held out: leave-one-out and global-time."""

from __future__ import annotations

import numpy as np

from core.data.events import Events
from core.data.findings import Finding, ImportFailed
from core.data.options import ImportOptions

TRAIN, VALIDATION, VALIDATION_TARGET, TEST, LEFT_OUT = range(5)
LEAST_TARGETS = 3  # one to learn from, one to validate, one to test


def split(events: Events, target: np.ndarray, options: ImportOptions) -> tuple[np.ndarray, list[Finding]]:
    """The part of each ordered event (N,) uint8, one of the constants above. Raises ImportFailed."""
    if options.split == "global_time":
        part, findings = _global_time(events, target, options)
    else:
        part, findings = _leave_one_out(events.user, target)
    for needed, name in ((VALIDATION_TARGET, "validation"), (TEST, "test")):
        if not (part == needed).any():
            raise ImportFailed(
                f"no user is left with a {name} target; a user needs {LEAST_TARGETS} target events "
                "(or, split by time, events on both sides of the cut): check columns, event types and filters",
                findings,
            )
    return part, findings


def _leave_one_out(user: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, list[Finding]]:
    """Last target event: test; the one before: validation. What follows the test target is left out."""
    where = np.flatnonzero(target)
    sizes = np.bincount(user[where], minlength=int(user[-1]) + 1)
    ends = np.cumsum(sizes)
    enough = sizes >= LEAST_TARGETS
    never = len(user)
    validation, test = np.full(len(sizes), never), np.full(len(sizes), never)
    validation[enough], test[enough] = where[ends[enough] - 2], where[ends[enough] - 1]
    position = np.arange(len(user))
    part = np.zeros(len(user), np.uint8)
    part[position >= validation[user]] = VALIDATION
    part[position > test[user]] = LEFT_OUT
    part[validation[enough]], part[test[enough]] = VALIDATION_TARGET, TEST
    short = int(((sizes < LEAST_TARGETS) & (np.bincount(user) > 0)).sum())
    if not short:
        return part, []
    message = f"{short:,} users have fewer than {LEAST_TARGETS} target events and only train"
    return part, [Finding("short_users", "warning", message, short)]


def _global_time(events: Events, target: np.ndarray, options: ImportOptions) -> tuple[np.ndarray, list[Finding]]:
    """Two cuts in time; a user's first target event after a cut is the target, if there is history before.

    What follows the second cut, but for the test targets, is left out: an input never reaches past its cut.
    """
    if events.time is None:
        raise ImportFailed("the file has no times, so it cannot be split by time; use the leave-one-out split")
    first, second = _cuts(events.time[target], options)
    part = np.full(len(events), LEFT_OUT, np.uint8)
    part[events.time < second] = VALIDATION
    part[events.time < first] = TRAIN
    users = int(events.user[-1]) + 1
    trained = np.bincount(events.user[part == TRAIN], minlength=users) > 0
    known = np.bincount(events.user[part != LEFT_OUT], minlength=users) > 0
    part[_first_of_each(events.user, target & (part == VALIDATION) & trained[events.user])] = VALIDATION_TARGET
    part[_first_of_each(events.user, target & (part == LEFT_OUT) & known[events.user])] = TEST
    unknown = int((~known[np.unique(events.user)]).sum())
    findings = []
    if unknown:
        message = f"{unknown:,} users have no event before the test period and are left out"
        findings.append(Finding("users_without_history", "warning", message, unknown))
    return part, findings


def _cuts(times: np.ndarray, options: ImportOptions) -> tuple[int, int]:
    times = np.sort(times)
    at = [int(len(times) * (1 - options.test_share - share)) for share in (options.validation_share, 0)]
    first, second = int(times[at[0]]), int(times[min(at[1], len(times) - 1)])
    if not times[0] < first < second:
        raise ImportFailed(
            "the times are too coarse, or too few, to cut a validation and a test period; "
            "raise the shares, or use the leave-one-out split"
        )
    return first, second


def _first_of_each(user: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Positions of the first chosen event of each user; `user` is sorted."""
    where = np.flatnonzero(chosen)
    owner = user[where]
    return where[np.concatenate([[True], owner[1:] != owner[:-1]])] if len(where) else where
