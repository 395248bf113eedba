"""Openings of the sealed test in SQL: once per study, counted per lineage."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select, update

from core.errors import Conflict
from core.records import Reveal, Study
from core.store import schema
from core.store.part import Part, record_of

_table = schema.reveals


class Reveals(Part):
    """Rows of `reveals`."""

    def request(self, study: Study, lineage: str, actor: str, options: Mapping[str, Any]) -> Reveal:
        """Ask for the study's one reveal; the look number counts every study on data of the same lineage.

        Raises Conflict when the study's test was opened already; a failed reveal may be asked for again.
        """
        before = self.of_study(study.id)
        if before and before.state != "failed":
            raise Conflict(
                f"study {study.id}'s test was opened by {before.actor} already (look {before.look}); see its report"
            )
        with self.database.write() as connection:
            looks = (
                select(func.count())
                .select_from(_table)
                .where(_table.c.lineage == lineage, _table.c.study_id != study.id)
            )
            row = {"study_id": study.id, "lineage": lineage, "look": int(connection.execute(looks).scalar() or 0) + 1}
            row |= {"state": "requested", "actor": actor, "options": dict(options), "result": None, "error": None}
            row |= {"requested_at": self.clock.now(), "done_at": None}
            if before:
                connection.execute(update(_table).where(_table.c.id == before.id).values(row))
            else:
                connection.execute(insert(_table).values(row))
            self._note(connection, "reveal requested", actor, {"look": row["look"]}, study_id=study.id)
        found = self.of_study(study.id)
        assert found is not None
        return found

    def finish(self, reveal: Reveal, result: Mapping[str, Any] | None, error: str | None, actor: str) -> None:
        """Write what the reveal gave, or why it failed."""
        state = "failed" if error else "done"
        values = {"state": state, "result": result, "error": error, "done_at": self.clock.now()}
        with self.database.write() as connection:
            connection.execute(update(_table).where(_table.c.id == reveal.id).values(values))
            self._note(connection, f"reveal {state}", actor, {"look": reveal.look}, study_id=reveal.study_id)

    def of_study(self, study_id: int) -> Reveal | None:
        """The reveal of a study."""
        with self.database.read() as connection:
            row = connection.execute(select(_table).where(_table.c.study_id == study_id)).mappings().first()
        return record_of(Reveal, row) if row else None

    def requested(self) -> list[Reveal]:
        """Reveals that wait for the worker."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(_table).where(_table.c.state == "requested").order_by(_table.c.id)
            ).mappings()
            return [record_of(Reveal, row) for row in rows]

    def looks(self, lineage: str) -> int:
        """How often the test of this lineage was opened."""
        query = select(func.count()).select_from(_table).where(_table.c.lineage == lineage, _table.c.state == "done")
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)
