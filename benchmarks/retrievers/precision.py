"""Do the lessons found for a profile speak to it? Questions and right answers: benchmarks/retrieval_questions.json."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.data.profile import Profile
from core.memory.embedding import CachedEmbedder
from core.memory.hits import Hit
from core.memory.indexing import Indexer
from core.memory.preview import imagined
from core.memory.retrieval import Retrieval
from core.records import Dataset, Study
from core.space import SearchSpace
from core.store import Store
from vectorstore.embedding import ChosenEmbedder
from vectorstore.protocol import VectorStore

QUESTIONS = Path(__file__).parent.parent / "retrieval_questions.json"
K = 3

Ranking = Callable[[list[Hit]], list[Hit]]


@dataclass(frozen=True)
class House:
    """A memory that holds every lesson of the questions, and a dataset for every profile."""

    store: Store
    retrieval: Retrieval
    datasets: dict[str, Dataset]
    keys: dict[int, str]  # lesson id -> its key in the questions
    backbone: str


def build(home: Path, chosen: ChosenEmbedder, index: VectorStore) -> House:
    """Everything written through the same doors as in the program."""
    questions = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    store = Store(f"sqlite:///{home / 'precision.db'}", SystemClock())
    embedder = CachedEmbedder(chosen.embedder, store)
    datasets = {name: _dataset(store, name, each["profile"]) for name, each in questions["profiles"].items()}
    keys = {_lesson(store, each, datasets).id: key for key, each in questions["lessons"].items()}
    Indexer(store, index, embedder, "benchmark", home / "index.lock").rebuild()
    return House(store, Retrieval(store, index, embedder), datasets, keys, questions["backbone"])


def _dataset(store: Store, name: str, profile: dict[str, Any]) -> Dataset:
    id = name.replace(" ", "-")
    return store.datasets.add(id, name, f"lineage-{id}", id, {}, Profile.from_json(profile).to_json(), "benchmark")


def _lesson(store: Store, each: dict[str, Any], datasets: dict[str, Dataset]) -> Any:
    source = datasets.get(each["learned_on"] or "")
    values = {name: each[name] for name in ("axis", "direction", "claim", "conditions", "kind", "backbone")}
    values |= {"level": "cognition", "dataset_id": source.id if source else None}
    values |= {"lineage": source.lineage if source else None}
    return store.lessons.add(values, "benchmark", "a question of the benchmark")


def measure(house: House) -> dict[str, Any]:
    """Precision at 3 of the whole score, and of single parts of it, over all profiles; and what was found for each."""
    questions = json.loads(QUESTIONS.read_text(encoding="utf-8"))["profiles"]
    rankings: dict[str, Ranking] = {
        "text alone": lambda hits: sorted(hits, key=lambda hit: (-hit.text, hit.lesson.id))[:K],
        "conditions alone": lambda hits: sorted(hits, key=lambda hit: (-hit.conditions, hit.lesson.id))[:K],
        "as shown to the agent": lambda hits: house.retrieval.diverse(hits, K),
    }
    found: dict[str, dict[str, list[str]]] = {name: {} for name in rankings}
    for name, dataset in house.datasets.items():
        hits = house.retrieval.ranked(_study(house, dataset), dataset)
        for ranking, best in rankings.items():
            found[ranking][name] = [house.keys[hit.lesson.id] for hit in best(hits)]
    right = {name: set(each["answers"]) for name, each in questions.items()}
    precision = {ranking: _mean(_share(found[ranking][name], right[name]) for name in right) for ranking in rankings}
    shown = found["as shown to the agent"]
    rows = [
        {"profile": name, "found": keys, "right": [key in right[name] for key in keys]} for name, keys in shown.items()
    ]
    chance = _mean(len(answers) / len(house.keys) for answers in right.values())
    return {"precision_at_3": precision, "chance": chance, "profiles": rows, "lessons": len(house.keys)}


def _study(house: House, dataset: Dataset) -> Study:
    """As in the proof of transfer: nothing learned on the profile's own lineage is used."""
    return replace(imagined(dataset, SearchSpace.of(house.backbone)), without_lineage=True)


def _share(keys: list[str], right: set[str]) -> float:
    return sum(key in right for key in keys) / K


def _mean(values: Iterable[float]) -> float:
    seen = list(values)
    return sum(seen) / len(seen)
