"""What a scripted training run does, epoch by epoch; the process and the in-process trainer of the tests tell it."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

CHECKPOINT = "checkpoint.json"
RANKS = "ranks.npy"
TRAINED = "trained.log"  # an epoch a line, as often as it was really trained
USERS = 200


class Story:
    """A run whose figures depend on params and seed alone. `params["script"]` (a mapping) may say: `epochs` (5),
    `quality` (0.1), `fail_at` (an epoch), `note`, `without_ranks`. Resumes from the checkpoint in `run_dir`."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.job, self.script = job, dict(job["params"].get("script", {}))
        self.folder = Path(job["run_dir"])
        self.epochs = min(int(self.script.get("epochs", 5)), int(job["max_epochs"]))
        path = self.folder / CHECKPOINT
        self.history: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []

    @property
    def epoch(self) -> int:
        """The last epoch that is on the disk."""
        return len(self.history)

    def begin(self) -> Iterator[dict[str, Any]]:
        """The start, and the epochs of earlier attempts told again."""
        note = {"note": self.script["note"]} if "note" in self.script else {}
        yield {"event": "started", "from_epoch": self.epoch, "parameters": 1000, "device": "cpu", **note}
        yield from list(self.history)

    def next_epoch(self) -> dict[str, Any]:
        """Train one epoch: its checkpoint is on the disk before it is told."""
        epoch = self.epoch + 1
        if epoch == self.script.get("fail_at"):
            return {"event": "failed", "cause": f"training diverged in epoch {epoch}: lower lr", "epoch": self.epoch}
        value = self.value_of(epoch)
        message = {"event": "epoch", "epoch": epoch, "train_loss": 1.0 / epoch, "metrics": {"ndcg@10": value}}
        self.history.append({**message, "seconds": 0.5, "peak_mib": 10.0 + epoch})
        with open(self.folder / TRAINED, "a") as log:
            log.write(f"{epoch}\n")
        self._keep(CHECKPOINT, json.dumps(self.history).encode())
        return self.history[-1]

    @property
    def is_told(self) -> bool:
        """Whether only the end is missing."""
        return self.epoch >= self.epochs

    def end(self) -> dict[str, Any]:
        """The best epoch's report; its ranks are on the disk before it is told."""
        values = [record["metrics"]["ndcg@10"] for record in self.history]
        best = int(np.argmax(values)) + 1
        if not self.script.get("without_ranks"):
            self._keep_ranks()
        return {
            "event": "complete",
            "best_epoch": best,
            "epochs": self.epoch,
            "metrics": {"ndcg@10": values[best - 1], "recall@10": 2 * values[best - 1]},
            "coverage@10": 0.5,
            "slices": {},
            "parameters": 1000,
        }

    def value_of(self, epoch: int) -> float:
        """The figure of an epoch, whatever happened to the run."""
        noise = random.Random(f"{self.job['seed']} {epoch}").gauss(0.0, 0.001)
        return round(float(self.script.get("quality", 0.1)) * (1 - 0.5**epoch) + noise, 6)

    def _keep_ranks(self) -> None:
        drawn = np.random.default_rng(int(self.job["seed"])).geometric(0.02, USERS) - 1
        with open(self.folder / RANKS, "wb") as file:
            np.save(file, np.stack([drawn, np.zeros(USERS)]).astype(np.uint32))

    def _keep(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        sibling = self.folder / f".{name}"
        sibling.write_bytes(content)
        sibling.replace(self.folder / name)
