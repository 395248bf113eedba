"""How quickly memory answers and is rebuilt, with Chroma in a folder, once warm, as in the dashboard's process."""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import insert

from core.clock import SystemClock
from core.data.profile import Profile
from core.memory.documents import lesson_text
from core.memory.embedding import CachedEmbedder, key_of
from core.memory.indexing import Indexer
from core.memory.preview import imagined
from core.memory.retrieval import Retrieval
from core.space import SearchSpace
from core.store import Store, schema
from vectorstore.chroma import ChromaStore
from vectorstore.embedding import ChosenEmbedder
from vectorstore.protocol import Document

SUBJECTS = (
    "short histories",
    "sparse data",
    "long tails",
    "heavy repeat consumption",
    "dense data",
    "bursts",
    "cold items",
)
AXES = ("dropout", "hidden_dim", "lr", "max_len", "num_blocks", "negatives", "weight_decay", "temperature")
WARM, TIMES = 5, 40
SIZE = 384


def lessons(home: Path, count: int, chosen: ChosenEmbedder, say: Callable[[str], None]) -> dict[str, Any]:
    """Search among `count` lessons, retrieval for a study, and the rebuild of their index from cached vectors."""
    store = Store(f"sqlite:///{home / 'lessons.db'}", SystemClock())
    say(f"writing {count:,} lessons")
    _write(store, count)
    embedder, index = CachedEmbedder(chosen.embedder, store), ChromaStore(home / "chroma-lessons")
    indexer = Indexer(store, index, embedder, "benchmark", home / "index.lock")
    _cache(store, embedder, count)
    say("rebuilding from cached vectors")
    seen = list[tuple[int, int]]()
    started = time.perf_counter()
    indexer.rebuild(lambda done, total: seen.append((done, total)))
    rebuilt = time.perf_counter() - started
    reader = Retrieval(store, ChromaStore(home / "chroma-lessons", read_only=True), embedder)
    profile = Profile.from_json({"mean_length": 6.0, "density": 0.0005, "items": 12_000, "repeat_rate": 0.0})
    dataset = store.datasets.add("asked", "asked", "lineage", "asked", {}, profile.to_json(), "benchmark")
    study = imagined(dataset, SearchSpace.of("sasrec"))
    words = [f"{subject} number {number}" for number, subject in enumerate(SUBJECTS * 7)]
    return {
        "lessons": count,
        "search_ms": _times(lambda turn: reader.search(words[turn]), TIMES + WARM),
        "for_study_ms": _times(lambda turn: reader.for_study(study, dataset), 15),
        "rebuild_seconds": rebuilt,
        "rebuild_told": len(seen),
    }


def vectors(home: Path, count: int, say: Callable[[str], None]) -> dict[str, Any]:
    """The ten nearest of `count` synthetic unit vectors."""
    index, rng = ChromaStore(home / "chroma-vectors"), np.random.default_rng(7)
    index.ensure("synthetic", "synthetic@1", SIZE)
    say(f"writing {count:,} vectors")
    for start in range(0, count, 5_000):
        block = _unit(rng.standard_normal((min(5_000, count - start), SIZE)))
        rows = [Document(f"v{start + place}", "", {"even": place % 2 == 0}, each) for place, each in enumerate(block)]
        index.upsert("synthetic", rows)
    asked = _unit(rng.standard_normal((TIMES + WARM, SIZE)))
    reader = ChromaStore(home / "chroma-vectors", read_only=True)
    return {
        "vectors": count,
        "search_ms": _times(lambda turn: reader.search("synthetic", asked[turn], 10), TIMES + WARM),
    }


def _write(store: Store, count: int) -> None:
    """In one transaction: the benchmark is of reading."""
    fixed = {"level": "cognition", "direction": "up", "backbone": "sasrec", "status": "active", "pinned": False}
    fixed |= {"author": "benchmark", "revision": 1, "wins": 0.0, "losses": 0.0, "created_at": 0.0, "updated_at": 0.0}
    rows = [{**fixed, **_lesson(number)} for number in range(count)]
    with store.database.write() as connection:
        connection.execute(insert(schema.lessons), rows)


def _lesson(number: int) -> dict[str, Any]:
    axis, subject = AXES[number % len(AXES)], SUBJECTS[number % len(SUBJECTS)]
    return {
        "kind": ("do", "avoid")[number % 2],
        "claim": f"Rule {number}: moving {axis} by {number % 97} matters for {subject} of kind {number % 613}.",
        "axis": axis,
        "conditions": f"mean_length < {5 + number % 200}",
        "uid": f"{number:032x}",
    }


def _cache(store: Store, embedder: CachedEmbedder, count: int) -> None:
    """Random vectors under the lessons' own hashes: how long they take to compute is the embedder's matter."""
    vectors = _unit(np.random.default_rng(3).standard_normal((count, embedder.dimension)))
    keys = [key_of(lesson_text(lesson)) for lesson in store.lessons.all()]
    store.index.cache_vectors(dict(zip(keys, vectors, strict=True)), embedder.name)


def _unit(block: np.ndarray) -> np.ndarray:
    return (block / np.linalg.norm(block, axis=1, keepdims=True)).astype(np.float32)


def _times(ask: Callable[[int], object], times: int) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, the first few left out; `cpu`: of the process' own time, which other
    work on the machine does not lengthen."""
    taken, worked = [], []
    for turn in range(times):
        started, busy = time.perf_counter(), time.process_time()
        ask(turn)
        taken.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - busy) * 1000)
    warm = taken[WARM:]
    percentile = float(np.percentile(warm, 95))
    return {"median": round(median(warm), 1), "p95": round(percentile, 1), "cpu": round(median(worked[WARM:]), 1)}
