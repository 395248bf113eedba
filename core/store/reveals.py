"""Openings of the sealed test in SQL: once per study, counted per lineage."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from core.errors import Conflict
from core.records import Reveal, Study
from core.store import schema
from core.store.part import Part, lost_the_race, record_of

_table = schema.reveals


class Reveals(Part):
    """Rows of `reveals`."""

    def request(self, study: Study, lineage: str, actor: str, options: Mapping[str, Any]) -> Reveal:
        """Ask for the study's one reveal; the look number counts every study on data of the same lineage.

        Raises Conflict when the study's test was opened already; a failed reveal may be asked for again.
        """
        with self.database.write() as connection:
            found = connection.execute(select(_table).where(_table.c.study_id == study.id)).mappings().first()
            before = record_of(Reveal, found) if found else None
            if before and before.state != "failed":
                raise Conflict(
                    f"study {study.id}'s test was opened by {before.actor} already (look {before.look}); see its report"
                )
            asked = (_table.c.lineage == lineage, _table.c.study_id != study.id, _table.c.state != "failed")
            look = 1 + _count(connection, *asked)
            row: dict[str, Any] = {"study_id": study.id, "lineage": lineage, "look": look}
            row |= {"state": "requested", "actor": actor, "options": dict(options), "result": None, "error": None}
            row |= {"requested_at": self.clock.now(), "done_at": None}
            if before:
                connection.execute(update(_table).where(_table.c.id == before.id).values(row))
            else:
                connection.execute(insert(_table).values(row))
            self._note(connection, "reveal requested", actor, {"look": look}, study_id=study.id)
            written = connection.execute(select(_table).where(_table.c.study_id == study.id)).mappings().one()
            return record_of(Reveal, written)

    def finish(self, reveal: Reveal, result: Mapping[str, Any] | None, error: str | None, actor: str) -> None:
        """Write what the reveal gave, or why it failed; once. The look number is the one among those done.

        Raises Conflict when it was finished already.
        """
        state = "failed" if error else "done"
        waits = (_table.c.id == reveal.id, _table.c.state == "requested")
        with self.database.write() as connection:
            look = 1 + _count(connection, _table.c.lineage == reveal.lineage, _table.c.state == "done")
            values = {"state": state, "look": look, "result": result, "error": error, "done_at": self.clock.now()}
            if not connection.execute(update(_table).where(*waits).values(values)).rowcount:
                what = f"the reveal of study {reveal.study_id}"
                raise lost_the_race(connection, what, "study_id", reveal.study_id, state, "reveal ")
            self._note(connection, f"reveal {state}", actor, {"look": look}, study_id=reveal.study_id)

    def of_study(self, study_id: int) -> Reveal | None:
        """The reveal of a study."""
        return self._first(Reveal, select(_table).where(_table.c.study_id == study_id))

    def requested(self) -> list[Reveal]:
        """Reveals that wait for the worker."""
        return self._all(Reveal, select(_table).where(_table.c.state == "requested").order_by(_table.c.id))

    def looks(self, lineage: str) -> int:
        """How often the test of this lineage was opened."""
        with self.database.read() as connection:
            return _count(connection, _table.c.lineage == lineage, _table.c.state == "done")


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(_table).where(*conditions)).scalar_one())
