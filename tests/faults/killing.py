"""Ending processes as a power cut would, and asking the record afterwards whether anything was lost or done twice."""

import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.records import Run
from core.settings import Settings
from core.states import RunState
from core.store import Store
from core.worker.launch import ensure_worker
from core.worker.lock import holder_card, is_held

VICTIMS = ("worker", "run", "both")


def children_of(pid: int) -> list[int]:
    """Training processes of a worker: the one at work and the spare."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was quicker


class Killer:
    """Kills the worker, its training processes, or both, at random moments while a run is at work."""

    def __init__(self, store: Store, settings: Settings, command: Sequence[str], seed: int) -> None:
        self._store, self._settings, self._command = store, settings, command
        self._random = random.Random(seed)
        self.kills = 0

    def strike(self, longest_wait: float, in_training: bool = False) -> bool:
        """Wait for work (`in_training`: until a new epoch was told), let it go on for a random while, kill; False when
        nothing is left to do."""
        if not self._bring_to_work():
            return False
        if in_training:
            before = self._epochs()
            wait_for(lambda: self._epochs() != before, 90)
        time.sleep(self._random.uniform(0.0, longest_wait))
        victim = VICTIMS[self.kills % len(VICTIMS)]
        pid = int(holder_card(self._settings.home)["pid"])
        hit = ([pid] if victim != "run" else []) + (children_of(pid) if victim != "worker" else [])
        for each in hit:
            kill(each)
        if victim != "run":
            wait_for(lambda: not is_held(self._settings.home), 20)
        self.kills += 1
        return True

    def finish(self, seconds: float) -> None:
        """No more kills: let the worker do what is left."""
        until = time.monotonic() + seconds
        while self._bring_to_work():
            assert time.monotonic() < until, f"still unfinished: {self._store.runs.unfinished()}"
            time.sleep(0.05)

    def _epochs(self) -> int:
        return sum(run.epoch for study in self._store.studies.all() for run in self._store.runs.of_study(study.id))

    def _bring_to_work(self) -> bool:
        """A worker lives and a run is at work; failed ones are retried, as a person would. False: all is done."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            ensure_worker(self._settings, self._command)
            retry_failed(self._store)
            unfinished = self._store.runs.unfinished()
            if not unfinished:
                return False
            if any(run.state is RunState.RUNNING for run in unfinished):
                return True
            time.sleep(0.01)
        raise AssertionError(f"no run was taken up within 60 s: {self._store.runs.unfinished()}")


def retry_failed(store: Store) -> None:
    for study in store.studies.all():
        for run in store.runs.of_study(study.id):
            if run.state is RunState.FAILED:
                assert "workers were lost" in (run.error or ""), run.error
                store.runs.retry(run, "ann")


def check_record(store: Store, run: Run) -> None:
    """The run ended complete, once, with every epoch, and nothing happened to it afterwards."""
    kinds = [event.kind for event in reversed(store.events.newest(1000, run_id=run.id))]
    assert run.state is RunState.COMPLETE, (run, kinds)
    assert kinds.count("run complete") == 1, kinds
    assert kinds[-1] == "run complete", kinds
    assert kinds.count("run started") == run.attempt, kinds
    values = store.runs.values(run.id)
    assert [value.epoch for value in values] == list(range(1, len(values) + 1))
    assert run.value == max(value.metrics["ndcg@10"] for value in values)


def wait_for(fact: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)
