"""Two processes that own the index in turn lose nothing of each other's."""

import subprocess
import sys
from pathlib import Path

from core.clock import SystemClock
from core.memory.embedding import CachedEmbedder
from core.memory.indexing import Indexer
from core.store import Store
from vectorstore.chroma import ChromaStore
from vectorstore.hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[3]
MANY = 700  # Chroma writes its index out after a thousand vectors; a client that missed that forgets what it held


def owner(home: Path, store: Store, name: str) -> Indexer:
    """An owner with a client of its own, as the worker and the command line have."""
    return Indexer(store, ChromaStore(home / "chroma"), CachedEmbedder(HashingEmbedder(), store), name, home / "lock")


def index(indexer: Indexer) -> None:
    while indexer.apply():
        pass


def index_elsewhere(home: str) -> None:
    """What another process does."""
    store = Store(f"sqlite:///{Path(home) / 'home.db'}", SystemClock())
    index(owner(Path(home), store, "person"))


def teach(store: Store) -> None:
    body = {"level": "cognition", "kind": "do", "axis": "lr", "direction": "up", "backbone": "sasrec"}
    for number in range(MANY):
        store.lessons.add({**body, "claim": f"Rule {number * 7919 % 10007}."}, "Ada", "by hand")


def test_what_another_process_indexed_is_not_lost_by_the_next_write(tmp_path: Path):
    store = Store(f"sqlite:///{tmp_path / 'home.db'}", SystemClock())
    worker = owner(tmp_path, store, "worker")
    teach(store)
    index(worker)
    teach(store)
    code = "import sys, tests.core.memory.test_owners as t; t.index_elsewhere(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True)
    teach(store)
    index(worker)
    assert worker.check() == []
