"""Reading the append-only event log; the other parts write it inside their own transactions."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from core.records import Event
from core.store import schema
from core.store.part import Part

_table = schema.events


class Events(Part):
    """Rows of `events`."""

    def note(self, kind: str, actor: str, detail: dict[str, Any] | None = None, **ids: int | None) -> None:
        """Append an event that changes nothing else, such as an export."""
        with self.database.write() as connection:
            self._note(connection, kind, actor, detail, **ids)

    def after(self, id: int = 0, study_id: int | None = None, limit: int = 1000) -> list[Event]:
        """Events newer than an event id, oldest first."""
        query = select(_table).where(_table.c.id > id).order_by(_table.c.id).limit(limit)
        if study_id is not None:
            query = query.where(_table.c.study_id == study_id)
        return self._all(Event, query)

    def newest(self, limit: int = 50, **equal: int | str) -> list[Event]:
        """The newest events, newest first; filtered by study_id, trial_id, run_id, lesson_id or kind."""
        query = select(_table).order_by(_table.c.id.desc()).limit(limit)
        for column, value in equal.items():
            query = query.where(_table.c[column] == value)
        return self._all(Event, query)

    def has(self, kinds: Collection[str]) -> bool:
        """Whether anything of these kinds ever happened."""
        with self.database.read() as connection:
            return connection.execute(select(_table.c.id).where(_table.c.kind.in_(kinds)).limit(1)).first() is not None

    def until(self, study_id: int, kinds: Collection[str], at: float) -> list[Event]:
        """Events of these kinds up to a moment, oldest first."""
        query = select(_table).where(_table.c.study_id == study_id, _table.c.kind.in_(kinds), _table.c.at <= at)
        return self._all(Event, query.order_by(_table.c.id))
