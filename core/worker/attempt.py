"""One claimed run and the process that trains it: what the process says goes into SQL, once, in order."""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.artifacts import RANKS
from core.errors import StaleAttempt
from core.records import Run
from core.states import RunState
from core.store import Store
from core.worker.processes import how_it_ended
from core.worker.protocols import Message, Session

log = logging.getLogger("core.worker")
STOP_SECONDS = 5.0  # what a process gets to end between two batches before it is killed
BEAT_SECONDS = 15.0  # a quarter of the lease: an epoch may take longer than that
FINAL = 0  # stands for the evaluation after the last epoch
KEPT = ("coverage@10", "popularity@10", "parameters", "epochs", "priors", "without_priors")  # of the final report


class Why(StrEnum):
    """Why a session was asked to stop, which says what becomes of its run."""

    PAUSE = "paused"  # back to the queue, not counted as a loss
    CANCEL = "cancelled"  # its study was cancelled
    PRUNE = "pruned"  # it is hopeless
    DROP = "taken away"  # the run is another's or has ended: nothing may be written


class NeverStarted:
    """The session of a run that no process could be given: its only word is why."""

    def __init__(self, cause: str) -> None:
        self._messages: list[Message] = [{"event": "failed", "cause": cause}]

    def poll(self) -> list[Message]:
        """The cause, once."""
        messages, self._messages = self._messages, []
        return messages

    def stop(self) -> None:
        """Nothing runs."""

    def kill(self) -> None:
        """Nothing runs."""

    @property
    def is_alive(self) -> bool:
        """Until the cause was read."""
        return bool(self._messages)

    @property
    def exit_code(self) -> int | None:
        """A failure."""
        return 1


