"""Evaluation over a large catalogue: seconds and peak memory of ranking generated users among so many generated items.
`python -m benchmarks.trainers.catalogue` is the process that is measured."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as the trainer does, before torch

from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.trainers.child import Child, serve
from benchmarks.trainers.timing import now
from recmodels.data import Cases, Histories, TrainingData
from recmodels.device import peak_mib, prepare_process
from recmodels.registry import get_backbone
from recmodels.training.fit import Training

ITEMS = {"cpu": 200_000, "cuda": 2_000_000}  # where no number is given
USERS, LENGTH = 1_024, 10
PARAMS = {"hidden_dim": 64, "num_blocks": 1, "num_heads": 1, "max_len": 50}


def generated(items: int) -> TrainingData:
    """Users with ten events and a target, drawn evenly from the catalogue."""
    draw = np.random.default_rng(5)
    events = 1 + draw.integers(0, items, USERS * LENGTH)
    histories = Histories(events, np.ones(len(events), bool), np.arange(USERS + 1) * LENGTH)
    cases = Cases(np.arange(USERS), histories, 1 + draw.integers(0, items, USERS))
    popularity = np.bincount(events, minlength=items + 1)
    popularity[cases.targets] += 1  # none is cold
    return TrainingData(items, histories, histories, cases, popularity)


class Catalogue:
    """An untrained model of so many items: what its evaluation costs does not depend on its weights."""

    def __init__(self, backbone: str, items: int, threads: int, device: str) -> None:
        prepare_process()
        torch.set_num_threads(threads)
        self.device = torch.device(device)
        data, made = generated(items), get_backbone(backbone)
        self.training = Training(data, made, PARAMS, 0, self.device, "seen", "ndcg@10")
        self.before = peak_mib(self.device)

    def evaluate(self) -> dict[str, Any]:
        began = now(self.device)
        ranks = self.training.evaluate(1).ranks
        return {"seconds": now(self.device) - began, "mean_rank": float(ranks[0].mean())}

    def report(self) -> dict[str, Any]:
        gib = peak_mib(self.device) / 1024
        return {"peak_gib": round(gib, 3), "peak_gib_before": round(self.before / 1024, 3)}


def catalogue(backbone: str, items: int, threads: int, device: str, repeats: int) -> dict[str, Any]:
    """Medians, after an evaluation that does not count."""
    with Child("benchmarks.trainers.catalogue") as child:
        child.send({"backbone": backbone, "items": items, "threads": threads, "device": device})
        child.receive()
        first = child.ask("evaluate")
        seconds = [child.ask("evaluate")["seconds"] for _ in range(repeats)]
        report = child.ask("report")
    return {
        "params": PARAMS,
        "items": items,
        "users": USERS,
        "seconds": round(median(seconds), 3),
        "users_a_second": round(USERS / median(seconds), 1),
        "mean_rank": round(first["mean_rank"]),
        **report,
    }


if __name__ == "__main__":
    serve(Catalogue, ("evaluate", "report"))
