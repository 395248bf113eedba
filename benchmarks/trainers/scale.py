"""Whether cost grows linearly with interactions: seconds of training for a million targets and of counting priors for
a million interactions, on generated histories of one catalogue and one distribution of lengths.
`python -m benchmarks.trainers.scale` is the process of one size."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as the trainer does, before torch

import time
from contextlib import suppress
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.trainers.child import Child, serve
from benchmarks.trainers.timing import now
from recmodels.data import Histories
from recmodels.device import peak_mib, prepare_process
from recmodels.priors.prior_config import PriorConfig
from recmodels.priors.priors import Priors
from recmodels.registry import get_backbone
from recmodels.training.learner import Learner

ITEMS, MEAN_LENGTH, SHORTEST = 20_000, 9, 3
PARAMS = {"hidden_dim": 64, "num_blocks": 1, "num_heads": 1, "max_len": 50, "batch_size": 256, "negatives": 256}


def generated(interactions: int) -> Histories:
    """Histories of 3 events and a geometric number more; items by a power law."""
    draw = np.random.default_rng(5)
    users = interactions // MEAN_LENGTH
    lengths = SHORTEST + draw.geometric(1 / (MEAN_LENGTH - SHORTEST + 1), users) - 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    items = 1 + (ITEMS * draw.random(offsets[-1]) ** 2).astype(np.int64)
    return Histories(items, np.ones(len(items), bool), offsets)


class Size:
    """A learner on so many interactions."""

    def __init__(self, backbone: str, interactions: int, threads: int, device: str = "cpu") -> None:
        prepare_process()
        torch.set_num_threads(threads)
        self.histories = generated(interactions)
        self.device = torch.device(device)
        began = now(self.device)
        self.learner = Learner(self.histories, ITEMS, get_backbone(backbone), PARAMS, 0, self.device)
        self.prepared = now(self.device) - began
        self.targets = int(len(self.histories.items) - len(self.histories.offsets) + 1)
        self.epoch = 0

    def train(self, seconds: float) -> dict[str, Any]:
        """Starts an epoch and trains for about so long; the share of its targets that were done."""
        counted = _Clock(seconds)
        self.epoch += 1
        began = now(self.device)
        with suppress(TimeoutError):
            self.learner.train_epoch(self.epoch, counted)
        spent = now(self.device) - began
        return {"seconds": spent, "batches": counted.batches, "of": len(self.learner.batches)}

    def count(self) -> dict[str, Any]:
        """Seconds of counting all priors with their default settings."""
        began = time.perf_counter()
        Priors.fit(PriorConfig(priors="all"), self.histories, ITEMS)
        return {"seconds": time.perf_counter() - began}

    def report(self) -> dict[str, Any]:
        gib = peak_mib(self.device) / 1024
        return {"targets": self.targets, "prepared_seconds": self.prepared, "peak_gib": round(gib, 3)}


class _Clock:
    """Called between batches; raises TimeoutError once time is over."""

    def __init__(self, seconds: float) -> None:
        self.end, self.batches = time.perf_counter() + seconds, 0

    def __call__(self) -> None:
        if time.perf_counter() > self.end:
            raise TimeoutError
        self.batches += 1


def scale(
    backbone: str, sizes: tuple[int, ...], threads: int, seconds: float, repeats: int, device: str = "cpu"
) -> dict[str, Any]:
    """Each size in turn, `repeats` times for so many seconds; medians. What an epoch has beside its batches (drawing
    their order) and before them counts in full."""
    children: list[Child] = []
    try:
        for size in sizes:
            child = Child("benchmarks.trainers.scale")
            children.append(child)
            child.send({"backbone": backbone, "interactions": size, "threads": threads, "device": device})
            child.receive()
            child.ask("train", seconds=1.0)
        turns = [[child.ask("train", seconds=seconds) for child in children] for _ in range(repeats)]
        reports = [child.ask("report") for child in children]
        counts = [child.ask("count")["seconds"] for child in children]
    finally:
        for child in children:
            child.close()
    rows = []
    for size, report, counted, answers in zip(sizes, reports, counts, zip(*turns, strict=True), strict=True):
        million = report["targets"] / 1e6
        epochs = [answer["seconds"] / answer["batches"] * answer["of"] for answer in answers]
        rows.append(
            {
                "interactions": size,
                **report,
                "share_timed": round(median(answer["batches"] / answer["of"] for answer in answers), 4),
                "epoch_seconds": round(median(epochs), 1),
                "seconds_per_million_targets": round((median(epochs) + report["prepared_seconds"]) / million, 2),
                "priors_seconds_per_million": round(counted / (size / 1e6), 2),
            }
        )
    ratios = {"worst_ratio": "seconds_per_million_targets", "priors_worst_ratio": "priors_seconds_per_million"}
    worst = {name: _worst([row[cost] for row in rows]) for name, cost in ratios.items()}
    return {"params": PARAMS, "backbone": backbone, "sizes": rows, **worst}


def _worst(costs: list[float]) -> float:
    """The dearest over the cheapest."""
    return round(max(costs) / min(costs), 3)


if __name__ == "__main__":
    serve(Size, ("train", "count", "report"))
