"""A small house for worker tests: a home with one dataset folder, a store, studies with approved trials."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.artifacts import Artifacts
from core.clock import Clock
from core.records import Reveal, Run, Study, Trial
from core.settings import Settings
from core.states import Autonomy
from core.store import Store
from core.worker.worker import Worker
from tests.core.worker.scripted import ScriptedTrainer

DATASET = "d" * 12


class FakeClock:
    """The world's time and a stopwatch, moved by hand; `jump` moves the world's time alone."""

    def __init__(self, at: float = 1_700_000_000.0) -> None:
        self.at, self.watch = at, 100.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.watch

    def pass_(self, seconds: float) -> None:
        self.at += seconds
        self.watch += seconds

    def jump(self, seconds: float) -> None:
        self.at += seconds


class QuietLoop:
    """A loop without plans of its own; counts its calls, and raises what a test put into `problems`."""

    def __init__(self) -> None:
        self.advanced: list[int] = []
        self.problems: dict[int, Exception] = {}

    def advance(self, study: Study) -> None:
        self.advanced.append(study.id)
        if study.id in self.problems:
            raise self.problems[study.id]


class CountingIndexer:
    """Applies whatever is posted by forgetting it; cannot be mended while it has a `problem`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.problem: Exception | None = None
        self.mended = 0

    def apply(self) -> int:
        pending = self._store.index.pending()
        if pending:
            self._store.index.done([id for id, *_ in pending])
        return len(pending)

    def is_sound(self) -> bool:
        return not self.problem

    def mend(self) -> list[object]:
        self.mended += 1
        if self.problem:
            raise self.problem
        return []


class QuickReveals:
    """Finishes a reveal at once; raises `problem` instead when a test set one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.problem: Exception | None = None
        self.threads: list[str] = []

    def perform(self, reveal: Reveal) -> None:
        self.threads.append(threading.current_thread().name)
        if self.problem is not None:
            raise self.problem
        self._store.reveals.finish(reveal, {"gain": 0.1}, None, "test")


class House:
    """Everything a worker works on, with its parts at hand."""

    def __init__(self, home: Path, clock: Clock, url: str | None = None, concurrency: int = 1) -> None:
        self.settings = Settings(
            home=home, database_url=url or f"sqlite:///{home / 'virtualmle.db'}", device="cpu", concurrency=concurrency
        )
        self.clock: Any = clock  # a FakeClock where a test moves the time
        self.store = Store(self.settings.database_url, clock)
        self.loop, self.indexer, self.reveals = QuietLoop(), CountingIndexer(self.store), QuickReveals(self.store)
        self.trainer = ScriptedTrainer()
        self.add_dataset()

    def add_dataset(self) -> None:
        (self.settings.datasets / DATASET / "open").mkdir(parents=True, exist_ok=True)
        self.store.datasets.add(DATASET, "toy", "lineage", str(self.settings.datasets / DATASET), {}, {}, "test")

    def study(self, name: str = "first", **changes: Any) -> Study:
        values: dict[str, Any] = {
            "name": name,
            "dataset_id": DATASET,
            "backbone": "sasrec",
            "objective": "ndcg@10",
            "agent": "expert",
            "autonomy": Autonomy.AUTOPILOT,
            "space": {},
            "max_trials": 10,
            "max_epochs": 100,
            "min_gain": 0.0,
            "guards": {},
            "deadline_seconds": None,
            "seed": 1,
            "masking": "seen",
            "stamp": "stamp",
            "instructions": "",
            "use_memory": True,
            "extra_seeds": True,
        }
        return self.store.studies.create({**values, **changes}, "test")

    def trial(self, study: Study, seeds: tuple[int, ...] = (1,), **script: Any) -> Trial:
        return self.trial_of(study, {"script": script}, seeds)

    def trial_of(self, study: Study, params: Mapping[str, Any], seeds: tuple[int, ...] = (1,)) -> Trial:
        return self.store.trials.add_approved(study, "person", params, seeds, "test", "test", "")

    def worker(self, name: str = "here-1", **changes: Any) -> Worker:
        parts: dict[str, Any] = {"trainer": self.trainer, "monotonic": getattr(self.clock, "monotonic", None)}
        parts = {key: value for key, value in {**parts, **changes}.items() if value is not None}
        trainer = parts.pop("trainer")
        return Worker(
            self.store, trainer, self.clock, self.settings, name, self.loop, self.indexer, self.reveals, **parts
        )

    def folder(self, trial: Trial, seed: int) -> Path:
        return Artifacts(self.settings.artifacts).run(trial, seed)

    def reveal(self, study: Study) -> Reveal:
        found = self.store.reveals.of_study(study.id)
        assert found is not None
        return found

    def run(self, id: int) -> Run:
        return self.store.runs.get(id)

    def kinds(self, **equal: int) -> list[str]:
        return [event.kind for event in reversed(self.store.events.newest(500, **equal))]
