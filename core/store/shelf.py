"""Studies out of sight: archived and brought back. Nothing of them is deleted, and what they taught stays in use."""

from sqlalchemy import func, select, update

from core.errors import Conflict, NotFound
from core.records import Study
from core.states import STUDY_ENDED, StudyState
from core.store import schema
from core.store.part import Part, record_of

_table = schema.studies


class Shelf(Part):
    """The column `archived_at` of `studies`."""

    def archive(self, study_id: int, actor: str) -> Study:
        """Take a study out of lists and selectors. Raises Conflict for one that has not ended."""
        return self._put(study_id, self.clock.now(), "study archived", actor)

    def restore(self, study_id: int, actor: str) -> Study:
        """Bring it back."""
        return self._put(study_id, None, "study restored", actor)

    def archived(self) -> list[Study]:
        """Those out of sight, oldest first."""
        return self._all(Study, select(_table).where(_table.c.archived_at.is_not(None)).order_by(_table.c.id))

    def count(self) -> int:
        """How many there are."""
        query = select(func.count()).select_from(_table).where(_table.c.archived_at.is_not(None))
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def _put(self, study_id: int, at: float | None, kind: str, actor: str) -> Study:
        query = select(_table).where(_table.c.id == study_id)
        with self.database.write() as connection:
            row = connection.execute(query).mappings().first()
            if row is None:
                raise NotFound(f"no study {study_id}")
            if at is not None and StudyState(row["state"]) not in STUDY_ENDED:
                raise Conflict(
                    f"study {study_id} is {row['state']}; stop or cancel it first: only a study that has ended "
                    "can be archived"
                )
            if (row["archived_at"] is None) != (at is None):
                connection.execute(update(_table).where(_table.c.id == study_id).values(archived_at=at))
                self._note(connection, kind, actor, study_id=study_id)
            return record_of(Study, connection.execute(query).mappings().one())
