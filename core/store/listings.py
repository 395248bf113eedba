"""Pages of rows for the dashboard's lists: filtered, sorted and cut in SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from core.records import Proposal, Trial
from core.states import TrialState
from core.store import schema
from core.store.part import Part

_trials = schema.trials
_proposals = schema.proposals


class Listings(Part):
    """Reads only."""

    def count_waiting(self, study_id: int | None = None) -> int:
        """How many trials wait for a decision, of one study or of all."""
        return self._count(_waiting(select(func.count()).select_from(_trials), study_id))

    def waiting(self, limit: int, offset: int = 0, study_id: int | None = None) -> list[Trial]:
        """Trials that wait for a decision, oldest first."""
        return self._all(Trial, _waiting(select(_trials), study_id).order_by(_trials.c.id).limit(limit).offset(offset))

    def waits_before(self, trial_id: int, study_id: int | None = None) -> int:
        """How many of the waiting trials are older than this one."""
        older = _waiting(select(func.count()).select_from(_trials), study_id)
        return self._count(older.where(_trials.c.id < trial_id))

    def studies_that_wait(self) -> list[int]:
        """Ids of the studies with a proposal to decide."""
        query = _waiting(select(_trials.c.study_id), None).distinct().order_by(_trials.c.study_id)
        with self.database.read() as connection:
            return [int(id) for id in connection.execute(query).scalars()]

    def proposals(self, trial_ids: Sequence[int]) -> dict[int, Proposal]:
        """The frozen proposals of these trials, by trial."""
        rows = self._all(Proposal, select(_proposals).where(_proposals.c.trial_id.in_(trial_ids)))
        return {row.trial_id: row for row in rows}

    def _count(self, query: Select[Any]) -> int:
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)


def _waiting(query: Select[Any], study_id: int | None) -> Select[Any]:
    found = query.where(_trials.c.state == TrialState.PROPOSED)
    return found if study_id is None else found.where(_trials.c.study_id == study_id)
