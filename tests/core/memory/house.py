"""A memory without a loop: real store, editing, retrieval and index; the embedder is the hashing one."""

from pathlib import Path
from typing import Any

from core.data.profile import Profile
from core.memory.editing import Editing
from core.memory.embedding import CachedEmbedder
from core.memory.indexing import Indexer
from core.memory.merging import Merging
from core.memory.preview import imagined
from core.memory.records import Lesson
from core.memory.retrieval import Retrieval
from core.records import Dataset, Study, Trial
from core.space import SearchSpace
from core.store import Store
from tests.core.store.building import FakeClock, a_study, finish
from vectorstore.hashing import HashingEmbedder
from vectorstore.memory import MemoryStore
from vectorstore.protocol import VectorStore

SHORT = {"mean_length": 6.0, "density": 0.001, "repeat_rate": 0.0, "items": 12_000, "popularity_gini": 0.6}
LONG = {"mean_length": 160.0, "density": 0.05, "repeat_rate": 0.0, "items": 3_400, "popularity_gini": 0.6}
RULE = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}


class Memory:
    """Lessons by a line each."""

    def __init__(self, home: Path, index: VectorStore | None = None, url: str = "sqlite://") -> None:
        self.home, self.clock = home, FakeClock()
        self.store = Store(url, self.clock)
        self.index = index or MemoryStore()
        self.embedder = CachedEmbedder(HashingEmbedder(), self.store)
        self.indexer = Indexer(self.store, self.index, self.embedder, "here", home / "index.lock")
        self.retrieval = Retrieval(self.store, self.index, self.embedder)
        self.editing, self.merging = Editing(self.store), Merging(self.store)

    def dataset(self, name: str, lineage: str = "", **profile: Any) -> Dataset:
        """A registered dataset; short histories unless said otherwise. Each is newer than the one before."""
        self.clock.pass_(1)
        measured = Profile.from_json({**SHORT, **profile}).to_json()
        card = {"counts": {"items": 50}, "masking": "seen"}
        made = self.store.datasets.add(f"{name}-{'0' * 12}"[:12], name, lineage or name, name, card, measured, "test")
        self.store.index.post("profiles", made.id)
        return made

    def write(self, claim: str = "More dropout helps short histories.", **values: Any) -> Lesson:
        """A rule by Ada, across datasets unless said otherwise."""
        return self.editing.add({**RULE, "claim": claim, **values}, "Ada")

    def learned(self, dataset: Dataset, **values: Any) -> Lesson:
        """A rule that code learned on a dataset."""
        scope = {"dataset_id": dataset.id, "lineage": dataset.lineage, "effect": 0.03}
        return self.store.lessons.add({**RULE, "claim": "More dropout.", **scope, **values}, "consolidation", "study x")

    def ended(self, dataset: Dataset, name: str, **params: Any) -> tuple[Study, Trial]:
        """A study whose recommended trial is the baseline with these changes."""
        space = SearchSpace.of("sasrec")
        study = a_study(self.store, name, dataset_id=dataset.id, space=space.to_json())
        trial = self.store.trials.add_approved(study, "person", space.complete(params), [1], "Ada", "test", "x")
        run = self.store.runs.claim("w1")
        assert run is not None and run.trial_id == trial.id
        finish(self.store, run)
        self.store.trials.judge(trial, 0.05, "better", {"difference": 0.01}, "verdict")
        self.store.studies.set_incumbent(study.id, trial.id, None, "verdict")
        self.store.studies.recommend(study.id, trial.id, "best by verdict", "test")
        return self.store.studies.get(study.id), self.store.trials.get(trial.id)

    def witness(self, lesson: Lesson, trial: Trial, effect: float = 0.03) -> None:
        """A trial that speaks for a lesson, or against it."""
        outcome = "for" if effect > 0 else "against"
        self.store.lessons.add_evidence(lesson.id, trial.id, outcome, effect, effect - 0.01, effect + 0.01)

    def asks(self, dataset: Dataset, **changes: Any) -> Study:
        """A study on a dataset that only asks."""
        study = imagined(dataset, SearchSpace.of("sasrec"))
        return Study(**{**vars(study), **changes})

    def index_all(self) -> None:
        while self.indexer.apply():
            pass
