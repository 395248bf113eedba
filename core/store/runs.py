"""Runs in SQL: claims with attempt numbers, intermediate values, and how a run ends."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from core.errors import Conflict, IllegalMove, NotFound, StaleAttempt
from core.records import IntermediateValue, Run
from core.states import RUN_ENDED, RUN_MOVES, RunState, StudyState, TrialState
from core.store import schema
from core.store.part import touch
from core.store.trial_rows import TrialRows, unjudge

_table = schema.runs
_values = schema.intermediate_values
LEASE_SECONDS = 60.0
MOST_LOSSES = 3


class Runs(TrialRows):
    """Rows of `runs` and `intermediate_values`. Every write of a worker carries its attempt; a stale one is refused."""

    def claim(self, worker: str) -> Run | None:
        """Take the oldest queued run of an active or stopping study and raise its attempt; None when there is none."""
        queued = (
            select(_table.c.id, _table.c.attempt, _table.c.study_id, _table.c.trial_id)
            .join(schema.studies, schema.studies.c.id == _table.c.study_id)
            .where(_table.c.state == RunState.QUEUED)
            .where(schema.studies.c.state.in_([StudyState.ACTIVE, StudyState.STOPPING]))
            .order_by(_table.c.id)
            .limit(1)
        )
        with self.database.write() as connection:
            row = connection.execute(queued).first()
            if row is None:
                return None
            now = self.clock.now()
            values = {"attempt": row.attempt + 1, "worker": worker, "lease_until": now + LEASE_SECONDS}
            values |= {"started_at": func.coalesce(_table.c.started_at, now), "error": None}
            if not self._move(connection, _table, row.id, (RunState.QUEUED, RunState.RUNNING), RUN_MOVES, **values):
                return None  # another worker was first
            ids = {"study_id": row.study_id, "trial_id": row.trial_id, "run_id": row.id}
            self._note(connection, "run started", worker, {"attempt": row.attempt + 1}, **ids)
        return self.get(row.id)

    def record(
        self, run: Run, epoch: int, train_loss: float | None, metrics: Mapping[str, float], seconds: float
    ) -> None:
        """Write the values of one epoch and renew the lease, in one transaction; the same epoch again replaces it.

        Raises StaleAttempt when the run is no longer this attempt's.
        """
        with self.database.write() as connection:
            self._own(connection, run, epoch=case((_table.c.epoch > epoch, _table.c.epoch), else_=epoch))
            same = (_values.c.run_id == run.id, _values.c.epoch == epoch)
            connection.execute(delete(_values).where(*same))
            row = {"run_id": run.id, "epoch": epoch, "attempt": run.attempt, "train_loss": train_loss}
            connection.execute(insert(_values).values({**row, "metrics": dict(metrics), "seconds": seconds}))
            touch(connection, run.study_id)

    def beat(self, run: Run) -> None:
        """Renew the lease of a running run. Raises StaleAttempt."""
        with self.database.write() as connection:
            self._own(connection, run)

    def end(self, run: Run, state: RunState, actor: str, **values: Any) -> Run:
        """Complete, prune, fail or cancel a running run. Raises StaleAttempt when it is no longer this attempt's."""
        if state not in RUN_ENDED:
            raise IllegalMove(f"a run does not end as {state}; give it back with `pause` or `lose`")
        with self.database.write() as connection:
            self._own(connection, run)
            ended = {"ended_at": self.clock.now(), "lease_until": None, **values}
            self._move(connection, _table, run.id, (RunState.RUNNING, state), RUN_MOVES, **ended)
            detail = {"error": values["error"]} if values.get("error") else {}
            self._note(connection, f"run {state}", actor, detail, **_ids(run))
        return self.get(run.id)

    def pause(self, run: Run, actor: str) -> Run:
        """Give a running run back to the queue, to go on from its last epoch; a pause does not count as a loss."""
        with self.database.write() as connection:
            self._own(connection, run)
            self._requeue(connection, run, {})
            self._note(connection, "run paused", actor, {}, **_ids(run))
        return self.get(run.id)

    def lose(self, run: Run, actor: str, why: str) -> Run:
        """Take a run from a lost process: back to the queue, or failed at the third loss. Raises StaleAttempt."""
        with self.database.write() as connection:
            self._own(connection, run)
            losses = run.losses + 1
            if losses < MOST_LOSSES:
                self._requeue(connection, run, {"losses": losses})
            else:
                error = f"{MOST_LOSSES} workers were lost on this run ({why}); look at its log, then retry it"
                values = {"losses": losses, "error": error, "ended_at": self.clock.now(), "lease_until": None}
                self._move(connection, _table, run.id, (RunState.RUNNING, RunState.FAILED), RUN_MOVES, **values)
            state = RunState.QUEUED if losses < MOST_LOSSES else RunState.FAILED
            detail = {"why": why, "losses": losses, "state": state}
            self._note(connection, "run lost", actor, detail, **_ids(run))
        return self.get(run.id)

    def retry(self, run: Run, actor: str) -> Run:
        """Queue a failed or pruned run again; it goes on from its last checkpoint, and its trial is judged again.

        A pruned one is spared from now on: it runs to its end. Raises IllegalMove for a run that neither failed nor was
        pruned, Conflict when its trial or study is over.
        """
        with self.database.write() as connection:
            values: dict[str, Any] = {"losses": 0, "error": None, "ended_at": None, "worker": None}
            failed, pruned = (RunState.FAILED, RunState.QUEUED), (RunState.PRUNED, RunState.QUEUED)
            if not (
                self._move(connection, _table, run.id, failed, RUN_MOVES, **values)
                or self._move(connection, _table, run.id, pruned, RUN_MOVES, **values, spared=True)
            ):
                current = connection.execute(select(_table.c.state).where(_table.c.id == run.id)).scalar()
                raise IllegalMove(f"run {run.id} is {current or 'unknown'}; only a failed or pruned run can be retried")
            self._refuse_ended(connection, run.study_id)
            trial = self._trial(connection, run.trial_id)
            if trial.state is not TrialState.APPROVED:
                raise Conflict(f"run {run.id} belongs to trial {trial.number}, which is {trial.state}; clone the trial")
            if run.purpose != "fresh":
                unjudge(connection, run.trial_id)
            self._note(connection, "run retried", actor, {}, **_ids(run))
        return self.get(run.id)

    def orphans(self, worker: str, host_workers: frozenset[str]) -> list[Run]:
        """Running runs nobody works on: of workers known to be gone, or whose lease ended.

        A lease that ends further ahead than any lease can means that the clock jumped back: it counts as ended.
        """
        now = self.clock.now()
        others = [run for run in self._select(_table.c.state == RunState.RUNNING) if run.worker != worker]
        return [
            run
            for run in others
            if run.worker in host_workers or not now <= (run.lease_until or 0.0) <= now + 2 * LEASE_SECONDS
        ]

    def get(self, id: int) -> Run:
        """By id. Raises NotFound."""
        found = self._first(Run, select(_table).where(_table.c.id == id))
        if found is None:
            raise NotFound(f"no run {id}")
        return found

    def of_trial(self, trial_id: int) -> list[Run]:
        """The runs of a trial, in the order they were queued."""
        return self._select(_table.c.trial_id == trial_id)

    def of_study(self, study_id: int) -> list[Run]:
        """The runs of a study, in the order they were queued."""
        return self._select(_table.c.study_id == study_id)

    def unfinished(self) -> list[Run]:
        """Every queued or running run."""
        return self._select(_table.c.state.in_([RunState.QUEUED, RunState.RUNNING]))

    def values(self, run_id: int) -> list[IntermediateValue]:
        """The intermediate values of a run by epoch."""
        return self._all(IntermediateValue, select(_values).where(_values.c.run_id == run_id).order_by(_values.c.epoch))

    def _select(self, condition: Any) -> list[Run]:
        return self._all(Run, select(_table).where(condition).order_by(_table.c.id))

    def _own(self, connection: Connection, run: Run, **values: Any) -> None:
        mine = (_table.c.id == run.id, _table.c.attempt == run.attempt, _table.c.state == RunState.RUNNING)
        lease = {"lease_until": self.clock.now() + LEASE_SECONDS}
        if not connection.execute(update(_table).where(*mine).values({**lease, **values})).rowcount:
            now = connection.execute(select(_table.c.attempt, _table.c.state).where(_table.c.id == run.id)).first()
            if now is None:
                raise NotFound(f"no run {run.id}")
            raise StaleAttempt(
                f"run {run.id}: attempt {run.attempt} no longer owns it (now attempt {now.attempt}, {now.state}); "
                "its results are not written"
            )

    def _requeue(self, connection: Connection, run: Run, values: Mapping[str, Any]) -> None:
        values = {"worker": None, "lease_until": None, **values}
        self._move(connection, _table, run.id, (RunState.RUNNING, RunState.QUEUED), RUN_MOVES, **values)


def _ids(run: Run) -> dict[str, int]:
    return {"study_id": run.study_id, "trial_id": run.trial_id, "run_id": run.id}
