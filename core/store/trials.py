"""Trials, their proposals and decisions in SQL."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.approval import approval_hash, config_hash
from core.errors import Conflict, NotFound
from core.records import Decision, Params, Proposal, Reflection, Retrieval, Study, Trial
from core.states import TRIAL_MOVES, RunState, TrialState
from core.store import schema
from core.store.part import Part, inserted_id, lost_the_race, record_of

_table = schema.trials
_proposals = schema.proposals
_decisions = schema.decisions
_kind_of_state = {"approve": TrialState.APPROVED, "edit": TrialState.APPROVED, "veto": TrialState.VETOED}
_kind_of_state |= {"expire": TrialState.EXPIRED}


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


class Trials(Part):
    """Rows of `trials`, `proposals`, `decisions`, `reflections` and `retrievals`."""

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

        Raises Conflict when the same config was tried, waits or was vetoed in this study.
        """
        with self.database.write() as connection:
            self._refuse_duplicate(connection, study, params)
            trial_id = self._insert(connection, study, kind, TrialState.PROPOSED, params, seeds, deadline_at)
            row = {**proposal, "trial_id": trial_id, "params": dict(params), "created_at": self.clock.now()}
            proposal_id = inserted_id(connection.execute(insert(_proposals).values(row)))
            for hit in found:
                values = {**dataclasses.asdict(hit), "proposal_id": proposal_id, "parts": dict(hit.parts)}
                connection.execute(insert(schema.retrievals).values(values))
            self._note(connection, "trial proposed", proposal["author"], study_id=study.id, trial_id=trial_id)
        return self.get(trial_id)

    def add_approved(
        self, study: Study, kind: str, params: Params, seeds: Sequence[int], actor: str, via: str, reason: str
    ) -> Trial:
        """A trial that needs no proposal (baseline, production, a person's own): decided and queued at once."""
        with self.database.write() as connection:
            self._refuse_duplicate(connection, study, params)
            trial_id = self._insert(connection, study, kind, TrialState.APPROVED, params, seeds, None)
            trial = self._get(connection, trial_id)
            self._decide(connection, trial, "approve", actor, via, reason, trial.approval_hash, params)
            self._queue(connection, trial, seeds, "trial")
        return self.get(trial_id)

    def decide(
        self,
        trial: Trial,
        kind: str,
        actor: str,
        via: str,
        reason: str = "",
        seen_hash: str | None = None,
        params: Params | None = None,
    ) -> Trial:
        """Approve, edit (approve `params` instead), veto or expire a waiting trial; exactly one decision wins.

        `seen_hash` is the approval hash the person had in front of them. Raises Conflict when the trial changed since
        or was decided first by somebody else, saying by whom and when.
        """
        with self.database.write() as connection:
            now = self._get(connection, trial.id)
            if seen_hash and seen_hash != now.approval_hash:
                raise Conflict(
                    f"trial {now.number} changed since you saw it: you saw {seen_hash}, it is now {now.approval_hash}; "
                    "look at it again, then decide"
                )
            decided = dict(params) if kind == "edit" and params is not None else dict(now.params)
            if kind == "edit":
                study = (
                    connection.execute(select(schema.studies).where(schema.studies.c.id == now.study_id))
                    .mappings()
                    .one()
                )
                self._refuse_duplicate(connection, record_of(Study, study), decided, but=now.id)
            hash_ = approval_hash(decided, now.seeds, now.space_version, now.stamp)
            values = {"params": decided, "config_hash": config_hash(decided), "approval_hash": hash_}
            move = (TrialState.PROPOSED, _kind_of_state[kind])
            if not self._move(connection, _table, trial.id, move, TRIAL_MOVES, **values):
                raise lost_the_race(connection, f"trial {now.number}", "trial_id", trial.id, f"decided ({kind})")
            self._decide(connection, now, kind, actor, via, reason, hash_, decided)
            if move[1] is TrialState.APPROVED:
                self._queue(connection, now, now.seeds, "trial")
        return self.get(trial.id)

    def cancel(self, trial: Trial, actor: str, reason: str = "") -> Trial:
        """Withdraw a waiting trial, or end an approved one with all its runs; their processes are told to stop."""
        with self.database.write() as connection:
            values = {"judged_at": self.clock.now()} if trial.judged_at is None else {}
            if not self._move(connection, _table, trial.id, (trial.state, TrialState.CANCELLED), TRIAL_MOVES, **values):
                raise lost_the_race(connection, f"trial {trial.number}", "trial_id", trial.id, "cancelled")
            runs = schema.runs
            alive = runs.c.state.in_([RunState.QUEUED, RunState.RUNNING])
            connection.execute(
                update(runs)
                .where(runs.c.trial_id == trial.id, alive)
                .values(state=RunState.CANCELLED, ended_at=self.clock.now())
            )
            self._note(
                connection, "trial cancelled", actor, {"reason": reason}, study_id=trial.study_id, trial_id=trial.id
            )
        return self.get(trial.id)

    def add_seeds(self, trial: Trial, seeds: Sequence[int], purpose: str, actor: str, via: str, reason: str) -> Trial:
        """Queue further seeds of an approved trial: `extra` for a second look, `fresh` for the final figure."""
        with self.database.write() as connection:
            now = self._get(connection, trial.id)
            if now.state is not TrialState.APPROVED:
                raise Conflict(f"trial {now.number} is {now.state}; seeds can be added to an approved trial only")
            all_seeds = (*now.seeds, *seeds)
            hash_ = approval_hash(now.params, all_seeds, now.space_version, now.stamp)
            values: dict[str, Any] = {"seeds": list(all_seeds), "approval_hash": hash_}
            if purpose == "extra":
                values["judged_at"] = None
            changed = (
                update(_table).where(_table.c.id == now.id, _table.c.approval_hash == now.approval_hash).values(values)
            )
            if not connection.execute(changed).rowcount:
                raise lost_the_race(connection, f"trial {now.number}", "trial_id", now.id, "given seeds")
            self._decide(connection, now, "approve", actor, via, reason, hash_, now.params)
            self._queue(connection, now, seeds, purpose)
        return self.get(trial.id)

    def judge(
        self, trial: Trial, value: float | None, verdict: str | None, comparison: Mapping[str, Any] | None, actor: str
    ) -> bool:
        """Write the verdict once; False when the trial was judged or given a seed meanwhile."""
        values = {"value": value, "verdict": verdict, "comparison": comparison, "judged_at": self.clock.now()}
        with self.database.write() as connection:
            guard = update(_table).where(
                _table.c.id == trial.id, _table.c.judged_at.is_(None), _table.c.approval_hash == trial.approval_hash
            )
            if not connection.execute(guard.values(**values, looks=_table.c.looks + 1)).rowcount:
                return False
            detail = {"verdict": verdict, "value": value}
            self._note(connection, "trial judged", actor, detail, study_id=trial.study_id, trial_id=trial.id)
        return True

    def reflect(self, trial: Trial, reflection: Mapping[str, Any]) -> None:
        """Write the reflection on a trial; a second look replaces the first, which stays in the event log."""
        with self.database.write() as connection:
            table = schema.reflections
            before = connection.execute(select(table).where(table.c.trial_id == trial.id)).mappings().first()
            row = {**reflection, "trial_id": trial.id, "created_at": self.clock.now()}
            if before:
                connection.execute(update(table).where(table.c.trial_id == trial.id).values(row))
            else:
                connection.execute(insert(table).values(row))
            detail = {"replaces": before["observed"]} if before else {}
            self._note(connection, "trial reflected", row["author"], detail, study_id=trial.study_id, trial_id=trial.id)

    def mark_stale(self, lesson_id: int, why: str, actor: str) -> list[Trial]:
        """Mark every waiting proposal that cites the lesson; returns their trials."""
        retrievals = schema.retrievals
        with self.database.write() as connection:
            citing = (
                select(_proposals.c.id, _table.c.id.label("trial_id"), _table.c.study_id)
                .join(_table, _table.c.id == _proposals.c.trial_id)
                .join(retrievals, retrievals.c.proposal_id == _proposals.c.id)
                .where(retrievals.c.lesson_id == lesson_id, retrievals.c.cited, _table.c.state == TrialState.PROPOSED)
            )
            rows = connection.execute(citing).all()
            for row in rows:
                connection.execute(update(_proposals).where(_proposals.c.id == row.id).values(stale=why))
                ids = {"study_id": row.study_id, "trial_id": row.trial_id, "lesson_id": lesson_id}
                self._note(connection, "proposal stale", actor, {"why": why}, **ids)
        return [self.get(row.trial_id) for row in rows]

    def set_deadline(self, trial: Trial, deadline_at: float | None, actor: str) -> None:
        """Move or lift the deadline of a waiting trial ("keep waiting")."""
        with self.database.write() as connection:
            guard = update(_table).where(_table.c.id == trial.id, _table.c.state == TrialState.PROPOSED)
            if not connection.execute(guard.values(deadline_at=deadline_at)).rowcount:
                raise lost_the_race(connection, f"trial {trial.number}", "trial_id", trial.id, "given more time")
            self._note(connection, "deadline moved", actor, study_id=trial.study_id, trial_id=trial.id)

    def get(self, id: int) -> Trial:
        """By id. Raises NotFound."""
        with self.database.read() as connection:
            return self._get(connection, id)

    def by_number(self, study_id: int, number: int) -> Trial:
        """By its number in the study. Raises NotFound."""
        query = select(_table).where(_table.c.study_id == study_id, _table.c.number == number)
        with self.database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound(f"study {study_id} has no trial {number}")
        return record_of(Trial, row)

    def of_study(self, study_id: int) -> list[Trial]:
        """Every trial of a study by number."""
        query = select(_table).where(_table.c.study_id == study_id).order_by(_table.c.number)
        with self.database.read() as connection:
            return [record_of(Trial, row) for row in connection.execute(query).mappings()]

    def waiting(self, study_id: int | None = None) -> list[Trial]:
        """Trials that wait for a decision, oldest first."""
        query = select(_table).where(_table.c.state == TrialState.PROPOSED).order_by(_table.c.id)
        if study_id is not None:
            query = query.where(_table.c.study_id == study_id)
        with self.database.read() as connection:
            return [record_of(Trial, row) for row in connection.execute(query).mappings()]

    def proposal(self, trial_id: int) -> Proposal | None:
        """The frozen proposal of a trial; None for baselines and a person's own trials."""
        return self._one(Proposal, select(_proposals).where(_proposals.c.trial_id == trial_id))

    def proposal_by_id(self, id: int) -> Proposal:
        """By its id. Raises NotFound."""
        found = self._one(Proposal, select(_proposals).where(_proposals.c.id == id))
        if found is None:
            raise NotFound(f"no proposal {id}; those that wait: python -m core decide")
        return found

    def reflection(self, trial_id: int) -> Reflection | None:
        """The reflection on a judged trial."""
        return self._one(Reflection, select(schema.reflections).where(schema.reflections.c.trial_id == trial_id))

    def decisions(self, trial_id: int) -> list[Decision]:
        """Every decision on a trial, oldest first."""
        return self._many(
            Decision, select(_decisions).where(_decisions.c.trial_id == trial_id).order_by(_decisions.c.id)
        )

    def retrievals(self, trial_id: int) -> list[Retrieval]:
        """The lessons found for a trial's proposal, best first."""
        table = schema.retrievals
        query = select(table).join(_proposals).where(_proposals.c.trial_id == trial_id).order_by(table.c.score.desc())
        return self._many(Retrieval, query)

    def retrievals_of_lesson(self, lesson_id: int) -> list[Retrieval]:
        """Every use of a lesson in a proposal."""
        return self._many(Retrieval, select(schema.retrievals).where(schema.retrievals.c.lesson_id == lesson_id))

    def _one(self, kind: type[Any], query: Any) -> Any:
        found = self._many(kind, query)
        return found[0] if found else None

    def _many(self, kind: type[Any], query: Any) -> list[Any]:
        with self.database.read() as connection:
            return [record_of(kind, row) for row in connection.execute(query).mappings()]

    def _get(self, connection: Connection, id: int) -> Trial:
        row = connection.execute(select(_table).where(_table.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"no trial with id {id}")
        return record_of(Trial, row)

    def _insert(
        self,
        connection: Connection,
        study: Study,
        kind: str,
        state: TrialState,
        params: Params,
        seeds: Sequence[int],
        deadline_at: float | None,
    ) -> int:
        last = connection.execute(select(func.max(_table.c.number)).where(_table.c.study_id == study.id)).scalar()
        row = {
            "study_id": study.id,
            "number": (last or 0) + 1,
            "kind": kind,
            "state": state,
            "params": dict(params),
            "seeds": list(seeds),
            "space_version": study.space_version,
            "stamp": study.stamp,
            "config_hash": config_hash(params),
            "approval_hash": approval_hash(params, seeds, study.space_version, study.stamp),
            "looks": 0,
            "created_at": self.clock.now(),
            "deadline_at": deadline_at,
        }
        return inserted_id(connection.execute(insert(_table).values(row)))

    def _refuse_duplicate(self, connection: Connection, study: Study, params: Params, but: int | None = None) -> None:
        same = select(_table).where(
            _table.c.study_id == study.id, _table.c.config_hash == config_hash(params), _table.c.id != (but or 0)
        )
        ended = (TrialState.EXPIRED, TrialState.CANCELLED)
        row = connection.execute(same.where(_table.c.state.not_in(ended))).mappings().first()
        if row:
            raise Conflict(
                f"this config is trial {row['number']} of the study already ({row['state']}); "
                "change a field, or add seeds to that trial"
            )

    def _decide(
        self,
        connection: Connection,
        trial: Trial,
        kind: str,
        actor: str,
        via: str,
        reason: str,
        hash_: str,
        params: Params,
    ) -> None:
        row = {"trial_id": trial.id, "kind": kind, "actor": actor, "via": via, "reason": reason}
        row |= {"approval_hash": hash_, "params": dict(params), "at": self.clock.now()}
        connection.execute(insert(_decisions).values(row))
        verb = {"approve": "approved", "edit": "edited and approved", "veto": "vetoed", "expire": "expired"}[kind]
        self._note(connection, f"trial {verb}", actor, {"via": via}, study_id=trial.study_id, trial_id=trial.id)

    def _queue(self, connection: Connection, trial: Trial, seeds: Sequence[int], purpose: str) -> None:
        for seed in seeds:
            row = {"trial_id": trial.id, "study_id": trial.study_id, "seed": seed, "purpose": purpose}
            row |= {"state": RunState.QUEUED, "attempt": 0, "losses": 0, "epoch": 0, "metrics": {}, "seconds": 0.0}
            connection.execute(insert(schema.runs).values({**row, "created_at": self.clock.now()}))
