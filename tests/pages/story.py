"""A home on disk with a whole story in it, told through the real store, loop, agent and worker with a scripted trainer.

Pages of a running server read it like any other home.
"""

import os
import socket
import time
from pathlib import Path
from typing import Any

from core.records import Run, Study
from core.settings import Settings
from core.states import RunState
from core.store import Store
from core.workspace import Workspace
from recmodels.registry import BACKBONES
from tests.core.loop.world import Surface, SurfaceTrainer, World, likes_dropout
from tests.core.worker.house import FakeClock
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore


class HomeWorld(World):
    """The world of the loop's tests on a file database; its clock starts `hours` ago and is moved by what happens."""

    def __init__(self, home: Path, hours: float = 3.0, surface: Surface = likes_dropout, **trainer: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.clock = FakeClock(time.time() - hours * 3600)
        url = f"sqlite:///{home / 'virtualmle.db'}"
        settings = Settings(home=home, database_url=url, device="cpu")
        self.index = MemoryStore()
        self.workspace = Workspace(settings, self.clock, Store(url, self.clock), self.index, "here-1")
        self.workspace.chosen_embedder = type("Chosen", (), {"embedder": HashingEmbedder()})()
        self.trainer = SurfaceTrainer(surface, **trainer)
        self.store = self.workspace.store
        self.worker = self._worker()

    def catch_up(self, seconds_ago: float = 0.0) -> None:
        """Let the clock stand at the real time, or some seconds before it."""
        self.clock.at = time.time() - seconds_ago

    def beat(self, doing: str = "waiting for work") -> None:
        """A sign of life of a worker that is this very process."""
        at, self.clock.at = self.clock.at, time.time()
        self.store.leases.beat("here-1", os.getpid(), socket.gethostname(), doing)
        self.clock.at = at

    def run_half(self, study: Study, epochs: int = 4) -> Run:
        """Claim the study's next run and let it train some epochs, without an end."""
        run = self.store.runs.claim("here-1")
        assert run is not None and run.study_id == study.id
        assert run.state is RunState.RUNNING
        for epoch in range(1, epochs + 1):
            self.clock.pass_(4.0)
            value = 0.05 * (1 - 0.6**epoch)
            self.store.runs.record(run, epoch, 6.0 * 0.8**epoch, {"ndcg@10": value, "recall@10": value * 2}, 4.0)
        return self.store.runs.get(run.id)


def tell_studies(home: Path) -> HomeWorld:
    """Three studies: one finished, one that waits for a decision, one with a run under way; lessons and events."""
    world = HomeWorld(home)
    world.dataset("shop")
    world.dataset("films", mean_length=60.0, density=0.02)
    world.finish(world.start("shop", name="shop-sasrec", trials=8))
    waiting = world.start("films", name="films-sasrec", autonomy="each", trials=12)
    for _ in range(3):
        trial = world.wait_for_proposal(waiting)
        world.deciding.approve(trial, "Ada", "dashboard", trial.approval_hash)
        world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)  # noqa: B023
    world.wait_for_proposal(waiting)
    world.catch_up(seconds_ago=400.0)
    running = world.start(
        "shop", name="shop-hstu", backbone="hstu" if "hstu" in BACKBONES else "sasrec", autonomy="each", trials=6
    )
    world.run_half(running)
    return world
