"""How histories, popularity, gaps and novelty are distributed in a dataset's training part, as short curves.

Computed once per dataset and kept in a file named by its content hash, so that a page never reads the events again.
Reads `open/train.parquet` alone; the sealed test items cannot reach a curve.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.errors import NotFound, StorageFailed

VERSION = 1  # raise it when the curves mean something else
POINTS = 48
YEAR = 365.25 * 86_400.0
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Points of a curve; both tuples have one length, `y` are shares in [0, 1] and never fall."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Distributions:
    """`lengths`: users with at most x training events. `popularity`: events on the x most popular share of the items.
    `gaps`: neighbouring events of a user at most x seconds apart. `novelty`: items seen by time x (epoch seconds).
    The last two are None where the data has no times, or too few events."""

    lengths: Curve
    popularity: Curve
    gaps: Curve | None
    novelty: Curve | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Distributions":
        """The inverse of `dataclasses.asdict`."""
        curves = {name: Curve(tuple(each["x"]), tuple(each["y"])) if each else None for name, each in data.items()}
        return cls(**curves)  # type: ignore[arg-type]


def file_of(cache: Path, dataset_id: str) -> Path:
    """Where the curves of a dataset are kept."""
    return cache / f"distributions-{dataset_id}-{VERSION}.json"


def kept(cache: Path, dataset_id: str) -> Distributions | None:
    """The curves computed earlier; None when they were not, or cannot be read."""
    try:
        return Distributions.from_json(json.loads(file_of(cache, dataset_id).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(cache: Path, dataset_id: str, open_dir: Path) -> Distributions:
    """Compute the curves and write them down. Raises NotFound, StorageFailed."""
    found = distributions(open_dir)
    wanted = file_of(cache, dataset_id)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        sibling = wanted.with_name(f".{wanted.name}.{os.getpid()}")
        sibling.write_text(json.dumps(asdict(found)), encoding="utf-8")
        os.replace(sibling, wanted)
    except OSError as problem:
        raise StorageFailed(f"{wanted} could not be written ({problem.strerror}); free space on that disk") from problem
    return found


def distributions(open_dir: Path) -> Distributions:
    """Measure a dataset's `open/` folder. Raises NotFound when it is gone, StorageFailed when it cannot be read."""
    path = open_dir / "train.parquet"
    try:
        table = pq.read_table(path)
        user, item = table.column("user").to_numpy(), table.column("item").to_numpy()
        time = table.column("timestamp").to_numpy() if "timestamp" in table.column_names else None
    except FileNotFoundError as problem:
        raise NotFound(f"{path} is gone; import the dataset again") from problem
    except (OSError, KeyError, ValueError, pa.ArrowException) as problem:
        raise StorageFailed(f"{path} cannot be read as events ({problem}); import the dataset again") from problem
    same_user = user[1:] == user[:-1]
    lengths = np.diff(np.flatnonzero(np.concatenate(([True], ~same_user, [True])))) if len(user) else np.zeros(0)
    return Distributions(
        lengths=_at_most(lengths.astype(np.float64), whole=True),
        popularity=_lorenz(np.unique(item, return_counts=True)[1]),
        gaps=_gaps(time, same_user),
        novelty=_novelty(item, time),
    )


def _at_most(values: Numbers, whole: bool = False) -> Curve:
    """The share of values up to each point of a logarithmic grid."""
    if not len(values):
        return Curve((), ())
    grid = np.geomspace(max(1.0, float(values.min())), max(1.0, float(values.max())), POINTS)
    grid = np.unique(np.ceil(grid) if whole else grid)
    share = np.searchsorted(np.sort(values), grid, side="right") / len(values)
    return _curve(grid, share)


def _lorenz(counts: NDArray[np.int64]) -> Curve:
    if not len(counts):
        return Curve((), ())
    falling = np.sort(counts)[::-1]
    share = np.cumsum(falling) / falling.sum()
    at = np.unique(np.ceil(np.geomspace(1, len(falling), POINTS)).astype(np.int64))
    return _curve(np.append(0.0, at / len(falling)), np.append(0.0, share[at - 1]))


def _gaps(time: NDArray[np.int64] | None, same_user: NDArray[np.bool_]) -> Curve | None:
    if time is None or not same_user.any():
        return None
    return _at_most(np.clip(np.diff(time)[same_user], 1, 10 * YEAR).astype(np.float64))


def _novelty(item: NDArray[np.int32], time: NDArray[np.int64] | None) -> Curve | None:
    if time is None or len(item) < 2 or time.min() == time.max():
        return None
    order = np.argsort(time, kind="stable")
    first = np.sort(time[order][np.unique(item[order], return_index=True)[1]])
    grid = np.linspace(float(time.min()), float(time.max()), POINTS)
    return _curve(grid, np.searchsorted(first, grid, side="right") / len(first))


def _curve(x: NDArray[Any], y: NDArray[Any]) -> Curve:
    return Curve(tuple(float(f"{value:.10g}") for value in x), tuple(round(float(value), 5) for value in y))
