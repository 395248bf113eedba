"""The worker: one tick looks at everything once and does what is due."""

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.clock import Clock
from core.errors import Conflict, IllegalMove, StaleAttempt
from core.loop.screening import PASSED, Screening
from core.records import Run, Study
from core.settings import Settings
from core.states import RunState, StudyState
from core.store import Store
from core.worker.attempt import Attempt, NeverStarted, Why
from core.worker.background import Background, Inline
from core.worker.faults import Faults
from core.worker.jobs import CannotStart, DatasetGone, prepare
from core.worker.machine import tell_machine
from core.worker.protocols import Indexer, Loop, Reveals, Trainer
from core.worker.rounds import RevealDesk, Rounds

log = logging.getLogger("core.worker")
LIVE = frozenset({StudyState.ACTIVE, StudyState.PAUSED, StudyState.STOPPING})
WORKING = frozenset({StudyState.ACTIVE, StudyState.STOPPING})
STATUS_SECONDS = 3.0
ORPHAN_SECONDS = 10.0


class Worker:
    """Claims runs, follows their processes, moves studies on. It alone holds the lock of its home, so that every
    other worker whose name starts with `siblings` is dead. `clock` is the world's time, for leases; `monotonic` paces
    the worker itself and never jumps."""

    def __init__(
        self,
        store: Store,
        trainer: Trainer,
        clock: Clock,
        settings: Settings,
        name: str,
        loop: Loop,
        indexer: Indexer,
        reveals: Reveals,
        siblings: str = "",
        planning: Background | None = None,
        revealing: Background | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        why_hopeless: Callable[[Run], str | None] | None = None,
    ) -> None:
        self.store, self.trainer, self.clock, self.settings, self.name = store, trainer, clock, settings, name
        self._siblings, self._monotonic = siblings, monotonic
        self._screening = Screening(store)
        self._why_hopeless = why_hopeless or self._looked_at
        self._faults = Faults(store, name, monotonic)
        self._rounds = Rounds(loop, indexer, self._faults, planning or Inline(), monotonic)
        self._desk = RevealDesk(store, reveals, name, self._faults, revealing or Inline(), monotonic)
        self._attempts: list[Attempt] = []
        self._leaving: list[Attempt] = []
        self._beat_at = self._orphans_at = float("-inf")
        self._doing = self._device = ""
        self._studies: Sequence[Study] = ()
        self._unfinished: Sequence[Run] = ()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs, waits to run, or is being planned. Raises StorageFailed."""
        busy = self._attempts or self._rounds.is_busy or self._desk.is_busy
        return not (busy or self.store.studies.all(WORKING) or self.store.reveals.requested())

    def tick(self) -> bool:
        """One look at everything; whether something happened."""
        steps: list[tuple[str, Callable[[], bool | None]]] = [
            ("orphans", self._requeue_orphans),
            ("supervision", self._supervise),
            ("runs", self._follow),
            ("claims", self._claim),
            ("status", self._tell_status),
            ("rounds", lambda: self._rounds.tick(self._studies)),
            ("reveals", self._desk.tick),
        ]
        happened = [self._faults.attempt(key, "worker", step) for key, step in steps]
        return any(happened)

    def leave(self, seconds: float = 10.0, pause: Callable[[float], None] = time.sleep) -> None:
        """Stop every run between two batches and give it back to the queue, which is no loss; then sign off."""
        until = self._monotonic() + seconds
        for attempt in self._attempts:
            attempt.stop(Why.PAUSE)
        while (self._attempts or self._rounds.is_busy) and self._monotonic() < until:
            if not self._follow():
                pause(0.02)
        for attempt in self._attempts + self._leaving:
            attempt.discard()
        self.trainer.close()
        self._faults.attempt("sign off", "worker", lambda: self.store.leases.leave(self.name))

    def _requeue_orphans(self) -> bool:
        """Take back runs of workers that are gone. A worker of this home is gone for sure: we hold its lock."""
        if self._monotonic() < self._orphans_at:
            return False
        names = {run.worker for run in self.store.runs.unfinished() if run.worker}
        names |= {worker.name for worker in self.store.leases.workers()}
        gone = frozenset(name for name in names if self._is_dead_sibling(name))
        orphans = self.store.runs.orphans(self.name, gone)
        for run in orphans:
            self._take_back(run)
        for name in gone:
            self.store.leases.leave(name)
        self._orphans_at = self._monotonic() + ORPHAN_SECONDS
        return bool(orphans)

    def _is_dead_sibling(self, name: str) -> bool:
        return bool(self._siblings) and name.startswith(self._siblings) and name != self.name

    def _take_back(self, run: Run) -> None:
        try:
            self.store.runs.lose(run, self.name, f"worker {run.worker} ended without a word")
        except StaleAttempt as problem:
            log.info("%s", problem)  # it lives after all, or somebody else took it back first

    def _supervise(self) -> bool:
        """Stop what was paused, cancelled or taken over since the last tick."""
        self._studies, self._unfinished = self.store.studies.all(LIVE), self.store.runs.unfinished()
        states = {study.id: study.state for study in self._studies}
        running = {run.id: run for run in self._unfinished if run.state is RunState.RUNNING}
        for attempt in self._attempts:
            self._check(attempt, running.get(attempt.run.id), states.get(attempt.run.study_id))
        followed = {attempt.run.id for attempt in self._attempts}
        for run in running.values():
            if run.worker == self.name and run.id not in followed:
                self.store.runs.pause(run, self.name)  # claimed, but the database failed before we knew
        return False

    def _check(self, attempt: Attempt, now: Run | None, study_state: StudyState | None) -> None:
        if now is None:
            attempt.stop(Why.DROP)  # cancelled, pruned, or given back to the queue by somebody
        elif now.attempt != attempt.run.attempt:
            attempt.take_away()
        elif study_state is None:
            attempt.stop(Why.CANCEL)
        elif study_state is StudyState.PAUSED:
            attempt.stop(Why.PAUSE)

    def _follow(self) -> bool:
        happened = False
        for attempt in self._attempts:
            happened |= self._faults.attempt(f"run {attempt.run.id}", "worker", attempt.step)
        over = [attempt for attempt in self._attempts if attempt.is_over]
        self._attempts = [attempt for attempt in self._attempts if not attempt.is_over]
        self._leaving = [attempt for attempt in self._leaving + over if not attempt.reap()]
        return happened

    def _claim(self) -> bool:
        free = self.settings.concurrency - len(self._attempts)
        if free <= 0 or not self._has_queued():
            return False
        run = self.store.runs.claim(self.name)
        if run is not None:
            self._attempts.append(self._start(run))
        return run is not None

    def _has_queued(self) -> bool:
        """A read first: a claim takes the database's write lock."""
        working = {study.id for study in self._studies if study.state in WORKING}
        return any(run.state is RunState.QUEUED and run.study_id in working for run in self._unfinished)

    def _start(self, run: Run) -> Attempt:
        label = f"run {run.id}"
        try:
            label = f"trial {self.store.trials.get(run.trial_id).number} · seed {run.seed}"
            job = prepare(self.store, self.settings, run)
            session = self.trainer.start(job)
        except (CannotStart, OSError) as problem:
            log.error("%s cannot start: %s", label, problem)
            if isinstance(problem, DatasetGone):
                self._pause(run, problem)
            return Attempt(self.store, run, label, NeverStarted(str(problem)), self._monotonic)
        folder = Path(job["run_dir"])
        objective = job["objective"]
        return Attempt(self.store, run, label, session, self._monotonic, objective, folder, self._why_hopeless)

    def _looked_at(self, run: Run) -> str | None:
        """Why a run is hopeless after its last epoch; one that passes its first look has that noted."""
        why = self._screening.why_hopeless(run)
        epoch = None if why else self._screening.passed_at(run)
        if epoch and not self.store.events.newest(1, run_id=run.id, kind=PASSED):
            ids = {"study_id": run.study_id, "trial_id": run.trial_id, "run_id": run.id}
            self.store.events.note(PASSED, self.name, {"epoch": epoch}, **ids)
        return why

    def _pause(self, run: Run, problem: DatasetGone) -> None:
        try:
            self.store.studies.move(run.study_id, StudyState.PAUSED, self.name, f"{problem}, then resume the study")
        except (Conflict, IllegalMove) as refused:
            log.info("%s", refused)  # somebody paused it first, or it is ending

    def _tell_status(self) -> bool:
        runs = [attempt.label for attempt in self._attempts]
        if self._monotonic() < self._beat_at and str(runs) == self._doing:
            return False
        doing = "; ".join(attempt.doing for attempt in self._attempts) or "waiting for work"
        self.store.leases.beat(self.name, os.getpid(), socket.gethostname(), doing)
        self._beat_at, self._doing = self._monotonic() + STATUS_SECONDS, str(runs)
        self._device = next((attempt.device for attempt in self._attempts if attempt.device), self._device)
        tell_machine(self.settings.home, self._device)
        return False
