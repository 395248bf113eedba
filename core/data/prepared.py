"""Contiguous ids, the tables of the folder, and the figures of the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from core.data import checks
from core.data.events import Events
from core.data.findings import Finding
from core.data.folder import Tables, events_table
from core.data.options import ImportOptions
from core.data.preparation import Kept
from core.data.splits import LEFT_OUT, TEST, TRAIN, VALIDATION, VALIDATION_TARGET
from core.figures import percent

# Above this share of repeated training events people come back to what they had, and masking it would hide the task.
REPEAT_LIMIT = 0.05


@dataclass(frozen=True)
class Prepared:
    """`shares`: repeat_rate, repeat_share and cold_share as on the card, as is `has_event_types`."""

    tables: Tables
    counts: Mapping[str, int]
    shares: Mapping[str, float]
    has_event_types: bool
    masking: str
    masking_reason: str
    findings: tuple[Finding, ...]


def prepared(left: Kept, part: np.ndarray, titles: pa.Array | None, options: ImportOptions) -> Prepared:
    """`part` (N,) as `splits.split` gives it. Users and items without any event in a part get no id."""
    stays = part != LEFT_OUT
    events, target, part = left.events.take(stays), left.target[stays], part[stays]
    user, user_codes = _contiguous(events.user, first=0)
    item, item_codes = _contiguous(events.item, first=1)
    fresh = Events(user, item, events.time, events.kind, events.users, events.items, events.kinds)
    repeated = _had_before(user, item, target)
    in_training = np.zeros(len(item_codes) + 1, bool)
    in_training[item[part == TRAIN]] = True
    held = {"validation": part == VALIDATION_TARGET, "test": part == TEST}
    shares = {
        "repeat_rate": _share(repeated[(part == TRAIN) & target]),
        "repeat_share": _share(repeated[held["validation"]]),
        "cold_share": _share(~in_training[item[held["validation"]]]),
    }
    sealed = {"repeat_share": _share(repeated[held["test"]]), "cold_share": _share(~in_training[item[held["test"]]])}
    masking, reason = _masking(options.masking, shares["repeat_rate"])
    counts = _counts(part, int(stays.size - stays.sum()), len(user_codes), len(item_codes))
    counts["items_not_in_training"] = len(item_codes) - int(in_training.sum())
    kinds = 0 if fresh.kind is None else len(np.unique(fresh.kind[(part == TRAIN) & target]))
    tables = _tables(fresh, part, target, user_codes, item_codes, titles, sealed)
    return Prepared(tables, counts, shares, kinds > 1, masking, reason, _findings(counts, shares, masking))


def _contiguous(codes: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """(ids from `first` on in the order of the codes, int32 (N,); the code of each id)."""
    present = np.flatnonzero(np.bincount(codes))
    ids = np.zeros(int(codes.max()) + 1, np.int32)
    ids[present] = np.arange(first, first + len(present), dtype=np.int32)
    return ids[codes], present


def _had_before(user: np.ndarray, item: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Target events whose item was in an earlier target event of the same user (N,) bool."""
    key = user[target].astype(np.int64) * (int(item.max()) + 1) + item[target]
    out = np.zeros(len(user), bool)
    out[target] = pd.Series(key, copy=False).duplicated().to_numpy()
    return out


def _share(which: np.ndarray) -> float:
    return float(which.mean()) if len(which) else 0.0


def _masking(chosen: str | None, repeat_rate: float) -> tuple[str, str]:
    rate = f"{percent(repeat_rate)} of the training events repeat an item the user had before"
    if chosen is not None:
        return chosen, f"chosen at import; {rate}"
    if repeat_rate > REPEAT_LIMIT:
        return "none", f"{rate}, more than {percent(REPEAT_LIMIT, 0)}, so seen items stay candidates"
    return "seen", f"{rate}, at most {percent(REPEAT_LIMIT, 0)}, so seen items are no candidates"


def _counts(part: np.ndarray, left_out: int, users: int, items: int) -> dict[str, int]:
    sizes = np.bincount(part, minlength=LEFT_OUT + 1)
    return {
        "left_out_by_split": left_out,
        "users": users,
        "items": items,
        "interactions": len(part),
        "train": int(sizes[TRAIN]),
        "validation": int(sizes[VALIDATION] + sizes[VALIDATION_TARGET]),
        "validation_targets": int(sizes[VALIDATION_TARGET]),
        "test": int(sizes[TEST]),
    }


def _tables(
    events: Events,
    part: np.ndarray,
    target: np.ndarray,
    user_codes: np.ndarray,
    item_codes: np.ndarray,
    titles: pa.Array | None,
    sealed: Mapping[str, float],
) -> Tables:
    raw_items = events.items.take(pa.array(item_codes))
    named = titles.take(pa.array(item_codes)) if titles is not None else pa.nulls(len(item_codes), pa.string())
    ids = np.arange(1, len(item_codes) + 1, dtype=np.int32)
    users = {"user": np.arange(len(user_codes), dtype=np.int32), "raw": events.users.take(pa.array(user_codes))}
    train, test = events.take(part == TRAIN), events.take(part == TEST)
    waiting = (part == VALIDATION) | (part == VALIDATION_TARGET)
    validation, is_target = events.take(waiting), part[waiting] == VALIDATION_TARGET
    return Tables(
        items=pa.table({"item": ids, "raw": raw_items, "title": named}),
        users=pa.table(users),
        train=events_table(train, target[part == TRAIN]),
        validation=events_table(validation, is_target),
        test=events_table(test),
        sealed_shares=sealed,
    )


def _findings(counts: Mapping[str, int], shares: Mapping[str, float], masking: str) -> tuple[Finding, ...]:
    found = [checks.untrained_items(counts["items_not_in_training"], counts["items"])]
    if cold := round(shares["cold_share"] * counts["validation_targets"]):
        message = f"{percent(shares['cold_share'])} of the validation targets never occur in training"
        found.append(Finding("cold_targets", "warning" if shares["cold_share"] > 0.01 else "info", message, cold))
    if masking == "seen" and (again := round(shares["repeat_share"] * counts["validation_targets"])):
        share = percent(shares["repeat_share"])
        message = f"{share} of the validation targets were had before, are masked and count as misses"
        found.append(
            Finding("repeated_targets", "warning" if shares["repeat_share"] > 0.01 else "info", message, again)
        )
    return tuple(each for each in found if each is not None)
