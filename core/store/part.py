"""What every part of the store shares: guarded moves, the event log, rows as records."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, CursorResult, Table, insert, select, update
from sqlalchemy.engine import RowMapping

from core.clock import Clock
from core.errors import Conflict, IllegalMove
from core.records import Event
from core.store import schema
from core.store.database import Database

Record = TypeVar("Record")
_tuples = ("seeds",)


class Part:
    """One aggregate's reads and writes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    def _note(
        self, connection: Connection, kind: str, actor: str, detail: Mapping[str, Any] | None = None, **ids: Any
    ) -> None:
        """Append one event and, when it concerns a study, move the version that pages poll."""
        row = {"at": self.clock.now(), "kind": kind, "actor": actor, "detail": dict(detail or {}), **ids}
        connection.execute(insert(schema.events).values(row))
        if ids.get("study_id") is not None:
            touch(connection, ids["study_id"])

    def _move(
        self,
        connection: Connection,
        table: Table,
        id: int,
        move: tuple[StrEnum, StrEnum],
        legal: frozenset[tuple[Any, Any]],
        **values: Any,
    ) -> bool:
        """The guarded UPDATE of a state; False when the row is not (or no longer) in the state the move starts from."""
        if move not in legal:
            raise IllegalMove(f"a {table.name[:-1]} cannot go from {move[0]} to {move[1]}")
        guard = update(table).where(table.c.id == id, table.c.state == move[0])
        return bool(connection.execute(guard.values(state=move[1], **values)).rowcount)


def inserted_id(result: CursorResult[Any]) -> int:
    """The id the database gave to an inserted row."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def touch(connection: Connection, study_id: int) -> None:
    """Raise the version of a study, which its pages poll."""
    connection.execute(
        update(schema.studies).where(schema.studies.c.id == study_id).values(version=schema.studies.c.version + 1)
    )


def record_of(kind: type[Record], row: RowMapping) -> Record:
    """A row as the frozen record of that name, enums and tuples restored."""
    hints = get_type_hints(kind)
    values = {
        field.name: _restored(row[field.name], hints[field.name], field.name)
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]
    }
    return kind(**values)


def _restored(value: Any, hint: Any, name: str) -> Any:
    if value is None:
        return None
    if name in _tuples:
        return tuple(value)
    for option in getattr(hint, "__args__", (hint,)):
        if isinstance(option, type) and issubclass(option, StrEnum):
            return option(value)
    return value


def last_event(connection: Connection, column: str, id: int) -> Event | None:
    """The newest event about one thing."""
    events = schema.events
    row = connection.execute(select(events).where(events.c[column] == id).order_by(events.c.id.desc()).limit(1))
    found = row.mappings().first()
    return record_of(Event, found) if found else None


def lost_the_race(connection: Connection, what: str, column: str, id: int, wanted: str) -> Conflict:
    """The error for whoever came second: says what is there now, by whom and since when."""
    event = last_event(connection, column, id)
    if event is None:
        return Conflict(f"{what} could not be {wanted}: it is not there any more; reload")
    at = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Conflict(f"{what} could not be {wanted}: {event.actor} was first ({event.kind}, {at}); nothing was changed")
