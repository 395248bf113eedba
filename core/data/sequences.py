"""The raw history of one user, as a person reads it: times, item ids as they came, titles where known."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as arrow
import pyarrow.parquet as pq

from core.errors import NotFound, StorageFailed

MOST = 200  # events shown of one user, the latest


@dataclass(frozen=True)
class Event:
    """One event; `time` in seconds since the epoch."""

    raw: str
    title: str | None
    time: float | None
    is_target: bool


@dataclass(frozen=True)
class Sequence:
    """A user's events, oldest first; `left_out` older ones are not shown."""

    user: int
    raw: str
    events: tuple[Event, ...]
    left_out: int


def users_of(open_dir: Path) -> int:
    """How many users the dataset numbers, from 0. Raises StorageFailed."""
    try:
        return int(pq.read_metadata(open_dir / "users.parquet").num_rows)
    except (OSError, pa.ArrowException) as problem:
        raise _unreadable(open_dir, problem) from problem


def user_named(open_dir: Path, raw: str) -> int:
    """The number of the user with that id in the original file. Raises NotFound, StorageFailed."""
    try:
        found = _rows(open_dir / "users.parquet", pc.field("raw") == raw).column("user")
        examples = ", ".join(pq.read_table(open_dir / "users.parquet", columns=["raw"]).column(0)[:3].to_pylist())
    except (OSError, pa.ArrowException) as problem:
        raise _unreadable(open_dir, problem) from problem
    if not len(found):
        raise NotFound(f"no user {raw!r} in this dataset; ids look like {examples}")
    return int(found[0].as_py())


def sequence(open_dir: Path, user: int, parts: tuple[str, ...] = ("train",), most: int | None = MOST) -> Sequence:
    """The latest `most` events of a user by number in these open parts, None for all; those of others are not kept.

    Raises NotFound, StorageFailed.
    """
    try:
        names = _rows(open_dir / "users.parquet", pc.field("user") == user).column("raw")
        if not len(names):
            raise NotFound(f"no user {user} in this dataset; it numbers its users from 0 to {users_of(open_dir) - 1}")
        events = pa.concat_tables(_rows(open_dir / f"{part}.parquet", pc.field("user") == user) for part in parts)
        shown = events if most is None else events.slice(max(0, events.num_rows - most))
        items = _rows(open_dir / "items.parquet", pc.field("item").isin(shown.column("item").unique().to_pylist()))
    except (OSError, pa.ArrowException) as problem:
        raise _unreadable(open_dir, problem) from problem
    known = {row["item"]: row for row in items.to_pylist()}
    told = tuple(_event(row, known[row["item"]]) for row in shown.to_pylist())
    return Sequence(user, str(names[0].as_py()), told, events.num_rows - shown.num_rows)


def items_titled(open_dir: Path, text: str, most: int = 8) -> tuple[tuple[str, str | None], ...]:
    """Raw id and title of the first items whose title, or id, contains a text. Raises StorageFailed."""
    names = pc.coalesce(pc.field("title").cast(pa.string()), pc.field("raw"))
    found = pc.match_substring(names, text, ignore_case=True) | (pc.field("raw") == text)
    try:
        table = arrow.dataset(open_dir / "items.parquet", format="parquet").scanner(
            columns=["raw", "title"], filter=found
        )
        return tuple((row["raw"], row["title"]) for row in table.head(most).to_pylist())
    except (OSError, pa.ArrowException) as problem:
        raise _unreadable(open_dir, problem) from problem


def _rows(path: Path, which: pc.Expression) -> pa.Table:
    return arrow.dataset(path, format="parquet").to_table(filter=which)


def _event(row: dict[str, object], item: dict[str, object]) -> Event:
    time, title = row.get("timestamp"), item.get("title")
    return Event(
        raw=str(item["raw"]),
        title=title if isinstance(title, str) else None,
        time=float(time) if isinstance(time, int) else None,
        is_target=bool(row["is_target"]),
    )


def _unreadable(open_dir: Path, problem: Exception) -> StorageFailed:
    return StorageFailed(f"the dataset in {open_dir.parent} cannot be read ({problem}); import the same file again")
