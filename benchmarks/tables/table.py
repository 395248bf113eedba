"""A finished table: every cell's runs with curves, per-user ranks and slices; read-only, one file, no pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables.cells import scores

FOLDER = Path(__file__).parent / "data"
FRESH_SEED = 100  # seeds from here on value the best cells and are never shown to an agent
CHOOSING = (100, 101)  # of the fresh ones: these choose the best cell
VALUING = (102, 103, 104)  # these say what it is worth
TOP = 20


@dataclass(frozen=True)
class Recorded:
    """One run of a cell."""

    seed: int
    curve: np.ndarray  # (E,) the objective by epoch
    ranks: np.ndarray  # (2, U) of the best epoch, clipped
    scores: np.ndarray  # (U,) of the best epoch
    slices: Mapping[str, float]

    @property
    def value(self) -> float:
        """The objective at the best epoch; 0 for a run that diverged at once."""
        return float(self.curve.max()) if len(self.curve) else 0.0


@dataclass(frozen=True)
class Table:
    """`meta` tells dataset, profile, backbone, axes, options, default, fixed fields and stamp."""

    name: str
    meta: Mapping[str, Any]
    cell: np.ndarray  # (R,) index of the run's cell
    seed: np.ndarray  # (R,)
    curves: np.ndarray  # (R, E) NaN after the run's end
    ranks: np.ndarray  # (R, 2, U) clipped
    slices: np.ndarray  # (R, S) in the order of meta["slices"]

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Raises OSError, ValueError for what is no table."""
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return cls(path.stem, json.loads(str(arrays.pop("meta"))), **arrays)

    def save(self, path: Path) -> None:
        """Writes the one file."""
        arrays = {name: getattr(self, name) for name in ("cell", "seed", "curves", "ranks", "slices")}
        np.savez_compressed(path, meta=np.array(json.dumps(self.meta)), **arrays)

    @property
    def backbone(self) -> str:
        """Name of the model."""
        return str(self.meta["backbone"])

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """Options by axis."""
        return {name: tuple(options) for name, options in self.meta["axes"].items()}

    @cached_property
    def runs(self) -> dict[int, tuple[Recorded, ...]]:
        """The recorded runs of each cell, held-out seeds left out."""
        return self._runs_where(self.seed < FRESH_SEED)

    @cached_property
    def fresh(self) -> dict[int, tuple[Recorded, ...]]:
        """The runs on fresh seeds, of the best cells."""
        return self._runs_where(self.seed >= FRESH_SEED)

    @cached_property
    def default(self) -> int:
        """The cell where everybody starts."""
        return self.index(self.meta["default"])

    def index(self, params: Mapping[str, Any]) -> int:
        """The cell of a config. Raises ValueError for one that is not in the table."""
        place = 0
        for name, options in self.axes.items():
            place = place * len(options) + options.index(params[name])
        return place

    def mean(self, cell: int) -> float:
        """What the recorded runs say a cell is worth."""
        return float(np.mean([run.value for run in self.runs[cell]]))

    @cached_property
    def held_out(self) -> dict[int, float]:
        """What the best cells are worth by seeds that chose nothing."""
        return {cell: _mean(runs, VALUING) for cell, runs in self.fresh.items()}

    @cached_property
    def best(self) -> int:
        """The best cell, chosen on two fresh seeds of the top twenty."""
        return max(self.fresh, key=lambda cell: _mean(self.fresh[cell], CHOOSING))

    @cached_property
    def best_value(self) -> float:
        """Its value by the three others."""
        return self.held_out[self.best]

    @cached_property
    def held_out_error(self) -> float:
        """Standard error of a held-out value: seeds' spread within a cell, pooled over the top, over root three."""
        spread = [np.var([run.value for run in runs], ddof=1) for runs in self.fresh.values()]
        return float(np.sqrt(np.mean(spread) / len(VALUING)))

    @cached_property
    def target(self) -> float:
        """98 % of the best, or one held-out standard error below it if that is wider."""
        return min(0.98 * self.best_value, self.best_value - self.held_out_error)

    def reaches(self, cell: int) -> bool:
        """Whether recommending this cell reaches the target; a cell outside the top never does."""
        return self.held_out.get(cell, 0.0) >= self.target

    def regret(self, cell: int) -> float:
        """Share of the best value that recommending this cell gives away; by held-out seeds where there are any."""
        value = self.held_out.get(cell)
        return 1.0 - (self.mean(cell) if value is None else value) / self.best_value

    def _runs_where(self, kept: np.ndarray) -> dict[int, tuple[Recorded, ...]]:
        found: dict[int, list[Recorded]] = {}
        per_user = scores(self.ranks)
        for row in np.flatnonzero(kept):
            curve = self.curves[row][~np.isnan(self.curves[row])]
            named = dict(zip(self.meta["slices"], self.slices[row].tolist(), strict=True))
            run = Recorded(int(self.seed[row]), curve, self.ranks[row], per_user[row], named)
            found.setdefault(int(self.cell[row]), []).append(run)
        return {cell: tuple(sorted(runs, key=lambda run: run.seed)) for cell, runs in found.items()}


def _mean(runs: tuple[Recorded, ...], seeds: tuple[int, ...]) -> float:
    return float(np.mean([run.value for run in runs if run.seed in seeds]))


def tables(names: list[str] | None = None, folder: Path = FOLDER) -> list[Table]:
    """The tables that were made, by name. Raises FileNotFoundError naming the command that makes them."""
    found = [path for path in sorted(folder.glob("*.npz")) if names is None or path.stem in names]
    if not found:
        raise FileNotFoundError(f"no table in {folder}; make them by python -m benchmarks.grid")
    return [Table.load(path) for path in found]
