"""What the agent said in SQL: its frozen proposals, the lessons behind them, its reflections."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, exists, func, insert, select, update

from core.errors import NotFound
from core.memory.records import Retrieval
from core.records import Params, Proposal, Reflection, Study, Trial
from core.states import TrialState, Verdict
from core.store import schema
from core.store.part import inserted_id
from core.store.trial_rows import TrialRows

_table = schema.proposals
_trials = schema.trials
_retrievals = schema.retrievals
_reflections = schema.reflections


@dataclasses.dataclass(frozen=True)
class Found:
    """A lesson found while planning, with its score in parts."""

    lesson_id: int
    revision: int
    score: float
    parts: Mapping[str, Any]
    shown: bool = True
    cited: bool = False
    decisive: bool = False


class Proposals(TrialRows):
    """Rows of `proposals`, `retrievals` and `reflections`."""

    def propose(
        self,
        study: Study,
        params: Params,
        seeds: Sequence[int],
        proposal: Mapping[str, Any],
        found: Sequence[Found] = (),
        deadline_at: float | None = None,
        kind: str = "planned",
    ) -> Trial:
        """Freeze a proposal as the study's next trial, waiting for a decision.

        Raises Conflict when the study has ended, or the same config was tried, waits or was vetoed in it.
        """
        with self.database.write() as connection:
            trial = self._insert_trial(connection, study, kind, TrialState.PROPOSED, params, seeds, deadline_at)
            row = {**proposal, "trial_id": trial.id, "params": dict(params), "created_at": self.clock.now()}
            proposal_id = inserted_id(connection.execute(insert(_table).values(row)))
            for hit in found:
                values = {**dataclasses.asdict(hit), "proposal_id": proposal_id, "parts": dict(hit.parts)}
                connection.execute(insert(_retrievals).values(values))
            self._note(connection, "trial proposed", proposal["author"], study_id=study.id, trial_id=trial.id)
        return trial

    def proposal(self, trial_id: int) -> Proposal | None:
        """The frozen proposal of a trial; None for baselines and a person's own trials."""
        return self._first(Proposal, select(_table).where(_table.c.trial_id == trial_id))

    def proposal_by_id(self, id: int) -> Proposal:
        """By its id. Raises NotFound."""
        found = self._first(Proposal, select(_table).where(_table.c.id == id))
        if found is None:
            raise NotFound(f"no proposal {id}; those that wait: python -m core decide")
        return found

    def mark_stale(self, lesson_id: int, why: str, actor: str) -> list[Trial]:
        """Mark every waiting proposal that cites the lesson; returns their trials."""
        citing = (
            select(_table.c.id, _table.c.trial_id, _trials.c.study_id)
            .join(_trials, _trials.c.id == _table.c.trial_id)
            .join(_retrievals, _retrievals.c.proposal_id == _table.c.id)
            .where(_retrievals.c.lesson_id == lesson_id, _retrievals.c.cited, _trials.c.state == TrialState.PROPOSED)
            .order_by(_table.c.id)
        )
        return self._mark(citing, why, actor, lesson_id=lesson_id)

    def mark_outrun(self, study_id: int, best_id: int, why: str, actor: str) -> list[Trial]:
        """Mark every waiting step of a study that was planned from another trial than the best; returns their trials.

        A sampler's draw builds on no trial and stays as it is.
        """
        outrun = (
            select(_table.c.id, _table.c.trial_id, _trials.c.study_id)
            .join(_trials, _trials.c.id == _table.c.trial_id)
            .where(_trials.c.study_id == study_id, _trials.c.state == TrialState.PROPOSED)
            .where(_table.c.axis != "", _table.c.base_trial_id != best_id)
            .order_by(_table.c.id)
        )
        return self._mark(outrun, why, actor)

    def mark_outside(self, trial_ids: Sequence[int], why: str, actor: str) -> list[Trial]:
        """Mark the waiting proposals of these trials; returns the trials that still waited."""
        outside = (
            select(_table.c.id, _table.c.trial_id, _trials.c.study_id)
            .join(_trials, _trials.c.id == _table.c.trial_id)
            .where(_trials.c.id.in_(trial_ids), _trials.c.state == TrialState.PROPOSED)
            .order_by(_table.c.id)
        )
        return self._mark(outside, why, actor)

    def _mark(self, waiting: Select[Any], why: str, actor: str, **ids: int) -> list[Trial]:
        with self.database.write() as connection:
            rows = connection.execute(waiting).all()
            for row in rows:
                connection.execute(update(_table).where(_table.c.id == row.id).values(stale=why))
                about = {"study_id": row.study_id, "trial_id": row.trial_id, **ids}
                self._note(connection, "proposal stale", actor, {"why": why}, **about)
            return [self._trial(connection, row.trial_id) for row in rows]

    def retrievals(self, trial_id: int) -> list[Retrieval]:
        """The lessons found for a trial's proposal, best first."""
        query = select(_retrievals).join(_table).where(_table.c.trial_id == trial_id)
        return self._all(Retrieval, query.order_by(_retrievals.c.score.desc(), _retrievals.c.lesson_id))

    def retrievals_of_lesson(self, lesson_id: int) -> list[Retrieval]:
        """Every use of a lesson in a proposal, oldest first."""
        query = select(_retrievals).where(_retrievals.c.lesson_id == lesson_id)
        return self._all(Retrieval, query.order_by(_retrievals.c.proposal_id))

    def rate_without_memory(self) -> tuple[int, int]:
        """Of the steps that an agent planned without being shown a lesson: how many were better, and how many clear."""
        shown = exists().where(_retrievals.c.proposal_id == _table.c.id, _retrievals.c.shown)
        clear = (Verdict.BETTER, Verdict.NOT_BETTER)
        verdict = _trials.c.step_comparison["verdict"].as_string()  # of the step itself, as lessons are paid
        query = (
            select(verdict, func.count())
            .join(_table, _table.c.trial_id == _trials.c.id)
            .where(_trials.c.kind == "planned", verdict.in_(clear), _table.c.axis != "", ~shown)
            .group_by(verdict)
        )
        with self.database.read() as connection:
            counts = {str(verdict): int(count) for verdict, count in connection.execute(query).all()}
        return counts.get(str(Verdict.BETTER), 0), sum(counts.values())

    def reflect(self, trial: Trial, reflection: Mapping[str, Any]) -> None:
        """Write the reflection on a trial; a second look replaces the first, which stays whole in the event log."""
        row = {**reflection, "trial_id": trial.id, "created_at": self.clock.now()}
        mine = _reflections.c.trial_id == trial.id
        with self.database.write() as connection:
            before = connection.execute(select(_reflections).where(mine)).mappings().first()
            if before:
                connection.execute(update(_reflections).where(mine).values(row))
            else:
                connection.execute(insert(_reflections).values(row))
            detail = {"replaces": dict(before)} if before else {}
            ids = {"study_id": trial.study_id, "trial_id": trial.id}
            self._note(connection, "trial reflected", row["author"], detail, **ids)

    def unsettled(self, study_id: int) -> list[Trial]:
        """Approved trials without a verdict, or with one that was not reflected on since; by number."""
        since = (_reflections.c.trial_id == _trials.c.id) & (_reflections.c.created_at >= _trials.c.judged_at)
        query = select(_trials).outerjoin(_reflections, since).where(_trials.c.study_id == study_id)
        query = query.where(_trials.c.state == TrialState.APPROVED, _reflections.c.id.is_(None))
        return self._all(Trial, query.order_by(_trials.c.number))

    def reflection(self, trial_id: int) -> Reflection | None:
        """The reflection on a judged trial."""
        return self._first(Reflection, select(_reflections).where(_reflections.c.trial_id == trial_id))
