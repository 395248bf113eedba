"""This package's training as a process that takes the same commands as `benchmarks.trainers.naive_training`."""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as the trainer does, before torch

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from benchmarks.trainers.child import serve
from benchmarks.trainers.timing import now
from recmodels.data import TrainingData
from recmodels.device import peak_mib, prepare_process
from recmodels.ranking.metrics import summary
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import read_tensors, save_model
from recmodels.training.fit import Training
from recmodels.training.negatives import NegativeSampler


class _Enough(Exception):
    """As many batches as were asked for are done."""


class _Fewer(NegativeSampler):
    """Draws `count` negatives, whatever number is asked for."""

    count = 1

    def draw(self, *shape: int) -> torch.Tensor:
        return super().draw(*shape[:-1], self.count)


class Ours:
    """One model in training. `negatives` may be fewer than the search space has."""

    def __init__(
        self,
        backbone: str,
        params: dict[str, Any],
        open_dir: str,
        seed: int,
        threads: int,
        negatives: int | None = None,
        device: str = "cpu",
    ) -> None:
        torch.set_num_threads(threads)
        data = TrainingData.load(Path(open_dir))
        self.device = torch.device(device)
        self.training = Training(data, get_backbone(backbone), params, seed, self.device, "seen", "ndcg@10")
        if negatives is not None:
            self.training.loss.sampler = sampler = _Fewer(data.popularity, 0.0, self.device)
            sampler.count = negatives
        self.epoch = 0

    def train(self, batches: int | None = None) -> dict[str, Any]:
        """Trains on the first so many batches of the next epoch, or on all."""
        whole, done = len(self.training.batches), 0
        wanted = min(batches or whole, whole)

        def between() -> None:
            nonlocal done
            if done == wanted:
                raise _Enough
            done += 1

        self.epoch += 1
        began, loss = now(self.device), None
        with suppress(_Enough):
            loss = self.training.train_epoch(self.epoch, between)
        return {"seconds": now(self.device) - began, "share": done / whole, "loss": loss}

    def save(self, path: str) -> dict[str, Any]:
        training = self.training
        weights = dict(training.model.state_dict())
        save_model(Path(path), weights, training.backbone.name, training.params, training.data.num_items)
        return {}

    def load(self, path: str) -> dict[str, Any]:
        """Takes over weights, of the reference too."""
        self.training.model.load_state_dict(read_tensors(Path(path))[0])
        return {}

    def evaluate(self, masking: str = "seen") -> dict[str, Any]:
        self.training.masking = masking
        began = now(self.device)
        metrics = summary(self.training.evaluate(self.epoch).ranks)
        return {"seconds": now(self.device) - began, "share": 1.0, "metrics": metrics}

    def peak(self) -> dict[str, Any]:
        return {"gib": peak_mib(self.device) / 1024}


if __name__ == "__main__":
    prepare_process()
    serve(Ours, ("train", "save", "load", "evaluate", "peak"))