class Attempt:
    """Follows one session to its end. A message that could not be written stays first in line and is written when
    the disk is well again; a message of an attempt that no longer owns its run is dropped and the session killed."""

    def __init__(
        self,
        store: Store,
        run: Run,
        label: str,
        session: Session,
        monotonic: Callable[[], float],
        objective: str = "",
        folder: Path | None = None,
        why_hopeless: Callable[[Run], str | None] = lambda run: None,
    ) -> None:
        self.run, self.label, self.epoch = run, label, run.epoch
        self.is_over = False
        self.device = ""  # told by the session
        self._store, self._session, self._monotonic = store, session, monotonic
        self._objective, self._folder = objective, folder
        self._why_hopeless, self._reason = why_hopeless, ""
        self._waiting: deque[Message] = deque()
        self._seconds: dict[int, float] = {}
        self._peak_mib = 0.0
        self._has_started = False
        self._why: Why | None = None
        self._kill_at = self._beat_at = monotonic() + BEAT_SECONDS

    @property
    def doing(self) -> str:
        """For the worker's status line."""
        return f"{self.label} · epoch {self.epoch}"

    @property
    def is_stopping(self) -> bool:
        """Whether the session was asked to stop."""
        return self._why is not None

    def reap(self) -> bool:
        """After the last word: whether the process has ended too; one that lingers is killed."""
        self._session.poll()
        self._kill_when_late()
        return not self._session.is_alive

    def stop(self, why: Why) -> None:
        """Ask the session to stop, once; a run that was taken away stays so whatever is asked later, and a pause
        does not spare a hopeless one."""
        if self._why is None:
            self._session.stop()
            self._kill_at = self._monotonic() + STOP_SECONDS
        if self._why is not Why.DROP and (self._why, why) != (Why.PRUNE, Why.PAUSE):
            self._why = why

    def discard(self) -> None:
        """Kill the session and write nothing more."""
        self._why = Why.DROP
        self.is_over = True
        self._session.kill()

    def take_away(self) -> None:
        """Another attempt owns the run: its process must not touch the run's folder any longer."""
        self.discard()
        log.warning("%s was taken over or ended elsewhere: its process was killed, nothing was written", self.label)

    def step(self) -> bool:
        """Write what the session said; whether it said anything. Raises StorageFailed, and then nothing is lost."""
        messages = self._session.poll()
        self._waiting.extend(messages)
        try:
            self._write_waiting()
            if not self.is_over and not self._session.is_alive and not self._waiting:
                self._ended(None)
            self._keep_lease()
        except StaleAttempt:
            self.take_away()
        self._kill_when_late()
        return bool(messages) or self.is_over

    def _write_waiting(self) -> None:
        while self._waiting and not self.is_over:
            try:
                self._write(self._waiting[0])
            except (KeyError, TypeError, ValueError) as problem:
                self._session.kill()
                self._fail(f"the trainer said something unreadable ({type(problem).__name__}: {problem}); see the log")
            self._waiting.popleft()

    def _write(self, message: Message) -> None:
        match message["event"]:
            case "started":
                self._started(message)
            case "epoch":
                self._epoch(message)
            case "complete":
                self._complete(message)
            case "failed":
                self._fail(str(message["cause"]))
            case "stopped":
                self._ended("the process stopped without being asked")

    def _started(self, message: Message) -> None:
        self._has_started = True
        self.device = str(message.get("device") or "")
        if message.get("note"):
            ids = {"study_id": self.run.study_id, "trial_id": self.run.trial_id, "run_id": self.run.id}
            self._store.events.note("run noted", self._actor, {"note": message["note"]}, **ids)

    def _epoch(self, message: Message) -> None:
        epoch, seconds = int(message["epoch"]), float(message["seconds"])
        if self._why is not Why.DROP:
            self._store.runs.record(self.run, epoch, message.get("train_loss"), message["metrics"], seconds)
        self._seconds[epoch] = seconds
        self._peak_mib = max(self._peak_mib, float(message.get("peak_mib") or 0.0))
        self.epoch = epoch
        self._beat_at = self._monotonic() + BEAT_SECONDS
        if self._why is None and (reason := self._why_hopeless(self.run)):
            self._reason = reason
            self.stop(Why.PRUNE)

    def _complete(self, message: Message) -> None:
        if self._folder is not None and not (self._folder / RANKS).is_file():
            return self._fail(f"the run ended but left no {self._folder / RANKS}; retry it")
        if self._objective not in message["metrics"]:
            return self._fail(f"the run ended without its objective {self._objective}: {sorted(message['metrics'])}")
        extra: dict[str, Any] = {key: message[key] for key in KEPT if key in message}
        extra["slices"] = _flat(message.get("slices", {}), self._objective)
        self._seconds[FINAL] = float(message.get("seconds") or 0.0)
        return self._end(
            RunState.COMPLETE,
            epoch=int(message.get("epochs") or self.epoch),  # more than was told where another run's weights served
            best_epoch=int(message["best_epoch"]),
            value=float(message["metrics"][self._objective]),
            metrics={**message["metrics"], **extra, "peak_mib": self._peak_mib},
        )

    def _fail(self, cause: str) -> None:
        self._end(RunState.FAILED, error=cause)

    def _end(self, state: RunState, **values: Any) -> None:
        if self._why is not Why.DROP:
            self._store.runs.end(self.run, state, self._actor, seconds=sum(self._seconds.values()), **values)
        self.is_over = True

    def _ended(self, why: str | None) -> None:
        """No result will come: by request, or because the process is gone."""
        if self._why is Why.PAUSE:
            self._store.runs.pause(self.run, self._actor)
        elif self._why is Why.CANCEL:
            self._end(RunState.CANCELLED)
        elif self._why is Why.PRUNE:
            self._end(RunState.PRUNED, epoch=self.epoch, error=self._reason)
        elif self._why is None:
            hint = "" if self._has_started else "; it never started: the worker's log (worker.log) may say why"
            self._store.runs.lose(self.run, self._actor, (why or how_it_ended(self._session.exit_code)) + hint)
        self.is_over = True

    def _keep_lease(self) -> None:
        if not self.is_over and self._why is not Why.DROP and self._monotonic() >= self._beat_at:
            self._store.runs.beat(self.run)
            self._beat_at = self._monotonic() + BEAT_SECONDS

    def _kill_when_late(self) -> None:
        """After its last word, or asked to stop, a process has a few seconds."""
        if self.is_over and self._why is None:
            self._why, self._kill_at = Why.DROP, self._monotonic() + STOP_SECONDS
        if self._why is not None and self._monotonic() >= self._kill_at and self._session.is_alive:
            self._session.kill()

    @property
    def _actor(self) -> str:
        return self.run.worker or "worker"


def _flat(slices: Mapping[str, Mapping[str, Mapping[str, float]]], objective: str) -> dict[str, float]:
    """The objective of each slice by one name, such as `history length 5-7`; none where it was not measured."""
    return {
        f"{kind.replace('_', ' ')} {name}": figures[objective]
        for kind, members in slices.items()
        for name, figures in members.items()
        if objective in figures
    }
