"""One run of one cell, in a process that needs only what `recmodels` needs, and who trains it.

A run ends by patience, never by the clock. Its file is written whole or not at all; a process that dies leaves its
claim unlocked, and another takes it over.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recmodels.data import TrainingData
from recmodels.errors import TrainingDiverged
from recmodels.ranking.evaluation import slices
from recmodels.ranking.metrics import user_scores
from recmodels.registry import get_backbone
from recmodels.training.fit import fit

OBJECTIVE = "ndcg@10"
MOST_EPOCHS = 500  # patience ends every run before
CLIP = 255  # ranks beyond are alike to every metric at 20 and fewer


def train(
    data: TrainingData, backbone: str, params: Mapping[str, Any], seed: int, masking: str, device: torch.device
) -> dict[str, Any]:
    """A run's curve, clipped ranks and slices of its best epoch. A run that diverged has the epochs before, or none."""
    began, curve = time.perf_counter(), []
    users = len(data.validation.users)
    best = np.full((2, users), CLIP, np.uint32)
    with contextlib.suppress(TrainingDiverged):
        for epoch in fit(data, get_backbone(backbone), params, seed, device, masking, OBJECTIVE, MOST_EPOCHS):
            curve.append(epoch.metrics[OBJECTIVE])
            if epoch.is_best:
                best = epoch.ranks
    return {
        "curve": np.array(curve, np.float32),
        "ranks": np.minimum(best, CLIP).astype(np.uint8),
        "slices": json.dumps(_flat(slices(best, data.validation, data.popularity, data.train))),
        "seconds": time.perf_counter() - began,
    }


def scores(ranks: np.ndarray) -> np.ndarray:
    """NDCG@10 of each user from clipped ranks (..., 2, U): (..., U)."""
    flat = ranks.reshape(-1, *ranks.shape[-2:]).astype(np.uint32)
    return np.stack([user_scores(each, OBJECTIVE) for each in flat]).reshape(*ranks.shape[:-2], -1)


def write(path: Path, run: Mapping[str, Any]) -> None:
    """The run's file, at once."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    with open(partial, "wb") as file:
        np.savez_compressed(file, **run)
    os.replace(partial, path)


def read(path: Path) -> dict[str, Any]:
    """The run of a file."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Whether this process may train the run of this file: nobody has, and nobody is at it."""
    lock = path.with_suffix(".lock")
    with open(lock, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield not path.exists()


def _flat(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    return {
        f"{kind.replace('_', ' ')} {name}": round(values[OBJECTIVE], 5)
        for kind, groups in found.items()
        for name, values in groups.items()
        if OBJECTIVE in values
    }
