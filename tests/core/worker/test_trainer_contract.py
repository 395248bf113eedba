"""What the worker may rely on, for every trainer: processes of this machine, and the script of the tests."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from core.worker.processes import Pool, run_once
from core.worker.protocols import Message, Session, Trainer
from tests.core.worker.scripted import ScriptedTrainer

SCRIPTED = "tests.core.worker.scripted_process"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="sqlite://")


@pytest.fixture(params=["process", "script"])
def trainer(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Trainer]:
    made: Trainer = Pool(settings, SCRIPTED) if request.param == "process" else ScriptedTrainer()
    yield made
    made.close()


def job(tmp_path: Path, **script: Any) -> dict[str, Any]:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    params = {"script": {"epoch_seconds": 0.01, **script}}
    return {
        "params": params,
        "seed": 1,
        "max_epochs": 1000,
        "run_dir": str(folder),
        "log_path": str(folder / "run.log"),
    }


def until(session: Session, event: str, seconds: float = 20.0) -> list[Message]:
    """Messages up to and with the first of this kind."""
    found: list[Message] = []
    end = time.monotonic() + seconds
    while event not in [message["event"] for message in found]:
        assert time.monotonic() < end, f"no {event} after {seconds} s, only {found}"
        found += session.poll()
        time.sleep(0.002)
    return found


def drain(session: Session, seconds: float = 20.0) -> list[Message]:
    found: list[Message] = []
    end = time.monotonic() + seconds
    while session.is_alive:
        assert time.monotonic() < end, "the session does not end"
        found += session.poll()
        time.sleep(0.002)
    return found


def kinds(messages: list[Message]) -> list[str]:
    return [message["event"] for message in messages if message["event"] != "ready"]


class TestTrainer:
    def test_a_job_tells_its_start_each_epoch_and_its_end(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, epochs=3))
        assert kinds(drain(session)) == ["started", "epoch", "epoch", "epoch", "complete"]
        assert session.exit_code == 0

    def test_polling_never_waits_for_an_epoch(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, epochs=2, epoch_seconds=0.5))
        before = time.monotonic()
        for _ in range(3):
            session.poll()
        assert time.monotonic() - before < 0.2
        session.kill()

    def test_stop_ends_it_between_two_epochs_with_stopped_as_the_last_word(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, epochs=500))
        until(session, "epoch")
        session.stop()
        assert kinds(drain(session))[-1] == "stopped"
        assert session.exit_code == 0

    def test_a_stopped_job_goes_on_where_it_was_and_tells_the_old_epochs_again(self, trainer: Trainer, tmp_path: Path):
        first = trainer.start(job(tmp_path, epochs=500))
        told = until(first, "epoch")
        first.stop()
        told += drain(first)
        reached = max(message["epoch"] for message in told if message["event"] == "epoch")
        again = drain(trainer.start(job(tmp_path, epochs=reached + 2)))
        assert [message["epoch"] for message in again if message["event"] == "epoch"] == list(range(1, reached + 3))

    def test_a_killed_job_is_over_at_once(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, epochs=500))
        until(session, "started")
        session.kill()
        rest = drain(session, 1.0)
        assert "complete" not in kinds(rest)
        assert session.exit_code == -9

    def test_a_failed_job_says_why(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, fail_at=2))
        last = drain(session)[-1]
        assert (last["event"], session.exit_code) == ("failed", 1)
        assert "lower lr" in last["cause"]

    def test_stopping_and_killing_what_is_over_does_nothing(self, trainer: Trainer, tmp_path: Path):
        session = trainer.start(job(tmp_path, epochs=1))
        drain(session)
        session.stop()
        session.kill()
        assert session.exit_code == 0

    def test_two_jobs_run_side_by_side(self, trainer: Trainer, tmp_path: Path):
        (tmp_path / "other").mkdir()
        sessions = [trainer.start(job(tmp_path, epochs=2)), trainer.start(job(tmp_path / "other", epochs=2))]
        assert all(kinds(drain(session))[-1] == "complete" for session in sessions)


def test_a_spare_that_died_is_replaced(settings: Settings, tmp_path: Path):
    pool = Pool(settings, SCRIPTED)
    assert pool._spare is not None
    pool._spare.kill()
    assert kinds(drain(pool.start(job(tmp_path, epochs=1))))[-1] == "complete"
    pool.close()


def test_what_is_no_message_goes_to_the_runs_log(settings: Settings, tmp_path: Path):
    pool = Pool(settings, SCRIPTED)
    drain(pool.start(job(tmp_path, epochs=1, babble=True)))
    pool.close()
    assert "Segmentation fault" in (tmp_path / "run" / "run.log").read_text()


def test_a_training_process_gets_its_share_of_the_cores_before_torch_is_imported(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("core.worker.jobs.cores", lambda: 8)
    pool = Pool(Settings(home=tmp_path, database_url="sqlite://", concurrency=4), SCRIPTED)
    pool.close()
    assert pool._environment["OMP_NUM_THREADS"] == "2"
    assert pool._environment["GOMP_SPINCOUNT"] == "2000"


def test_a_one_shot_process_gives_its_messages_one_by_one(settings: Settings, tmp_path: Path):
    assert kinds(list(run_once(SCRIPTED, job(tmp_path, epochs=2), settings)))[-1] == "complete"


def test_a_one_shot_process_that_dies_is_told_as_failed(settings: Settings, tmp_path: Path):
    last = list(run_once(SCRIPTED, job(tmp_path, crash_at=2), settings))[-1]
    assert last["event"] == "failed"
    assert "exit code 7" in last["cause"]


def test_a_one_shot_process_computes_on_the_device_of_the_settings(tmp_path: Path):
    settings = Settings(home=tmp_path, database_url="sqlite://", device="cuda:99")
    told = list(run_once("recmodels.scorer", {"kind": "score", "open_dir": str(tmp_path)}, settings))
    assert told[-1]["cause"].startswith("device='cuda:99' is not on this machine")
