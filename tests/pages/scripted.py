"""Studies in every state on a home that pages can open: store, loop, agent and worker are real."""

import time
from typing import Any

import numpy as np
import pandas as pd

from core.records import Dataset, Run, Study
from core.states import RunState
from core.store import Store
from core.workspace import Workspace
from tests.core.loop.world import USERS, Surface, SurfaceTrainer, World, likes_dropout
from tests.core.worker.house import FakeClock
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore

AGO = 2 * 3600.0  # the story begins two hours before the page is opened


class ScriptedHome(World):
    """A world on the database and the folders of a home."""

    def __init__(self, home: Workspace, surface: Surface = likes_dropout, **trainer: Any) -> None:
        self.clock = FakeClock(time.time() - AGO)
        self.index = MemoryStore()
        store = Store(home.settings.database_url, self.clock)
        self.workspace = Workspace(home.settings, self.clock, store, self.index, "here-1")
        self.workspace.chosen_embedder = type("Chosen", (), {"embedder": HashingEmbedder()})()
        self.trainer = SurfaceTrainer(surface, **trainer)
        self.store = self.workspace.store
        self.worker = self._worker()

    def dataset(self, name: str = "toy", **profile: Any) -> Dataset:
        """A registered dataset whose open part holds a history and a target of every user."""
        dataset = super().dataset(name, **profile)
        drawn = np.random.default_rng(1)
        lengths = drawn.integers(2, 12, USERS)
        users = np.repeat(np.arange(USERS), lengths)
        train = pd.DataFrame({"user": users, "item": drawn.geometric(0.1, len(users)).clip(1, 50)})
        targets = pd.DataFrame({"user": np.arange(USERS), "item": drawn.geometric(0.1, USERS).clip(1, 50)})
        folder = self.workspace.settings.datasets / dataset.folder / "open"
        train.assign(is_target=True).to_parquet(folder / "train.parquet")
        targets.assign(is_target=True).to_parquet(folder / "validation.parquet")
        return dataset

    def run_into(self, study: Study, number: int, epoch: int = 3) -> Run:
        """Tick until the trial of that number trains and is so many epochs in; its run."""

        def found() -> list[Run]:
            own = {trial.id for trial in self.store.trials.of_study(study.id) if trial.number == number}
            runs = [run for run in self.store.runs.of_study(study.id) if run.trial_id in own]
            return [run for run in runs if run.state is RunState.RUNNING and run.epoch >= epoch]

        self.run_until(lambda: bool(found()))
        return found()[0]
