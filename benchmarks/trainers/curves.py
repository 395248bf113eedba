"""Quality per epoch: validation NDCG@10 after the first epochs, ours and the reference's, over several seeds."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trainers.child import Child
from benchmarks.trainers.speed import PARAMS

EPOCHS = 3
_OURS, _NAIVE = "benchmarks.trainers.our_training", "benchmarks.trainers.naive_training"

Curves = dict[str, list[float]]  # by seed, a value for each epoch


def curves(
    backbone: str, open_dir: Path, scratch: Path, threads: int, seeds: int, with_naive: bool, device: str = "cpu"
) -> dict[str, Any]:
    """Ours with negatives shared within blocks of targets, as it is timed, and where it is asked for the reference's,
    in turns. Both are judged by the same evaluation."""
    job = {"backbone": backbone, "open_dir": str(open_dir), "threads": threads, "device": device}
    params, weights = PARAMS[backbone], scratch / f"{backbone}-curve.safetensors"
    ours: Curves = {}
    reference: Curves = {}
    for seed in range(seeds):
        with Child(_OURS) as trainer:
            _start(trainer, {**job, "params": {**params, "negative_sharing": "block"}, "seed": seed})
            ours[str(seed)] = [_epoch(trainer) for _ in range(EPOCHS)]
            if with_naive:  # the process is now its judge
                reference[str(seed)] = _reference(trainer, {**job, "params": dict(params), "seed": seed}, weights)
    return {
        "params": dict(params),
        "seeds": seeds,
        "ndcg@10": {"ours": ours, "reference": reference},
        "quality_per_epoch": compared(ours, reference) if with_naive else None,
    }


def _reference(judge: Child, job: dict[str, Any], weights: Path) -> list[float]:
    with Child(_NAIVE) as naive:
        _start(naive, {**job, "same_process_settings": True})  # the same maths, sooner
        values = []
        for _ in range(EPOCHS):
            naive.ask("train")
            naive.ask("save", path=str(weights))
            judge.ask("load", path=str(weights))
            values.append(_judged(judge))
        return values


def _start(child: Child, message: dict[str, Any]) -> None:
    child.send(message)
    child.receive()


def _epoch(child: Child) -> float:
    child.ask("train")
    return _judged(child)


def _judged(child: Child) -> float:
    return float(round(child.ask("evaluate")["metrics"]["ndcg@10"], 5))


def compared(ours: Curves, reference: Curves) -> dict[str, Any]:
    """Means over seeds after each epoch, and whether ours are nowhere below the reference's by more than `spread`: the
    larger of both sides' distances from the worst seed to the best at that epoch. One seed has no spread and tells
    nothing: None."""
    mine, theirs = np.array(list(ours.values())), np.array(list(reference.values()))  # (seeds, epochs)
    spread = np.maximum(np.ptp(mine, axis=0), np.ptp(theirs, axis=0))
    apart = mine.mean(0) - theirs.mean(0)
    return {
        "ours": mine.mean(0).round(5).tolist(),
        "reference": theirs.mean(0).round(5).tolist(),
        "spread": spread.round(5).tolist(),
        "at_parity": bool((apart >= -spread).all()) if len(mine) > 1 else None,
    }
