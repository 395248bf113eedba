"""The life of a trial in SQL: queued without asking, decided, given seeds, judged, cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select, update

from core.approval import approval_hash, config_hash
from core.errors import Conflict, IllegalMove, InvalidInput, NotFound
from core.records import Decision, Params, Study, Trial
from core.states import TRIAL_MOVES, RunState, TrialState
from core.store import schema
from core.store.part import lost_the_race
from core.store.trial_rows import TrialRows, unjudge

_table = schema.trials
_decisions = schema.decisions
_runs = schema.runs
_state_after = {
    "approve": TrialState.APPROVED,
    "edit": TrialState.APPROVED,
    "veto": TrialState.VETOED,
    "expire": TrialState.EXPIRED,
}
_alive = _runs.c.state.in_([RunState.QUEUED, RunState.RUNNING])


class Trials(TrialRows):
    """Rows of `trials` and `decisions`."""

    def add_approved(
        self, study: Study, kind: str, params: Params, seeds: Sequence[int], actor: str, via: str, reason: str
    ) -> Trial:
        """A trial that needs no proposal (baseline, production, a person's own): decided and queued at once.

        Raises Conflict when the study has ended or holds this config already.
        """
        with self.database.write() as connection:
            trial = self._insert_trial(connection, study, kind, TrialState.APPROVED, params, seeds)
            self._write_decision(connection, trial, "approve", actor, via, reason, trial.approval_hash, params)
            self._queue(connection, trial, seeds, "trial")
        return trial

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
        or was decided first by somebody else (saying by whom and when), when the study has ended, or when an edit
        makes a config that the study holds already.
        """
        if kind not in _state_after or (kind == "edit") != (params is not None):
            raise InvalidInput(f"{kind!r} is no decision: approve, veto, expire, or edit with the edited config")
        with self.database.write() as connection:
            now = self._trial(connection, trial.id)
            move = (TrialState.PROPOSED, _state_after[kind])
            decided = dict(now.params if params is None else params)
            agreed = approval_hash(decided, now.seeds, now.space_version, now.stamp)
            values = {"params": decided, "config_hash": config_hash(decided), "approval_hash": agreed}
            if not self._move(connection, _table, now.id, move, TRIAL_MOVES, **values):
                raise lost_the_race(
                    connection, f"trial {now.number}", "trial_id", now.id, f"decided ({kind})", "trial "
                )
            if seen_hash and seen_hash != now.approval_hash:
                raise Conflict(
                    f"trial {now.number} changed since you saw it: you saw {seen_hash}, it is now {now.approval_hash}; "
                    "look at it again, then decide"
                )
            self._write_decision(connection, now, kind, actor, via, reason, agreed, decided)
            if move[1] is TrialState.APPROVED:
                self._refuse_ended(connection, now.study_id)
                self._refuse_duplicate(connection, now.study_id, decided, but=now.id)
                self._queue(connection, now, now.seeds, "trial")
        return self.get(trial.id)

    def cancel(self, trial: Trial, actor: str, reason: str = "") -> Trial:
        """Withdraw a waiting trial, or end an approved one with all its runs; their processes are told to stop.

        Raises IllegalMove for a trial that has its verdict and runs no more, Conflict when it was decided meanwhile.
        """
        with self.database.write() as connection:
            now = self._trial(connection, trial.id)
            runs = connection.execute(select(_runs.c.id).where(_runs.c.trial_id == trial.id, _alive)).first()
            if now.state is TrialState.APPROVED and now.judged_at is not None and runs is None:
                raise IllegalMove(f"trial {now.number} has ended, nothing of it runs; its record stays as it is")
            if not self._cancel_trial(connection, trial, actor, reason):
                raise lost_the_race(connection, f"trial {trial.number}", "trial_id", trial.id, "cancelled", "trial ")
        return self.get(trial.id)

    def add_seeds(self, trial: Trial, seeds: Sequence[int], purpose: str, actor: str, via: str, reason: str) -> Trial:
        """Queue further seeds of an approved trial: `extra` for a second look, `fresh` for the final figure.

        Raises Conflict when the trial is not approved, has one of these seeds already, or its study has ended.
        """
        with self.database.write() as connection:
            now = self._trial(connection, trial.id)
            self._refuse_ended(connection, now.study_id)
            if now.state is not TrialState.APPROVED:
                raise Conflict(f"trial {now.number} is {now.state}; seeds can be added to an approved trial only")
            if not seeds or len({*now.seeds, *seeds}) < len(now.seeds) + len(seeds):
                raise Conflict(f"trial {now.number} has the seeds {list(now.seeds)}; give others than {list(seeds)}")
            all_seeds = (*now.seeds, *seeds)
            agreed = approval_hash(now.params, all_seeds, now.space_version, now.stamp)
            changed = update(_table).where(_table.c.id == now.id)
            connection.execute(changed.values(seeds=list(all_seeds), approval_hash=agreed))
            if purpose == "extra":
                unjudge(connection, now.id)
            self._write_decision(connection, now, "approve", actor, via, reason, agreed, now.params)
            self._queue(connection, now, seeds, purpose)
        return self.get(trial.id)

    def judge(
        self,
        trial: Trial,
        value: float | None,
        verdict: str | None,
        comparison: Mapping[str, Any] | None,
        actor: str,
        step_comparison: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write the verdict once; False when it was judged, cancelled, given a seed or a run of it retried meanwhile.

        So a verdict is always about every run that counts for it: fresh seeds are for the final figure, not for this.
        """
        values: dict[str, Any] = {"value": value, "verdict": verdict, "judged_at": self.clock.now()}
        values |= {"comparison": comparison, "step_comparison": step_comparison}
        counts = exists().where(_runs.c.trial_id == trial.id, _runs.c.purpose != "fresh", _alive)
        same = (_table.c.judged_at.is_(None), _table.c.approval_hash == trial.approval_hash)
        guard = update(_table).where(_table.c.id == trial.id, *same, ~counts)
        with self.database.write() as connection:
            if not connection.execute(guard.values(**values, looks=_table.c.looks + 1)).rowcount:
                return False
            detail = {"verdict": verdict, "value": value}
            self._note(connection, "trial judged", actor, detail, study_id=trial.study_id, trial_id=trial.id)
        return True

    def judge_again(self, study_id: int, actor: str) -> None:
        """Ask for a verdict on what ended with a value when there was nothing to judge it against."""
        lacking = (_table.c.judged_at.is_not(None), _table.c.value.is_not(None), _table.c.verdict.is_(None))
        query = select(_table.c.id).where(_table.c.study_id == study_id, _table.c.kind != "baseline", *lacking)
        with self.database.write() as connection:
            for id in connection.execute(query).scalars().all():
                unjudge(connection, id)
                self._note(connection, "to be judged again", actor, study_id=study_id, trial_id=id)

    def set_deadline(self, trial: Trial, deadline_at: float | None, actor: str) -> None:
        """Move or lift the deadline of a waiting trial ("keep waiting")."""
        with self.database.write() as connection:
            guard = update(_table).where(_table.c.id == trial.id, _table.c.state == TrialState.PROPOSED)
            if not connection.execute(guard.values(deadline_at=deadline_at)).rowcount:
                what = f"trial {trial.number}"
                raise lost_the_race(connection, what, "trial_id", trial.id, "given more time", "trial ")
            detail = {"deadline_at": deadline_at}
            self._note(connection, "deadline moved", actor, detail, study_id=trial.study_id, trial_id=trial.id)

    def get(self, id: int) -> Trial:
        """By id. Raises NotFound."""
        with self.database.read() as connection:
            return self._trial(connection, id)

    def by_number(self, study_id: int, number: int) -> Trial:
        """By its number in the study. Raises NotFound."""
        found = self._first(Trial, select(_table).where(_table.c.study_id == study_id, _table.c.number == number))
        if found is None:
            raise NotFound(f"study {study_id} has no trial {number}")
        return found

    def of_study(self, study_id: int) -> list[Trial]:
        """Every trial of a study by number."""
        return self._all(Trial, select(_table).where(_table.c.study_id == study_id).order_by(_table.c.number))

    def created(self, study_id: int) -> list[tuple[int, float]]:
        """Number of every trial and when it came to be, by number."""
        query = select(_table.c.number, _table.c.created_at).where(_table.c.study_id == study_id)
        with self.database.read() as connection:
            return [(row.number, row.created_at) for row in connection.execute(query.order_by(_table.c.number))]

    def waiting(self, study_id: int | None = None) -> list[Trial]:
        """Trials that wait for a decision, oldest first."""
        query = select(_table).where(_table.c.state == TrialState.PROPOSED).order_by(_table.c.id)
        if study_id is not None:
            query = query.where(_table.c.study_id == study_id)
        return self._all(Trial, query)

    def decisions(self, trial_id: int) -> list[Decision]:
        """Every decision on a trial, oldest first."""
        query = select(_decisions).where(_decisions.c.trial_id == trial_id).order_by(_decisions.c.id)
        return self._all(Decision, query)

    def decided(self, study_id: int, *kinds: str) -> list[Decision]:
        """Every decision of these kinds on a study's trials, oldest first."""
        query = select(_decisions).join(_table, _table.c.id == _decisions.c.trial_id)
        query = query.where(_table.c.study_id == study_id, _decisions.c.kind.in_(kinds))
        return self._all(Decision, query.order_by(_decisions.c.id))
