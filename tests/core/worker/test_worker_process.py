"""The worker as a process: one per home, detached, stopped in order, gone when idle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from core.clock import SystemClock
from core.errors import StorageFailed, WorkerRunning
from core.states import RunState, StudyState
from core.worker.attempt import Why
from core.worker.launch import ensure_worker, revive_worker, stop_worker, worker_status
from core.worker.lock import WorkerLock, holder_card, is_held
from core.worker.processes import ROOT, Pool
from tests.core.worker.house import House

COMMAND = ("-m", "tests.core.worker.worker_process")
SCRIPTED = "tests.core.worker.scripted_process"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[House]:
    """A house in real time, whose worker is ended after the test."""
    house = House(tmp_path, SystemClock())
    yield house
    stop_worker(house.settings)


def wait_for(fact: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


def test_a_detached_worker_does_the_work_and_is_seen(live: House):
    trial = live.trial(live.study(), epochs=3)
    assert ensure_worker(live.settings, COMMAND)
    wait_for(lambda: live.store.runs.of_trial(trial.id)[0].state is RunState.COMPLETE)
    status = worker_status(live.store, live.clock)
    assert status is not None
    assert status.pid == holder_card(live.settings.home)["pid"] != os.getpid()


def test_of_two_callers_one_starts_the_worker(live: House):
    started: list[bool] = []
    callers = [threading.Thread(target=lambda: started.append(ensure_worker(live.settings, COMMAND))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(started) == [False, True]


def test_a_second_worker_is_refused_and_told_which_process_works_and_how_to_end_it(live: House):
    ensure_worker(live.settings, COMMAND)
    pid = holder_card(live.settings.home)["pid"]
    second = subprocess.run(
        [sys.executable, *COMMAND], cwd=ROOT, env=live.settings.environment(), capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"process {pid}" in second.stderr
    assert f"kill {pid}" in second.stderr


def test_a_worker_that_is_told_to_stop_gives_its_run_back_and_the_next_one_finishes_it(live: House):
    trial = live.trial(live.study(), epochs=20, epoch_seconds=0.05)
    ensure_worker(live.settings, COMMAND)
    wait_for(lambda: live.store.runs.of_trial(trial.id)[0].epoch >= 3)
    assert stop_worker(live.settings)
    [run] = live.store.runs.of_trial(trial.id)
    assert (run.state, run.losses) == (RunState.QUEUED, 0)
    assert worker_status(live.store, live.clock) is None
    assert ensure_worker(live.settings, COMMAND)
    wait_for(lambda: live.store.runs.of_trial(trial.id)[0].state is RunState.COMPLETE)
    assert len(live.store.runs.values(run.id)) == 20


def test_a_killed_worker_leaves_no_lock_and_no_process_behind(live: House):
    live.trial(live.study(), epochs=1000, epoch_seconds=0.05)
    ensure_worker(live.settings, COMMAND)
    wait_for(lambda: live.store.runs.unfinished()[0].epoch >= 1)
    os.kill(holder_card(live.settings.home)["pid"], signal.SIGKILL)
    wait_for(lambda: not is_held(live.settings.home))
    time.sleep(0.2)
    told = live.store.runs.unfinished()[0].epoch
    checkpoint = next(live.settings.artifacts.rglob("checkpoint.json"))
    before = checkpoint.stat().st_mtime_ns
    time.sleep(0.3)
    assert checkpoint.stat().st_mtime_ns == before
    assert ensure_worker(live.settings, COMMAND)
    wait_for(lambda: live.store.runs.unfinished()[0].epoch > told)


def test_a_killed_worker_is_revived_and_one_that_was_stopped_is_not(live: House):
    assert not revive_worker(live.settings, COMMAND)
    ensure_worker(live.settings, COMMAND)
    assert not revive_worker(live.settings, COMMAND)
    os.kill(holder_card(live.settings.home)["pid"], signal.SIGKILL)
    wait_for(lambda: not is_held(live.settings.home))
    assert revive_worker(live.settings, COMMAND)
    stop_worker(live.settings)
    assert not revive_worker(live.settings, COMMAND)


def test_a_worker_with_nothing_to_do_leaves_by_itself(live: House):
    ensure_worker(live.settings, (*COMMAND, "--idle-minutes", "0.005"))
    wait_for(lambda: not is_held(live.settings.home))
    assert stop_worker(live.settings) is False


def test_a_worker_that_cannot_come_up_says_why(live: House):
    with pytest.raises(StorageFailed, match=r"No module named tests\.no_such_worker"):
        ensure_worker(live.settings, ("-m", "tests.no_such_worker"))


def test_a_newer_database_is_refused_with_its_reason(tmp_path: Path):
    house = House(tmp_path, SystemClock())
    with house.store.database.write() as connection:
        connection.execute(sqlalchemy.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StorageFailed, match="newer than"):
        ensure_worker(house.settings, COMMAND)


def test_the_foreground_shows_a_line_per_event(live: House):
    live.trial(live.study(), epochs=2)
    worker = subprocess.Popen(
        [sys.executable, *COMMAND, "--foreground"],
        cwd=ROOT,
        env=live.settings.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: "run complete" in [event.kind for event in live.store.events.newest(20)])
    time.sleep(0.3)
    worker.send_signal(signal.SIGINT)
    _, shown = worker.communicate(timeout=20)
    assert worker.returncode == 0
    assert "run started · study 1 trial 1 run 1" in shown
    assert "run complete" in shown


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageFailed, match="home cannot be written"):
        WorkerLock(tmp_path / "home").acquire()


def test_the_lock_says_who_holds_it(tmp_path: Path):
    held = WorkerLock(tmp_path)
    held.acquire()
    with pytest.raises(WorkerRunning, match=f"process {os.getpid()}"):
        WorkerLock(tmp_path).acquire()
    held.release()
    WorkerLock(tmp_path).acquire()


def test_a_process_that_does_not_heed_stop_is_killed_and_its_run_still_paused(tmp_path: Path):
    house = House(tmp_path, SystemClock())
    study = house.study()
    trial = house.trial(study, epochs=1000, epoch_seconds=0.02, deaf=True)
    pool = Pool(house.settings, SCRIPTED)
    worker = house.worker(trainer=pool)
    wait_for(lambda: worker.tick() and house.store.runs.of_trial(trial.id)[0].epoch >= 1)
    house.store.studies.move(study.id, StudyState.PAUSED, "ann")
    worker.tick()
    [attempt] = worker._attempts
    assert attempt._why is Why.PAUSE
    attempt._kill_at = 0.0  # the five seconds are over
    until = time.monotonic() + 20
    while worker._attempts and time.monotonic() < until:
        worker.tick()
    pool.close()
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.losses) == (RunState.QUEUED, 0)
