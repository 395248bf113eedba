"""Does memory find what speaks to a dataset, and how quickly: `python -m benchmarks.retrieval [--quick]`.

Precision at 3 over questions whose right answers were written down before the first run
(benchmarks/retrieval_questions.json), with the installation's own embedder and Chroma. Speed with synthetic lessons
and vectors. The bars: precision 0.8; search among 10,000 lessons 50 ms, among 100,000 vectors 200 ms; rebuild of
10,000 lessons from cached vectors 60 s.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.retrievers import precision, speed
from vectorstore.chroma import ChromaStore
from vectorstore.embedding import choose_embedder

RESULTS = Path(__file__).parent / "results" / "retrieval.json"
LESSONS, VECTORS = 10_000, 100_000
QUICK_LESSONS, QUICK_VECTORS = 1_500, 5_000
BARS = {"precision_at_3": 0.8, "search_ms": 50.0, "vector_search_ms": 200.0, "rebuild_seconds": 60.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer lessons and vectors, within a minute")
    quick = parser.parse_args().quick
    chosen = choose_embedder()
    with tempfile.TemporaryDirectory(prefix="benchmark-retrieval-") as folder:
        home = Path(folder)
        house = precision.build(home, chosen, ChromaStore(home / "chroma-precision"))
        found = precision.measure(house)
        _show_precision(found)
        lessons = speed.lessons(home, QUICK_LESSONS if quick else LESSONS, chosen, _say)
        vectors = speed.vectors(home, QUICK_VECTORS if quick else VECTORS, _say)
    _show_speed(lessons, vectors)
    stamp = {
        "date": datetime.now(UTC).date().isoformat(),
        "quick": quick,
        "machine": {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "python": platform.python_version()},
        "embedder": chosen.embedder.name,
        "bars": BARS,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    body = {**stamp, "precision": found, "speed": {"lessons": lessons, "vectors": vectors, "synthetic": True}}
    RESULTS.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


def _show_precision(found: dict[str, Any]) -> None:
    for row in found["profiles"]:
        marks = ", ".join(
            f"{'+' if right else '-'} {key}" for key, right in zip(row["found"], row["right"], strict=True)
        )
        print(f"{row['profile']:22} {marks}")
    for name, share in found["precision_at_3"].items():
        print(f"precision at 3, {name:22} {share:.2f}")
    print(f"by chance {found['chance']:.2f}; the bar is {BARS['precision_at_3']}")


def _show_speed(lessons: dict[str, Any], vectors: dict[str, Any]) -> None:
    rows = (
        (f"search among {lessons['lessons']:,} lessons", lessons["search_ms"]["median"], BARS["search_ms"], "ms"),
        ("lessons for a study among them", lessons["for_study_ms"]["median"], None, "ms"),
        (
            f"search among {vectors['vectors']:,} vectors",
            vectors["search_ms"]["median"],
            BARS["vector_search_ms"],
            "ms",
        ),
        (f"rebuild of {lessons['lessons']:,} lessons", lessons["rebuild_seconds"], BARS["rebuild_seconds"], "s"),
    )
    for name, value, bar, unit in rows:
        told = "" if bar is None else f"  {'within' if value <= bar else 'ABOVE'} the bar of {bar:g} {unit}"
        print(f"{name:36} {value:>8.1f} {unit}{told}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
