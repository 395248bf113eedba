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
from vectorstore.embedding import ChosenEmbedder, choose_embedder

RESULTS = Path(__file__).parent / "results" / "retrieval.json"
PARTS = ("precision", "lessons", "vectors")
LESSONS, VECTORS = 10_000, 100_000
QUICK_LESSONS, QUICK_VECTORS = 1_500, 5_000
BARS = {"precision_at_3": 0.8, "search_ms": 50.0, "vector_search_ms": 200.0, "rebuild_seconds": 60.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="fewer lessons and vectors, within a minute; writes no file"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="leave out the others (default: all)")
    given = parser.parse_args()
    chosen = choose_embedder()
    with tempfile.TemporaryDirectory(prefix="benchmark-retrieval-") as folder:
        for part in given.only:
            measured = _measure(part, Path(folder), given.quick, chosen)
            if not given.quick:
                _keep(part, {**_stamp(chosen), **measured})


def _measure(part: str, home: Path, quick: bool, chosen: ChosenEmbedder) -> dict[str, Any]:
    if part == "precision":
        found = precision.measure(precision.build(home, chosen, ChromaStore(home / "chroma-precision")))
        _show_precision(found)
    elif part == "lessons":
        found = speed.lessons(home, QUICK_LESSONS if quick else LESSONS, chosen, _say)
        _show("search among lessons", found["search_ms"]["median"], BARS["search_ms"], "ms")
        _show("lessons for a study among them", found["for_study_ms"]["median"], None, "ms")
        _show("rebuild from cached vectors", found["rebuild_seconds"], BARS["rebuild_seconds"], "s")
    else:
        found = speed.vectors(home, QUICK_VECTORS if quick else VECTORS, _say)
        _show("search among vectors", found["search_ms"]["median"], BARS["vector_search_ms"], "ms")
    return found


def _stamp(chosen: ChosenEmbedder) -> dict[str, Any]:
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "python": platform.python_version()}
    date = datetime.now(UTC).date().isoformat()
    return {"date": date, "machine": machine, "embedder": chosen.embedder.name}


def _keep(part: str, measured: dict[str, Any]) -> None:
    """Each part as it is done, beside the others of earlier runs."""
    RESULTS.parent.mkdir(exist_ok=True)
    held = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"bars": BARS}
    RESULTS.write_text(json.dumps({**held, part: measured}, indent=1) + "\n", encoding="utf-8")


def _show_precision(found: dict[str, Any]) -> None:
    for row in found["profiles"]:
        marks = ", ".join(
            f"{'+' if right else '-'} {key}" for key, right in zip(row["found"], row["right"], strict=True)
        )
        print(f"{row['profile']:22} {marks}")
    for name, share in found["precision_at_3"].items():
        print(f"precision at 3, {name:22} {share:.2f}")
    print(f"by chance {found['chance']:.2f}; the bar is {BARS['precision_at_3']}")


def _show(name: str, value: float, bar: float | None, unit: str) -> None:
    told = "" if bar is None else f"  {'within' if value <= bar else 'ABOVE'} the bar of {bar:g} {unit}"
    print(f"{name:36} {value:>8.1f} {unit}{told}", flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
