"""A whole program in one process: real store, loop, agent, memory and worker; the clock and the trainer are scripted.

The trainer draws ranks from a surface over params, so that verdicts are about something: every user has a difficulty
of their own, shared by all configs, and a seed shifts everybody a little.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.data.profile import Profile
from core.memory.documents import PROFILES
from core.records import Dataset, Study, Trial
from core.settings import Settings
from core.space import SearchSpace
from core.store import Store
from core.studies.deciding import Deciding
from core.studies.starting import StudyPlan, start_study
from core.worker.worker import Worker
from core.workspace import Workspace
from recmodels.ranking.metrics import summary
from tests.core.worker.house import FakeClock
from tests.core.worker.scripted import ScriptedSession, ScriptedTrainer
from tests.core.worker.story import RANKS, Story
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore
from vectorstore.protocol import VectorStore

USERS = 1500
CLASSIC = (
    *("hidden_dim", "num_blocks", "num_heads", "linear_ratio", "ffn", "dropout", "attn_dropout", "position"),
    *("max_len", "embedding_norm", "tied_embeddings", "lr", "weight_decay", "optimizer", "batch_size"),
    *("train_targets", "train_windows", "loss", "negatives", "temperature", "early_stop_patience"),
)
STORY = 422  # draws the noise that the stories below were written around
Surface = Callable[[Mapping[str, Any]], float]


def classic_space() -> SearchSpace:
    """SASRec's classic fields alone, so that a story does not change with every field that is added."""
    space = SearchSpace.of("sasrec")
    for name, param in space.declared.items():
        space = space if name in CLASSIC else space.fix(name, param.default)
    return space


def likes_dropout(params: Mapping[str, Any]) -> float:
    """A surface with one strong axis; 0 for the default config, in units of users' difficulty."""
    return 4.0 * (params["dropout"] - 0.2)


def flat(params: Mapping[str, Any]) -> float:
    """A surface where nothing matters."""
    return 0.0


class SurfaceStory(Story):
    """Seven epochs that rise to the surface's value."""

    surface: Surface = staticmethod(flat)
    seed_noise = 0.02

    def __init__(self, job: Mapping[str, Any]) -> None:
        super().__init__({**job, "params": {**job["params"], "script": {"epochs": 7}}})
        self._ranks = self._draw(job)
        self._final = summary(self._ranks)

    def _draw(self, job: Mapping[str, Any]) -> np.ndarray:
        difficulty = np.random.default_rng(0).normal(4.0, 2.0, USERS)
        classic = sorted((name, value) for name, value in job["params"].items() if name in CLASSIC)
        own = np.random.default_rng(int(job["seed"]) * 1000 + STORY + len(str(classic)))
        quality = type(self).surface(job["params"]) + own.normal(0.0, self.seed_noise)
        above = np.floor(np.exp(difficulty - quality + own.normal(0.0, 0.3, USERS)))
        return np.stack([np.clip(above, 0, 10_000), np.zeros(USERS)]).astype(np.uint32)

    def value_of(self, epoch: int) -> float:
        return float(self._final["ndcg@10"]) * (1 - 0.5**epoch) / (1 - 0.5**7)

    def end(self) -> dict[str, Any]:
        return {
            **super().end(),
            "best_epoch": 7,
            "metrics": self._final,
            "slices": {"history_length": {"short": {"ndcg@10": self._final["ndcg@10"]}}},
        }

    def _keep_ranks(self) -> None:
        with open(self.folder / RANKS, "wb") as file:
            np.save(file, self._ranks)


class SurfaceTrainer(ScriptedTrainer):
    """Trains on a surface; `failing` names params whose runs fail."""

    def __init__(self, surface: Surface, failing: Callable[[Mapping[str, Any]], bool] = lambda params: False) -> None:
        super().__init__()
        self._surface, self._failing = surface, failing

    def start(self, job: Mapping[str, Any]) -> ScriptedSession:
        story = type("Told", (SurfaceStory,), {"surface": staticmethod(self._surface)})(job)
        if self._failing(job["params"]):
            story.script["fail_at"] = 2
        session = ScriptedSession(job)
        session._story, session._waiting = story, list(story.begin())
        self.sessions.append(session)
        return session


class World:
    """A home with one dataset, stepped by `tick` or `run_until`."""

    def __init__(
        self, home: Path, surface: Surface = likes_dropout, index: VectorStore | None = None, **trainer: Any
    ) -> None:
        self.clock = FakeClock()
        settings = Settings(home=home, database_url="sqlite://", device="cpu")
        self.index = index or MemoryStore()
        self.workspace = Workspace(settings, self.clock, Store("sqlite://", self.clock), self.index, "here-1")
        self.workspace.chosen_embedder = type("Chosen", (), {"embedder": HashingEmbedder()})()
        self.trainer = SurfaceTrainer(surface, **trainer)
        self.store = self.workspace.store
        self.worker = self._worker()

    def _worker(self) -> Worker:
        parts = self.workspace
        return Worker(
            parts.store,
            self.trainer,
            self.clock,
            parts.settings,
            "here-1",
            parts.loop,
            parts.indexer,
            parts.reveals,
            monotonic=self.clock.monotonic,
        )

    def dataset(self, name: str = "toy", **profile: Any) -> Dataset:
        """A registered dataset; its folder is empty, since the scripted trainer reads no data."""
        id = f"{name}-{'0' * 12}"[:12]
        (self.workspace.settings.datasets / id / "open").mkdir(parents=True, exist_ok=True)
        card = {
            "id": id,
            "split": "leave_one_out",
            "masking": "seen",
            "counts": {"validation_targets": USERS, "items": 50},
        }
        values = {
            "mean_length": 6.0,
            "density": 0.001,
            "repeat_rate": 0.0,
            "p95_length": 20.0,
            "users": USERS,
            **profile,
        }
        profile_json = Profile.from_json(values).to_json()
        dataset = self.store.datasets.add(id, name, f"lineage-{name}", id, card, profile_json, "test")
        self.store.index.post(PROFILES, dataset.id)
        return dataset

    def start(self, dataset: str = "toy", **plan: Any) -> Study:
        """A study; autopilot, six trials, unless said otherwise."""
        values = {"trials": 6, "epochs": 7, "autonomy": "autopilot", "space": classic_space(), **plan}
        return start_study(self.store, StudyPlan(dataset=dataset, **values), "Ada", "openai:scripted")

    def tick(self, times: int = 1, seconds: float = 3.0) -> None:
        """Let time pass and the worker look."""
        for _ in range(times):
            self.clock.pass_(seconds)
            self.worker.tick()

    def run_until(self, holds: Callable[[], bool], most: int = 2000) -> None:
        """Tick until something holds; fails with the last events when it never does."""
        for _ in range(most):
            if holds():
                return
            self.tick()
        newest = [f"{event.kind} {dict(event.detail)}" for event in self.store.events.newest(10)]
        raise AssertionError(f"it never came to that; the last events were {newest}")

    def finish(self, study: Study) -> Study:
        """Run a study to its end."""
        self.run_until(lambda: self.store.studies.get(study.id).has_ended)
        return self.store.studies.get(study.id)

    def wait_for_proposal(self, study: Study) -> Trial:
        """The next trial that waits for a decision."""
        self.run_until(lambda: bool(self.store.trials.waiting(study.id)))
        return self.store.trials.waiting(study.id)[0]

    @property
    def deciding(self) -> Deciding:
        return self.workspace.deciding
