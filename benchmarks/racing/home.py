"""A whole program in one process whose trainer looks runs up in tables: real store, loop, verdicts, memory.

Studies on source tables leave lessons here, as they would anywhere; a study on another table is then told what the
memory holds for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import update

from benchmarks.racing.track import space_of
from benchmarks.tables.cells import OBJECTIVE
from benchmarks.tables.table import Recorded, Table
from core.agents.protocol import Evidence
from core.artifacts import RANKS
from core.memory.documents import LESSONS, PROFILES
from core.records import Study
from core.settings import Settings
from core.states import StudyState
from core.store import Store, schema
from core.studies.starting import StudyPlan, start_study
from core.worker.worker import Worker
from core.workspace import Workspace
from vectorstore.memory import MemoryStore

NAME = "benchmark"
MOST_TICKS = 20_000
TICK_SECONDS = 3.0


class TableClock:
    """Time that passes when it is told to, from the day the tables were made."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, tzinfo=UTC).timestamp()

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


class TableSession:
    """One recorded run, told at once; its ranks are on the disk before its end is told."""

    def __init__(self, job: Mapping[str, Any], run: Recorded) -> None:
        self._job, self._run = job, run
        self.exit_code: int | None = None

    def poll(self) -> list[dict[str, Any]]:
        """Everything, with the first call."""
        if self.exit_code is not None:
            return []
        self.exit_code = 0
        if not len(self._run.curve):
            return [{"event": "failed", "cause": "training diverged in epoch 1: lower lr", "epoch": 0}]
        with open(Path(self._job["run_dir"]) / RANKS, "wb") as file:
            np.save(file, self._run.ranks.astype(np.uint32))
        epochs = [
            {"event": "epoch", "epoch": n, "train_loss": None, "metrics": {OBJECTIVE: float(value)}, "seconds": 1.0}
            for n, value in enumerate(self._run.curve, 1)
        ]
        return [{"event": "started", "from_epoch": 0, "parameters": 0, "device": "table"}, *epochs, self._end()]

    def stop(self) -> None:
        """It is over before anybody can ask."""

    def kill(self) -> None:
        """The same."""

    @property
    def is_alive(self) -> bool:
        """Until it was read."""
        return self.exit_code is None

    def _end(self) -> dict[str, Any]:
        return {
            "event": "complete",
            "best_epoch": int(self._run.curve.argmax()) + 1,
            "epochs": len(self._run.curve),
            "metrics": {OBJECTIVE: self._run.value},
            "slices": {},
            "parameters": 0,
        }


class TableTrainer:
    """Gives each seed of a config another of its recorded runs, as far as there are any."""

    def __init__(self, shift: int) -> None:
        self._tables: dict[str, Table] = {}
        self._shift = shift

    def knows(self, folder: str, table: Table) -> None:
        """Runs of this dataset folder come from this table."""
        self._tables[folder] = table

    def start(self, job: Mapping[str, Any]) -> TableSession:
        """The recorded run of the job's config."""
        table = self._tables[Path(job["open_dir"]).parent.name]
        runs = table.runs[table.index(job["params"])]
        return TableSession(job, runs[(int(job["seed"]) + self._shift) % len(runs)])

    def close(self) -> None:
        """Nothing waits."""


class Home:
    """Datasets, studies and one memory in `folder`, which holds ranks alone. `seed` shifts which runs are recorded."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.clock = TableClock()
        settings = Settings(home=folder, database_url="sqlite://", device="cpu")
        store = Store("sqlite://", self.clock)
        self.workspace = Workspace(settings, self.clock, store, MemoryStore(), NAME)
        self.trainer, self.seed = TableTrainer(seed), seed
        parts = self.workspace
        self.worker = Worker(
            store,
            self.trainer,
            self.clock,
            settings,
            NAME,
            parts.loop,
            parts.indexer,
            parts.reveals,
            monotonic=self.clock.monotonic,
        )

    def study(self, table: Table, trials: int, **plan: Any) -> Study:
        """A finished study of the expert, its lessons written."""
        study = self._start(table, trials=trials, autonomy="autopilot", use_pruning=False, **plan)
        for _ in range(MOST_TICKS):
            self._tick()
            now = self.workspace.store.studies.get(study.id)
            if now.has_ended:
                self._tick()  # the index learns of the last lessons
                return now
        raise RuntimeError(f"the study on {table.name} did not end within {MOST_TICKS} ticks")

    def told(self, table: Table) -> Evidence:
        """What the memory tells a new study on this table."""
        study = self._start(table, trials=2, autonomy="each", use_pruning=False)
        evidence = self.workspace.gathering.evidence(study)
        self.workspace.store.studies.move(study.id, StudyState.CANCELLED, NAME)
        return evidence

    def shuffle(self, sources: Sequence[Table]) -> None:
        """The same lessons at other conditions, datasets and lineages, the same datasets with other profiles: each has
        those of another one."""
        random, store = np.random.default_rng(self.seed), self.workspace.store
        lessons = store.lessons.all()
        lineages = [each.lineage for each in lessons]
        places = [{name: getattr(each, name) for name in ("conditions", "dataset_id", "lineage")} for each in lessons]
        ids = [self._id(table) for table in sources]
        profiles = [{"profile": dict(store.datasets.get(id).profile)} for id in ids]
        with store.database.write() as connection:
            for lesson, place in zip(lessons, _deranged(places, lineages, random), strict=True):
                connection.execute(update(schema.lessons).where(schema.lessons.c.id == lesson.id).values(place))
            for id, profile in zip(ids, _deranged(profiles, ids, random), strict=True):
                connection.execute(update(schema.datasets).where(schema.datasets.c.id == id).values(profile))
        for lesson in lessons:
            store.index.post(LESSONS, str(lesson.id))
        for id in ids:
            store.index.post(PROFILES, id)
        self._tick()

    def close(self) -> None:
        """Close the database."""
        self.workspace.close()

    def _start(self, table: Table, **plan: Any) -> Study:
        dataset = self._dataset(table)
        fixed = {"backbone": table.backbone, "objective": OBJECTIVE, "space": space_of(table)}
        return start_study(self.workspace.store, StudyPlan(dataset, **{"seed": self.seed, **fixed, **plan}), NAME)

    def _dataset(self, table: Table) -> str:
        store, meta, id = self.workspace.store, table.meta, self._id(table)
        if any(each.id == id for each in store.datasets.all()):
            return id
        (self.workspace.settings.datasets / id / "open").mkdir(parents=True, exist_ok=True)
        counts = {"validation_targets": meta["users"], "items": meta["items"]}
        card = {"id": id, "split": "leave_one_out", "masking": meta["masking"], "counts": counts}
        store.datasets.add(id, table.name, str(meta["lineage"]), id, card, dict(meta["profile"]), NAME)
        store.index.post(PROFILES, id)
        self.trainer.knows(id, table)
        self._tick()
        return id

    @staticmethod
    def _id(table: Table) -> str:
        return str(table.meta["lineage"])[:12]

    def _tick(self) -> None:
        self.clock.at += TICK_SECONDS
        self.worker.tick()


def _deranged(parts: Sequence[Any], groups: Sequence[object], random: np.random.Generator) -> list[Any]:
    """Each gets the part of one of another group, as far as no group holds more than half of them."""
    mixed = random.permutation(len(parts))
    places = sorted(mixed, key=lambda place: str(groups[place]))
    largest = max(Counter(groups).values(), default=0)
    given: list[Any] = [None] * len(parts)
    for place, other in zip(places, np.roll(places, largest), strict=True):
        given[place] = parts[other]
    return given
