"""All events of a file as four arrays of numbers, and the words behind the numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.data.findings import KEPT_BAD_ROWS, BadRows, ImportFailed
from core.data.readers import Rows
from core.data.timestamps import UnitCounts, parse_times

NO_TYPE = "(none)"
CANONICAL_INTEGER = r"^(0|[1-9]\d{0,17})$"


@dataclass(frozen=True)
class Events:
    """N events in file order, or ordered by user and time once `preparation.ordered` has been over them.

    `user`, `item`: int32 codes (N,) into `users`, `items`, which are sorted, so that codes do not depend on the
    order of the file. `time`: int64 microseconds (N,) or None. `kind`: int16 codes (N,) into `kinds`, or None.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray | None
    kind: np.ndarray | None
    users: pa.Array
    items: pa.Array
    kinds: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.user)

    def take(self, which: np.ndarray) -> Events:
        """Those at positions, or under a mask, `which`; codes keep their meaning."""
        time = None if self.time is None else self.time[which]
        kind = None if self.kind is None else self.kind[which]
        return replace(self, user=self.user[which], item=self.item[which], time=time, kind=kind)


class Collector:
    """Takes blocks of rows, leaves out the bad ones, and turns words into codes."""

    def __init__(self, bad: BadRows, roles: Iterable[str]) -> None:
        self.rows_read = 0
        self.units = UnitCounts()
        self._bad = bad
        roles = set(roles)
        self._words: dict[str, list[pa.DictionaryArray]] = {role: [] for role in ("user", "item", "event")}
        self._timed, self._typed = "timestamp" in roles, "event" in roles
        self._times: list[np.ndarray] = []

    def add(self, rows: Rows) -> None:
        columns = {role: _as_text(values) for role, values in rows.columns.items() if role in self._words}
        if self._typed:
            columns["event"] = _named(columns["event"])
        user, item = _is_filled(columns["user"]), _is_filled(columns["item"])
        times, timely = self._parsed_times(rows, len(user))
        blank = ~user & ~item & ~timely if self._timed else ~user & ~item
        good = user & item & timely
        self.rows_read += len(user) - int(blank.sum())
        self._note_bad(rows, columns, ~good & ~blank, user, item)
        everything = bool(good.all())
        for role, values in columns.items():
            kept = values if everything else values.filter(pa.array(good))
            self._words[role].append(kept if pa.types.is_dictionary(kept.type) else kept.dictionary_encode())
        if self._timed:
            self._times.append(times[good])

    def _parsed_times(self, rows: Rows, count: int) -> tuple[np.ndarray, np.ndarray]:
        if not self._timed:
            return np.empty(0, np.int64), np.ones(count, bool)
        return parse_times(rows.columns["timestamp"], self.units)

    def _note_bad(
        self, rows: Rows, columns: dict[str, pa.Array], bad: np.ndarray, user: np.ndarray, item: np.ndarray
    ) -> None:
        positions = np.flatnonzero(bad)
        listed = positions[:KEPT_BAD_ROWS]
        for position, line in zip(listed, rows.lines(listed) if len(listed) else (), strict=True):
            reason = (
                "no user" if not user[position] else "no item" if not item[position] else "no time that can be read"
            )
            found = {role: rows.columns[role][int(position)].as_py() for role in rows.columns}
            self._bad.add(rows.file, line, reason, ", ".join(f"{role}={value}" for role, value in found.items()))
        self._bad.add_unlisted(len(positions) - len(listed))

    def events(self) -> Events:
        """Everything collected. Raises ImportFailed when no row was good."""
        if not any(len(block) for block in self._words["user"]):
            raise ImportFailed("no row could be read")
        users, user = _coded(self._words["user"])
        items, item = _coded(self._words["item"])
        kinds, kind = _coded(self._words["event"]) if self._typed else (pa.array([], pa.string()), None)
        if len(kinds) > np.iinfo(np.int16).max:
            raise ImportFailed(
                f"the event column holds {len(kinds):,} different values; choose another one by --columns"
            )
        time = np.concatenate(self._times) if self._timed else None
        self._words, self._times = {}, []
        short = None if kind is None else kind.astype(np.int16)
        return Events(user, item, time, short, users, items, tuple(kinds.to_pylist()))


