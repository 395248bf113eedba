"""Seconds of an epoch and of an evaluation: this package against the naive reference, in turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.trainers.child import Child
from benchmarks.trainers.exactness import differences
from recmodels.data import TrainingData

COMMON = {"hidden_dim": 128, "num_blocks": 1, "num_heads": 1, "max_len": 50, "batch_size": 256, "negatives": 500}
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "sasrec": COMMON,
    "hstu": {**COMMON, "attention_dim": 128, "linear_dim": 128, "time_bias": False},
}


@dataclass(frozen=True)
class Amount:
    """How much is timed in each repeat; what is less than an epoch is scaled to one. None: all of it."""

    repeats: int = 3
    ours: int | None = None  # batches
    exact: int | None = 16
    naive: int = 8
    pads_too: int = 1
    evaluated: int | None = 1_280  # users, by the reference
    compared: bool = True  # its metrics with ours, of all users
    smaller: Mapping[str, Any] = field(default_factory=dict)  # params that make the reference bearable


QUICK = Amount(1, 12, 4, 4, 1, 512, compared=False, smaller={"hidden_dim": 64, "batch_size": 64, "negatives": 100})


def speed(
    backbone: str, open_dir: Path, scratch: Path, threads: int, amount: Amount, device: str = "cpu"
) -> dict[str, Any]:
    """Medians over the repeats. Before them everyone trains one batch that does not count. The reference gathers
    negatives where there is a target; where it does so for padding too, that is a figure of its own."""
    job = {"backbone": backbone, "open_dir": str(open_dir), "seed": 0, "threads": threads, "device": device}
    params, naive = {**PARAMS[backbone], **amount.smaller}, "benchmarks.trainers.naive_training"
    ours_module = "benchmarks.trainers.our_training"
    with Child(ours_module) as ours, Child(ours_module) as exact, Child(naive) as shipped, Child(naive) as tuned:
        jobs = {
            ours: {**job, "params": {**params, "negative_sharing": "block"}},
            exact: {**job, "params": {**params, "negative_sharing": "position"}},
            shipped: {**job, "params": params, "same_process_settings": False},
            tuned: {**job, "params": params, "same_process_settings": True},
        }
        _start(jobs)
        rounds = [_round(ours, exact, shipped, tuned, amount) for _ in range(amount.repeats)]
        peak, naive_peak = ours.ask("peak")["gib"], shipped.ask("peak")["gib"]
        equal = _metrics_apart(ours, shipped, scratch / f"{backbone}.safetensors") if amount.compared else None
    return {
        "params": params,
        "train_speedup": _ratio(rounds, "naive", "ours"),
        "train_speedup_negatives_of_pads_too": _ratio(rounds, "naive_pads_too", "ours"),
        "train_speedup_same_allocator": _ratio(rounds, "naive_same_allocator", "ours"),
        "exact_speedup": _ratio(rounds, "naive", "exact"),
        "exact_speedup_negatives_of_pads_too": _ratio(rounds, "naive_pads_too", "exact"),
        "exact_speedup_same_allocator": _ratio(rounds, "naive_same_allocator", "exact"),
        "eval_speedup": _ratio(rounds, "naive_eval", "eval"),
        "peak_gib": round(peak, 3),
        "naive_peak_gib": round(naive_peak, 3),
        "seconds": {name: median(each[name] for each in rounds) for name in rounds[0]},
        "rounds": rounds,
        "timed": {name: getattr(amount, name) for name in ("ours", "exact", "naive", "pads_too", "evaluated")},
        "metrics_apart": equal,
        "exactness": exactness(backbone, open_dir),
    }


def _start(jobs: Mapping[Child, Mapping[str, Any]]) -> None:
    """All at once; then each trains a batch that does not count."""
    for child, job in jobs.items():
        child.send(job)
    for child in jobs:
        child.receive()
    for child in jobs:
        child.ask("train", batches=1)


def _round(ours: Child, exact: Child, shipped: Child, tuned: Child, amount: Amount) -> dict[str, float]:
    """Seconds of a whole epoch, or of a whole evaluation, of each in turn."""
    return {
        "ours": _whole(ours.ask("train", batches=amount.ours)),
        "naive": _whole(shipped.ask("train", batches=amount.naive)),
        "exact": _whole(exact.ask("train", batches=amount.exact)),
        "naive_same_allocator": _whole(tuned.ask("train", batches=amount.naive)),
        "naive_pads_too": _whole(shipped.ask("train", batches=amount.pads_too, pads_too=True)),
        "eval": _whole(ours.ask("evaluate")),
        "naive_eval": _whole(shipped.ask("evaluate", users=amount.evaluated)),
    }


def _whole(answer: Mapping[str, Any]) -> float:
    return float(round(answer["seconds"] / answer["share"], 3))


def _ratio(rounds: list[dict[str, float]], slow: str, fast: str) -> float:
    return round(median(each[slow] / each[fast] for each in rounds), 2)


def _metrics_apart(ours: Child, naive: Child, weights: Path) -> float:
    """The largest difference between all metrics of both, for the same weights and all users."""
    ours.ask("save", path=str(weights))
    naive.ask("load", path=str(weights))
    mine, theirs = ours.ask("evaluate")["metrics"], naive.ask("evaluate")["metrics"]
    return max(abs(mine[name] - theirs[name]) for name in mine)


def exactness(backbone: str, open_dir: Path, users: int = 32) -> dict[str, float]:
    """Relative differences of loss and gradients on a batch of the data."""
    torch.set_flush_denormal(True)
    data = TrainingData.load(open_dir)
    some = data.train.of(np.flatnonzero(data.train.lengths > 1)[:users])
    return differences(backbone, PARAMS[backbone], some, data.num_items, seed=0)
