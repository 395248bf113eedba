"""Trains every cell of the grids of `benchmarks/tables/specs.py` and writes one table for each.

    python -m benchmarks.grid [--tables NAME,NAME] [--processes N] [--device cpu] [--work FOLDER] [--quick]

Can be stopped and started at any time, and in any number of processes, also by hand: a run that is done is not done
again. Two seeds a cell, five for the default; then five fresh seeds for the best cells (twenty, unless the table says
otherwise). Real interaction files lie in VIRTUALMLE_TEST_DATA; a table of a missing file is skipped by name.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.tables import cells
from benchmarks.tables.specs import QUICK, SPECS, TableSpec, named
from benchmarks.tables.table import CHOOSING, FOLDER, FRESH_SEED, VALUING, Table
from recmodels.data import TrainingData
from recmodels.device import choose_device, prepare_process
from recmodels.registry import get_backbone

SEEDS, DEFAULT_SEEDS = (0, 1), (0, 1, 2, 3, 4)
GENERATOR_SEED = 11


class Grid:
    """The runs of one table in a folder of its own."""

    def __init__(self, spec: TableSpec, work: Path) -> None:
        self.spec, self.folder = spec, work / spec.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cells = list(spec.cells())
        self.backbone = get_backbone(spec.backbone)
        defaults = self.backbone.complete(dict(spec.fixed))
        self.default = {name: defaults[name] for name in spec.axes}

    def wanted(self) -> Iterator[tuple[int, int]]:
        """Cell and seed of every run of the first stage, then, once that is whole, of the fresh seeds."""
        for number, cell in enumerate(self.cells):
            for seed in DEFAULT_SEEDS if cell == self.default else SEEDS:
                yield number, seed
        if all(self.path(*each).exists() for each in self._first()):
            for number in self.top():
                for seed in (*CHOOSING, *VALUING):
                    yield number, seed

    def _first(self) -> Iterator[tuple[int, int]]:
        for number, cell in enumerate(self.cells):
            for seed in DEFAULT_SEEDS if cell == self.default else SEEDS:
                yield number, seed

    def top(self) -> list[int]:
        """The best cells by the mean of their recorded runs."""
        values: dict[int, list[float]] = {}
        for number, seed in self._first():
            curve = cells.read(self.path(number, seed))["curve"]
            values.setdefault(number, []).append(float(curve.max()) if len(curve) else 0.0)
        return sorted(values, key=lambda number: -float(np.mean(values[number])))[: self.spec.top]

    def path(self, cell: int, seed: int) -> Path:
        """Where a run's file lies."""
        return self.folder / f"cell{cell:03d}-seed{seed}.npz"

    def train(self, device: torch.device) -> int:
        """Trains what nobody has trained or is training; how many runs."""
        meta = json.loads((self.folder / "meta.json").read_text())
        data = TrainingData.load(self.folder / "open")
        done, passes = 0, 2  # the fresh seeds are known only after the first
        for _ in range(passes):
            for number, seed in self.wanted():
                if self.path(number, seed).exists():
                    continue
                with cells.claimed(self.path(number, seed)) as is_mine:
                    if is_mine:
                        params = self.backbone.complete({**self.spec.fixed, **self.cells[number]})
                        run = cells.train(data, self.spec.backbone, params, seed, meta["masking"], device)
                        cells.write(self.path(number, seed), run)
                        done += 1
        return done

    def table(self) -> Table | None:
        """The whole table; None while a run is missing."""
        wanted = list(self.wanted())
        fresh = sum(seed >= FRESH_SEED for _, seed in wanted)
        if not fresh or not all(self.path(*each).exists() for each in wanted):
            return None
        runs = [cells.read(self.path(*each)) for each in wanted]
        slices = [json.loads(str(run["slices"])) for run in runs]
        names = sorted(set().union(*slices))
        curves = np.full((len(runs), max(len(run["curve"]) for run in runs)), np.nan, np.float32)
        for row, run in zip(curves, runs, strict=True):
            row[: len(run["curve"])] = run["curve"]
        meta = json.loads((self.folder / "meta.json").read_text())
        seconds = round(sum(float(run["seconds"]) for run in runs))
        return Table(
            self.spec.name,
            {**meta, "slices": names, "default": self.default, "training_seconds": seconds},
            np.array([cell for cell, _ in wanted], np.int16),
            np.array([seed for _, seed in wanted], np.int16),
            curves,
            np.stack([run["ranks"] for run in runs]),
            np.array([[told.get(name, np.nan) for name in names] for told in slices], np.float32),
        )