def _as_text(values: pa.Array) -> pa.Array:
    """Ids as trimmed strings; whole numbers kept as floats (a column with gaps in pandas) lose their `.0`."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(values.indices, _as_text(values.dictionary))
    if pa.types.is_floating(kind):
        numbers = values.to_numpy(zero_copy_only=False)
        if np.all(~np.isfinite(numbers) | (numbers == np.floor(numbers))):
            values = pa.array(np.where(np.isfinite(numbers), numbers, 0).astype(np.int64), mask=~np.isfinite(numbers))
    if pa.types.is_binary(kind) or pa.types.is_string_view(kind) or not pa.types.is_string(values.type):
        values = values.cast(pa.string())
    return pc.utf8_trim_whitespace(values)


def _named(kinds: pa.Array) -> pa.Array:
    """Event types, a missing one under a name of its own."""
    if pa.types.is_dictionary(kinds.type):
        kinds = kinds.dictionary_decode()
    missing = pc.equal(kinds, "").fill_null(True)
    return pc.if_else(missing, NO_TYPE, kinds)


def _is_filled(values: pa.Array) -> np.ndarray:
    if pa.types.is_dictionary(values.type):
        filled = _is_filled(values.dictionary)
        if not len(filled):
            return np.zeros(len(values), bool)
        return filled[values.indices.fill_null(0).to_numpy(zero_copy_only=False)] & values.is_valid().to_numpy(
            zero_copy_only=False
        )
    return pc.not_equal(values, "").fill_null(False).to_numpy(zero_copy_only=False)


def _coded(blocks: list[pa.DictionaryArray]) -> tuple[pa.Array, np.ndarray]:
    """(distinct words, sorted; int32 codes (N,)). Whole numbers sort as numbers, all else by its bytes."""
    words = pa.chunked_array(_same_index_type(blocks)).unify_dictionaries()
    dictionary = words.chunk(0).dictionary if words.num_chunks else pa.array([], pa.string())
    codes = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in words.chunks])
    used = np.flatnonzero(np.bincount(codes, minlength=len(dictionary)))
    present = dictionary.take(pa.array(used))
    # A dictionary that came with the data may hold a word twice; the words are the identity.
    encoded = present.dictionary_encode()
    order = _natural_order(encoded.dictionary)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    new = np.zeros(len(dictionary), np.int32)
    new[used] = rank[encoded.indices.to_numpy(zero_copy_only=False)]
    return encoded.dictionary.take(pa.array(order)), new[codes]


def _same_index_type(blocks: list[pa.DictionaryArray]) -> list[pa.DictionaryArray]:
    return [pa.DictionaryArray.from_arrays(block.indices.cast(pa.int32()), block.dictionary) for block in blocks]


def _natural_order(words: pa.Array) -> np.ndarray:
    if len(words) and pc.all(pc.match_substring_regex(words, CANONICAL_INTEGER)).as_py():
        return np.argsort(words.cast(pa.int64()).to_numpy(), kind="stable")
    return pc.sort_indices(words).to_numpy().astype(np.int64)


def content_hash(events: Events) -> str:
    """sha256 over ordered events: words, who had what when in which order, event types."""
    digest = hashlib.sha256()
    for words in (events.users, events.items, pa.array(events.kinds, pa.string())):
        _add_words(digest, words)
    for numbers in (events.user, events.item, events.time, events.kind):
        _add_numbers(digest, numbers)
    return digest.hexdigest()


def lineage_hash(events: Events) -> str:
    """sha256 of the raw events as a set: who had what when, whatever the file's order, format or unit of time.

    `events` are ordered by user and time. Without times the order within a user is all there is, and counts.
    Event types and ratings do not enter, so that exports with and without them are of one lineage.
    """
    item = events.item if events.time is None else _sorted_within_ties(events.user, events.item, events.time)
    digest = hashlib.sha256()
    _add_words(digest, events.users)
    _add_words(digest, events.items)
    for numbers in (events.user, item, None if events.time is None else events.time // 1_000_000):
        _add_numbers(digest, numbers)
    return digest.hexdigest()


def _sorted_within_ties(user: np.ndarray, item: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Items of ordered events, those of one user and time in the order of their codes."""
    tied = np.concatenate([[False], (user[1:] == user[:-1]) & (time[1:] == time[:-1])])
    among = np.flatnonzero(tied | np.append(tied[1:], False))
    group = np.cumsum(~tied[among])
    item = item.copy()
    item[among] = item[among][np.lexsort((item[among], group))]
    return item


def _add_words(digest: hashlib._Hash, words: pa.Array) -> None:
    lengths = pc.binary_length(words).fill_null(0).to_numpy(zero_copy_only=False).astype("<i8")
    digest.update(len(words).to_bytes(8, "little") + lengths.tobytes())
    if len(words):
        digest.update(pc.binary_join(pa.array([words.to_pylist()]), "")[0].as_py().encode())


def _add_numbers(digest: hashlib._Hash, numbers: np.ndarray | None) -> None:
    digest.update(b"none" if numbers is None else numbers.astype("<i8").tobytes())
