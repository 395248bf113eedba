"""What every part of the store shares: guarded moves, the event log, rows as records."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_type_hints

from sqlalchemy import Connection, CursorResult, Select, Table, insert, select, update
from sqlalchemy.engine import RowMapping

from core.clock import Clock, in_utc
from core.errors import Conflict, IllegalMove
from core.records import Event
from core.store import schema
from core.store.database import Database

Record = TypeVar("Record")
_one = {"studies": "study", "trials": "trial", "runs": "run"}


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
            raise IllegalMove(f"a {_one[table.name]} that is {move[0]} cannot become {move[1]}; nothing was changed")
        guard = update(table).where(table.c.id == id, table.c.state == move[0])
        return bool(connection.execute(guard.values(state=move[1], **values)).rowcount)

    def _all(self, kind: type[Record], query: Select[Any]) -> list[Record]:
        """Every row of a query as a record."""
        with self.database.read() as connection:
            return [record_of(kind, row) for row in connection.execute(query).mappings()]

    def _first(self, kind: type[Record], query: Select[Any]) -> Record | None:
        """The first row of a query as a record."""
        with self.database.read() as connection:
            row = connection.execute(query).mappings().first()
        return record_of(kind, row) if row else None


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
    return kind(**{name: _restored(row[name], restore) for name, restore in _fields(kind)})  # type: ignore[arg-type]


@functools.cache  # reading the hints costs ten times what filling a record does
def _fields(kind: type[Any]) -> list[tuple[str, Callable[[Any], Any] | None]]:
    hints = get_type_hints(kind)
    return [(field.name, _restorer(hints[field.name])) for field in dataclasses.fields(kind)]


def _restorer(hint: Any) -> Callable[[Any], Any] | None:
    for option in (hint, *get_args(hint)):
        if isinstance(option, type) and issubclass(option, StrEnum):
            return option
    return tuple if str(hint).startswith("tuple[") else None


def _restored(value: Any, restore: Callable[[Any], Any] | None) -> Any:
    return value if value is None or restore is None else restore(value)


def last_event(connection: Connection, column: str, id: int, kinds: str | None = None) -> Event | None:
    """The newest event about one thing; `kinds` is how its kind must begin."""
    events = schema.events
    query = select(events).where(events.c[column] == id).order_by(events.c.id.desc()).limit(1)
    if kinds is not None:
        query = query.where(events.c.kind.startswith(kinds, autoescape=True))
    found = connection.execute(query).mappings().first()
    return record_of(Event, found) if found else None


def lost_the_race(connection: Connection, what: str, column: str, id: int, wanted: str, kinds: str) -> Conflict:
    """The error for whoever came second: says what is there now, by whom and since when.

    `kinds` is how the kinds of event begin that can have won this race ("study edited"; "run " for any move of a run).
    """
    event = last_event(connection, column, id, kinds)
    if event is None:
        return Conflict(f"{what} could not be {wanted}: it is not there any more; reload")
    who = first(event.actor, event.kind, event.at)
    return Conflict(f"{what} could not be {wanted}: {who}; nothing was changed", event.at)


def first(actor: str, did: str, at: float) -> str:
    """Who was first, with what and when, for an error's text."""
    return f"{actor} was first ({did}, {in_utc(at)})"
