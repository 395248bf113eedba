"""How long an import takes and how much memory: `python -m benchmarks.importing [--quick] [--rows N]`.

Generated interactions (synthetic, popularity-skewed) as CSV, gzipped CSV, Parquet, JSON lines and user sequences, each
imported in a process of its own, so that its peak memory is its own. The bar: ten million rows of CSV within two
minutes and 4 GiB.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

RESULTS = Path(__file__).parent / "results" / "importing.json"
MAX_SECONDS, MAX_GIB = 120.0, 4.0
FULL_ROWS, QUICK_ROWS = 10_000_000, 300_000
FORMATS = ("csv", "csv.gz", "parquet", "jsonl", "txt")
EVENTS_PER_USER, EVENTS_PER_ITEM = 20, 50


def generated(rows: int) -> pa.Table:
    """user (string of 14 characters), item (10), timestamp; not sorted, a few lists long, most short."""
    rng = np.random.default_rng(7)
    users, items = rows // EVENTS_PER_USER + 1, rows // EVENTS_PER_ITEM + 1
    user = (users * rng.random(rows) ** 1.5).astype(np.int64)
    item = (items * rng.random(rows) ** 2.5).astype(np.int64)
    return pa.table(
        {
            "user": _named("A", user, 13),
            "item": _named("B", item, 9),
            "rating": rng.integers(1, 6, rows).astype(np.int8),
            "timestamp": rng.integers(1_000_000_000, 1_400_000_000, rows),
        }
    )


def _named(letter: str, numbers: np.ndarray, width: int) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=width, padding="0")
    return pc.binary_join_element_wise(letter, padded, "")


def write(rows: int, form: str, path: Path) -> None:
    table = generated(rows)
    if form == "parquet":
        pq.write_table(table, path)
    elif form.startswith("csv"):
        plain = path.with_suffix(".plain")
        pa_csv.write_csv(table, plain)
        if form == "csv":
            plain.rename(path)
        else:
            with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)
            plain.unlink()
    elif form == "jsonl":
        _write_json(table, path)
    else:
        _write_sequences(table, path)


def _write_json(table: pa.Table, path: Path) -> None:
    time = table["timestamp"].cast(pa.string())
    lines = pc.binary_join_element_wise(
        '{"user_id": "', table["user"], '", "parent_asin": "', table["item"], '", "timestamp": ', time, "}\n", ""
    )
    _write_text(lines, path)


def _write_sequences(table: pa.Table, path: Path) -> None:
    table = table.select(["user", "item"]).sort_by("user")
    grouped = table.group_by("user", use_threads=False).aggregate([("item", "list")])
    lines = pc.binary_join_element_wise(grouped["user"], pc.binary_join(grouped["item_list"], " "), "\n", " ")
    _write_text(lines, path)


def _write_text(lines: pa.ChunkedArray, path: Path) -> None:
    with path.open("wb") as file:
        for chunk in lines.chunks:
            for start in range(0, len(chunk), 1 << 18):
                file.write("".join(chunk.slice(start, 1 << 18).to_pylist()).encode())


def measure(path: Path, home: Path, answer: Any) -> None:
    """Imports once; puts seconds, the second at which each stage began, peak GiB and counts into the queue `answer`."""
    from core.data.importing import import_dataset
    from core.data.options import ImportOptions

    stages: dict[str, float] = {}
    started = time.perf_counter()
    card = import_dataset(path, home, path.name, ImportOptions(synthetic=True), _clocked(stages, started))
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts in bytes, Linux in KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
    answer.put({"seconds": seconds, "peak_gib": peak, "stages": stages, "counts": dict(card.counts)})


def _clocked(stages: dict[str, float], started: float) -> Callable[[str, float], None]:
    def note(stage: str, share: float) -> None:
        stages.setdefault(stage, round(time.perf_counter() - started, 2))

    return note


def run(rows: int, forms: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    spawn = multiprocessing.get_context("spawn")
    results = []
    for form in forms:
        path, answer = folder / f"interactions.{form}", spawn.Queue()
        _in_process(spawn, write, rows, form, path)
        _in_process(spawn, measure, path, folder / f"home-{form}", answer)
        results.append({"format": form, "rows": rows, "mib": path.stat().st_size / 2**20, **answer.get(timeout=10)})
        show(results[-1])
        path.unlink()
    return results


def _in_process(spawn: Any, work: Callable[..., None], *arguments: Any) -> None:
    process = spawn.Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} ended with exit code {process.exitcode}")


def show(result: dict[str, Any]) -> None:
    fine = result["seconds"] <= MAX_SECONDS and result["peak_gib"] <= MAX_GIB
    print(
        f"{result['format']:8} {result['rows']:>12,} {result['mib']:>8,.0f} {result['seconds']:>8.1f} "
        f"{result['peak_gib']:>9.2f}  {'within' if fine else 'ABOVE'} the bar",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS:,} rows, within a minute; writes no file")
    parser.add_argument("--rows", type=int, help=f"rows to generate (default {FULL_ROWS:,})")
    parser.add_argument("--formats", default=",".join(FORMATS), help="which of " + ", ".join(FORMATS))
    arguments = parser.parse_args()
    rows = arguments.rows or (QUICK_ROWS if arguments.quick else FULL_ROWS)
    print(f"{'format':8} {'rows':>12} {'MiB':>8} {'seconds':>8} {'peak GiB':>9}")
    with tempfile.TemporaryDirectory(prefix="benchmark-importing-") as folder:
        results = run(rows, tuple(arguments.formats.split(",")), Path(folder))
    if not arguments.quick:
        keep(results)


def keep(results: list[dict[str, Any]]) -> None:
    """Into the results' file, with when and where they were measured."""
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "pyarrow": pa.__version__}
    stamp = {"date": datetime.now(UTC).date().isoformat(), "machine": machine, "synthetic": True}
    bar = {"max_seconds": MAX_SECONDS, "max_gib": MAX_GIB}
    RESULTS.write_text(json.dumps({**stamp, **bar, "results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
