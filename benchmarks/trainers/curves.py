"""Quality per epoch: validation NDCG@10 after the first epochs, ours and the reference's."""

from pathlib import Path
from typing import Any

from benchmarks.trainers.child import Child
from benchmarks.trainers.speed import PARAMS

EPOCHS, SEEDS = 3, (0, 1, 2)


def curves(backbone: str, open_dir: Path, threads: int, with_naive: bool) -> dict[str, Any]:
    """Of three seeds with negatives shared within blocks of targets, and of the reference where it is asked for."""
    job = {"backbone": backbone, "open_dir": str(open_dir), "threads": threads}
    params, found = PARAMS[backbone], {}
    for seed in SEEDS:
        message = {**job, "params": {**params, "negative_sharing": "block"}, "seed": seed}
        found[f"ours, seed {seed}"] = _curve("benchmarks.trainers.our_training", message)
    if with_naive:
        message = {**job, "params": dict(params), "seed": 0, "same_process_settings": False}
        found["reference"] = _curve("benchmarks.trainers.naive_training", message)
    return {"params": dict(params), "epochs": EPOCHS, "ndcg@10": found}


def _curve(module: str, message: dict[str, Any]) -> list[float]:
    values = []
    with Child(module) as child:
        child.send(message)
        child.receive()
        for _ in range(EPOCHS):
            child.ask("train")
            values.append(round(child.ask("evaluate")["metrics"]["ndcg@10"], 5))
    return values
