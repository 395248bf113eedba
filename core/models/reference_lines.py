"""Popularity, first-order Markov and co-occurrence on a dataset's validation targets: what any model should beat.

Counted once in a process of its own and remembered beside the dataset, which never changes.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import StorageFailed
from core.records import Dataset
from core.settings import Settings

NAMES = ("popularity", "markov", "cooccurrence")
LABELS: Mapping[str, str] = {"popularity": "popularity", "markov": "Markov", "cooccurrence": "co-occurrence"}
SCORER = "recmodels.scorer"
RunOnce = Callable[[str, Mapping[str, Any]], Iterator[dict[str, Any]]]
Lines = Mapping[str, Mapping[str, float]]  # name -> metric -> value


def known_lines(settings: Settings, dataset: Dataset, masking: str) -> Lines | None:
    """What was counted under that masking; None before."""
    found = _read(_file(settings, dataset)).get(masking)
    return found if isinstance(found, dict) and set(NAMES) <= found.keys() else None


def labelled(lines: Lines | None, objective: str) -> tuple[tuple[str, float], ...]:
    """Each line's name as people say it, with its value of the objective."""
    held = lines or {}
    return tuple((LABELS[name], held[name][objective]) for name in NAMES if objective in held.get(name, {}))


def count_lines(run_once: RunOnce, settings: Settings, dataset: Dataset, masking: str) -> Lines:
    """Rank every validation target by each line, and remember the figures. Raises StorageFailed with the cause."""
    with tempfile.TemporaryDirectory(prefix="references-") as out:
        job = {
            "kind": "score",
            "open_dir": str(settings.dataset(dataset.folder) / "open"),
            "masking": masking,
            "models": [],
            "references": list(NAMES),
            "out_dir": out,
        }
        lines = _scored(run_once(SCORER, job))
    file = _file(settings, dataset)
    sibling = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        sibling.write_text(json.dumps({**_read(file), masking: lines}, indent=1), encoding="utf-8")
        os.replace(sibling, file)
    except OSError as problem:
        raise StorageFailed(f"{file} cannot be written ({problem.strerror}); free space or allow writing") from problem
    return lines


def _scored(messages: Iterator[dict[str, Any]]) -> dict[str, dict[str, float]]:
    lines: dict[str, dict[str, float]] = {}
    for message in messages:
        if message.get("event") == "failed":
            raise StorageFailed(f"the reference lines could not be counted: {message.get('cause')}")
        if message.get("event") == "scored":
            lines[str(message["name"])] = {name: float(value) for name, value in message["metrics"].items()}
    if missing := set(NAMES) - lines.keys():
        raise StorageFailed(f"the scoring process ended without {', '.join(sorted(missing))}; try it again")
    return lines


def _file(settings: Settings, dataset: Dataset) -> Path:
    return settings.datasets / f"{dataset.id}.references.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
