"""How rows of `trials`, `decisions` and `runs` come to be and are withdrawn; shared by the parts that do so."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.approval import approval_hash, config_hash
from core.errors import Conflict, NotFound
from core.records import Params, Study, Trial
from core.states import RUN_MOVES, STUDY_ENDED, TRIAL_MOVES, RunState, StudyState, TrialState
from core.store import schema
from core.store.part import Part, first, inserted_id, last_event, record_of

_trials = schema.trials
_runs = schema.runs
_verbs = {"approve": "approved", "edit": "edited and approved", "veto": "vetoed", "expire": "expired"}


class TrialRows(Part):
    """Steps inside a transaction that the caller holds."""

    def _trial(self, connection: Connection, id: int) -> Trial:
        row = connection.execute(select(_trials).where(_trials.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(f"no trial with id {id}")
        return record_of(Trial, row)

    def _insert_trial(
        self,
        connection: Connection,
        study: Study,
        kind: str,
        state: TrialState,
        params: Params,
        seeds: Sequence[int],
        deadline_at: float | None = None,
    ) -> Trial:
        """The study's next trial. Raises Conflict when the study has ended or holds this config already."""
        self._refuse_ended(connection, study.id)
        self._refuse_duplicate(connection, study.id, params)
        last = connection.execute(select(func.max(_trials.c.number)).where(_trials.c.study_id == study.id)).scalar()
        row = {"study_id": study.id, "number": (last or 0) + 1, "kind": kind, "state": state, "params": dict(params)}
        row |= {"seeds": list(seeds), "space_version": study.space_version, "stamp": study.stamp, "looks": 0}
        row |= {"config_hash": config_hash(params), "created_at": self.clock.now(), "deadline_at": deadline_at}
        row |= {"approval_hash": approval_hash(params, seeds, study.space_version, study.stamp)}
        return self._trial(connection, inserted_id(connection.execute(insert(_trials).values(row))))

    def _refuse_ended(self, connection: Connection, study_id: int) -> None:
        studies = schema.studies
        state = connection.execute(select(studies.c.state).where(studies.c.id == study_id)).scalar()
        if state is None:
            raise NotFound(f"no study {study_id}")
        if StudyState(state) in STUDY_ENDED:
            event = last_event(connection, "study_id", study_id, f"study {state}")
            who = f" ({first(event.actor, event.kind, event.at)})" if event else ""
            at = event.at if event else None
            raise Conflict(f"study {study_id} is {state}{who}: nothing more runs in it; start a new study", at)

    def _refuse_duplicate(self, connection: Connection, study_id: int, params: Params, but: int | None = None) -> None:
        """A config that expired or was cancelled may come again; one that waits, ran or was vetoed may not."""
        tried = _trials.c.state.not_in((TrialState.EXPIRED, TrialState.CANCELLED))
        same = select(_trials.c.number, _trials.c.state).where(
            _trials.c.study_id == study_id, _trials.c.config_hash == config_hash(params), tried
        )
        row = connection.execute(same if but is None else same.where(_trials.c.id != but)).first()
        if row:
            raise Conflict(
                f"this config is trial {row.number} of the study already ({row.state}); "
                "change a field, or add seeds to that trial"
            )

    def _write_decision(
        self,
        connection: Connection,
        trial: Trial,
        kind: str,
        actor: str,
        via: str,
        reason: str,
        agreed: str,
        params: Params,
    ) -> None:
        """The decision and its event; `agreed` is the approval hash it was about."""
        row: dict[str, Any] = {"trial_id": trial.id, "kind": kind, "actor": actor, "via": via, "reason": reason}
        row |= {"approval_hash": agreed, "params": dict(params), "at": self.clock.now()}
        connection.execute(insert(schema.decisions).values(row))
        detail = {"via": via, "reason": reason} if reason else {"via": via}
        ids = {"study_id": trial.study_id, "trial_id": trial.id}
        self._note(connection, f"trial {_verbs[kind]}", actor, detail, **ids)

    def _queue(self, connection: Connection, trial: Trial, seeds: Sequence[int], purpose: str) -> None:
        for seed in seeds:
            row = {"trial_id": trial.id, "study_id": trial.study_id, "seed": seed, "purpose": purpose}
            row |= {"state": RunState.QUEUED, "attempt": 0, "losses": 0, "epoch": 0, "metrics": {}, "seconds": 0.0}
            connection.execute(insert(_runs).values({**row, "created_at": self.clock.now()}))

    def _cancel_trial(self, connection: Connection, trial: Trial, actor: str, reason: str) -> bool:
        """Cancel a trial and its runs; False when it is no longer in the state of `trial`."""
        judged_at = func.coalesce(_trials.c.judged_at, self.clock.now())
        move = (trial.state, TrialState.CANCELLED)
        if not self._move(connection, _trials, trial.id, move, TRIAL_MOVES, judged_at=judged_at):
            return False
        detail: Mapping[str, Any] = {"reason": reason} if reason else {}
        ids = {"study_id": trial.study_id, "trial_id": trial.id}
        self._note(connection, "trial cancelled", actor, detail, **ids)
        self._cancel_runs(connection, _runs.c.trial_id == trial.id, actor, reason)
        return True

    def _cancel_runs(self, connection: Connection, condition: Any, actor: str, reason: str) -> None:
        """Cancel the queued and running runs among those that meet a condition; the worker ends their processes."""
        alive = _runs.c.state.in_([RunState.QUEUED, RunState.RUNNING])
        found = connection.execute(select(_runs).where(condition, alive).order_by(_runs.c.id)).mappings().all()
        values = {"ended_at": self.clock.now(), "lease_until": None}
        for row in found:
            move = (RunState(row["state"]), RunState.CANCELLED)
            if self._move(connection, _runs, row["id"], move, RUN_MOVES, **values):
                ids = {"study_id": row["study_id"], "trial_id": row["trial_id"], "run_id": row["id"]}
                self._note(connection, "run cancelled", actor, {"reason": reason} if reason else {}, **ids)

    def _cancel_study(self, connection: Connection, study_id: int, actor: str) -> None:
        """Withdraw what waits in a study and end what runs; trials with a verdict keep it."""
        open_trial = (_trials.c.state == TrialState.PROPOSED) | (
            (_trials.c.state == TrialState.APPROVED) & _trials.c.judged_at.is_(None)
        )
        rows = connection.execute(select(_trials).where(_trials.c.study_id == study_id, open_trial)).mappings().all()
        for row in rows:
            self._cancel_trial(connection, record_of(Trial, row), actor, "the study was cancelled")
        self._cancel_runs(connection, _runs.c.study_id == study_id, actor, "the study was cancelled")


def unjudge(connection: Connection, trial_id: int) -> None:
    """Ask for a further verdict on a trial: it was given a seed, or a failed run is tried again."""
    connection.execute(update(_trials).where(_trials.c.id == trial_id).values(judged_at=None))
