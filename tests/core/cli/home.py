"""A home on disk for the command line: scripted training and a hand-moved clock beside verbs that are the real ones.

The worker's lock is held by the test itself, which is that worker, so that no verb starts another one.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core.cli import main
from core.records import Dataset, Study, Trial
from core.settings import Settings
from core.store import Store, schema
from core.worker.lock import WorkerLock
from core.workspace import Workspace
from tests.core.loop.world import USERS, Surface, SurfaceTrainer, World, likes_dropout
from tests.core.worker.house import FakeClock
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Answer:
    """What a verb said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Home(World):
    """A world whose database is a file, so that verbs and other processes see it."""

    def __init__(
        self, home: Path, capture: pytest.CaptureFixture[str] | None, surface: Surface = likes_dropout
    ) -> None:
        self.home, self.capture = home, capture
        self.lock = WorkerLock(home)
        self.lock.acquire()
        self.lock.say_up()
        self.clock = FakeClock(time.time())
        settings = Settings(home=home, database_url=f"sqlite:///{home / 'virtualmle.db'}", device="cpu")
        self.index = MemoryStore()
        self.workspace = Workspace(settings, self.clock, Store(settings.database_url, self.clock), self.index, "here-1")
        self.workspace.chosen_embedder = type("Chosen", (), {"embedder": HashingEmbedder()})()
        self.trainer = SurfaceTrainer(surface)
        self.store = self.workspace.store
        self.worker = self._worker()
        self.dataset()

    def dataset(self, name: str = "toy", **profile: Any) -> Dataset:
        """As in the world, with the card that verbs show."""
        made = super().dataset(name, **profile)
        told = {"findings": [], "bad_rows": [], "synthetic": False, "order_rule": "by timestamp", "masking_reason": ""}
        counts = {**made.card["counts"], "users": USERS, "interactions": 9_000}
        with self.store.database.write() as connection:
            card = {**made.card, **told, "counts": counts, "name": name}
            connection.execute(update(schema.datasets).where(schema.datasets.c.id == made.id).values(card=card))
        return self.store.datasets.get(name)

    def say(self, *arguments: str) -> Answer:
        """Run a verb in this process."""
        assert self.capture is not None
        self.capture.readouterr()
        code = main(arguments)
        said = self.capture.readouterr()
        assert "Traceback" not in said.err
        return Answer(code, said.out, said.err)

    def refuses(self, *arguments: str) -> str:
        """The error of a verb that must fail, which is one sentence on standard error and nothing else."""
        answer = self.say(*arguments)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("error: ")
        return answer.err

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """Run a verb in a process of its own, which hears Ctrl-C even where this one runs in a background job."""
        return subprocess.Popen(
            [sys.executable, "-m", "core", *arguments],
            cwd=ROOT,
            env={**os.environ, "VIRTUALMLE_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def waiting(self, **plan: Any) -> tuple[Study, Trial, int]:
        """A study with a proposal that waits, its trial, and the proposal's id."""
        study = self.start(**{"autonomy": "each", "trials": 3, **plan})
        trial = self.wait_for_proposal(study)
        proposal = self.store.proposals.proposal(trial.id)
        assert proposal is not None
        return study, trial, proposal.id