def prepare(grid: Grid) -> bool:
    """Puts the dataset and what is known of it into the grid's folder; False where its file is missing."""
    from core.data.importing import import_dataset
    from core.data.options import ImportOptions
    from core.data.profile import profile
    from core.data.synthetic import generate, write_tsv
    from core.stamp import Protocol

    spec = grid.spec
    if (grid.folder / "meta.json").exists():
        return True
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / f"{spec.name}.tsv"
        if spec.regime is not None:
            write_tsv(generate(spec.regime, GENERATOR_SEED), source)
        else:
            source = Path(os.environ.get("VIRTUALMLE_TEST_DATA", "")) / str(spec.file)
            if not source.is_file():
                return False
        card = import_dataset(source, grid.folder, spec.name, ImportOptions(synthetic=spec.regime is not None))
    prepared = grid.folder / "datasets" / card.id
    if not (grid.folder / "open").exists():
        (grid.folder / "open").symlink_to(prepared.relative_to(grid.folder) / "open")
    masking = card.masking
    meta = {
        "backbone": spec.backbone,
        "axes": spec.axes,
        "fixed": spec.fixed,
        "dataset": spec.regime.name if spec.regime else spec.file,
        "says": spec.says or (spec.regime.says if spec.regime else ""),
        "generated": spec.regime is not None,
        "lineage": card.lineage,
        "masking": masking,
        "items": int(card.counts["items"]),
        "users": int(card.counts["validation_targets"]),
        "profile": profile(prepared / "open").to_json(),
        "stamp": Protocol.of(card.to_json(), cells.OBJECTIVE, masking).stamp,
    }
    (grid.folder / "meta.json").write_text(json.dumps(meta))
    return True


def work(name: str, folder: Path, device: str) -> None:
    """What each process does for a table."""
    prepare_process()
    spec = QUICK if name == QUICK.name else named(name)
    Grid(spec, folder).train(choose_device(device, 1))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=lambda text: text.split(","), default=list(SPECS))
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="on this machine, of one thread each")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--work", type=Path, default=Path("~/.cache/virtualmle/grid").expanduser(), help="runs lie here"
    )
    parser.add_argument("--quick", action="store_true", help="a table of nine cells, within a minute")
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    names: list[str] = [QUICK.name] if arguments.quick else arguments.tables
    for name in names:
        grid = Grid(QUICK if arguments.quick else named(name), arguments.work)
        if not prepare(grid):
            print(f"{name}: skipped, {grid.spec.file} is missing; set VIRTUALMLE_TEST_DATA to its folder")
            continue
        _train(name, arguments)
        table = grid.table()
        if table is None:
            print(f"{name}: runs are missing, another process may be at them; run the command again")
            continue
        _save(table, grid.folder if arguments.quick else FOLDER)


def _train(name: str, arguments: Any) -> None:
    began = time.perf_counter()
    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=work, args=(name, arguments.work, arguments.device)) for _ in range(arguments.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        sys.exit(f"{name}: a process failed; what it printed says why, and the command goes on from here")
    print(f"{name}: trained in {time.perf_counter() - began:.0f} s", flush=True)


def _save(table: Table, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table.save(folder / f"{table.name}.npz")
    print(
        f"{table.name}: default {table.mean(table.default):.4f}, best {table.best_value:.4f} (held out), "
        f"target {table.target:.4f}, {len(table.seed)} runs",
        flush=True,
    )


if __name__ == "__main__":
    main()
