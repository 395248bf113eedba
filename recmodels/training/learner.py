"""One epoch of training: batches in, gradients, steps of the optimiser. Nothing is judged here."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recmodels.backbones.layers import SequenceModel
from recmodels.data import Histories
from recmodels.errors import OutOfMemory, TrainingDiverged
from recmodels.registry import Backbone
from recmodels.training.batching import Batch, Batches
from recmodels.training.losses import NextItemLoss
from recmodels.training.memory import is_out_of_memory
from recmodels.training.optimizers import build_optimizer
from recmodels.training.schedule import Schedule
from recmodels.training.weighting import target_weights

PLANNED_EPOCHS = 100  # what a schedule spans where no one says
RISEN = 10.0  # times the first epoch's loss: what rose so far has diverged, and only costs time
_SMALL = 1.0  # a first loss below counts as this: on little data it rises by chance
_WATCHED = 64  # batches between two looks at the loss, each of which waits for a GPU


class Learner:
    """A model with its optimiser. All randomness of an epoch derives from (seed, epoch). `max_epochs` is what the
    schedule of the learning rate spans."""

    def __init__(
        self,
        histories: Histories,
        num_items: int,
        backbone: Backbone,
        params: Mapping[str, Any],
        seed: int,
        device: torch.device,
        max_epochs: int = PLANNED_EPOCHS,
    ) -> None:
        self.architecture, self.config = backbone.configs(params)
        self.backbone, self.params, self.seed, self.device = backbone, backbone.complete(params), seed, device
        with _seeded(seed, 0, device):
            self.model: SequenceModel = backbone.build(self.architecture, num_items).to(device)
        config, weights = self.config, target_weights(histories, self.config)
        self.optimizer = build_optimizer(config, self.model.named_parameters())
        self.batches = Batches(
            histories, self.max_len, config.batch_size, config.train_windows, config.train_targets, weights
        )
        self.schedule = Schedule.of(config, max_epochs, len(self.batches))
        temperature = config.temperature if self.params.get("embedding_norm") == "l2" else 1.0
        self.loss = NextItemLoss(config, temperature, _popularity(histories, num_items), device)
        self.parts = 1  # a batch is trained on in that many pieces; grows when memory runs out
        self.first_loss: float | None = None  # of the first epoch

    @property
    def max_len(self) -> int:
        return int(self.params["max_len"])

    def train_epoch(self, epoch: int, between: Callable[[], None] = lambda: None) -> float:
        """The mean loss over the epoch's targets. Raises TrainingDiverged, OutOfMemory."""
        self.model.train()
        total, whole = torch.zeros((), dtype=torch.float64, device=self.device), 0.0
        with _seeded(self.seed, epoch, self.device):
            step = (epoch - 1) * len(self.batches)
            for batch in self.batches.epoch(np.random.default_rng((self.seed, epoch))):
                if whole and step % _WATCHED == 0:
                    self._mean(epoch, total, whole)
                between()
                self.optimizer.lr = self.schedule.rate(step)
                weight = _weight(batch)
                total += self._train_batch(batch) * weight
                whole, step = whole + weight, step + 1
        mean = self._mean(epoch, total, whole)
        self.first_loss = mean if self.first_loss is None else self.first_loss
        return mean

    def _mean(self, epoch: int, total: Tensor, whole: float) -> float:
        """The mean loss so far. Raises TrainingDiverged."""
        mean, advice = float(total) / whole, f"try lr below {self.config.lr:g}"
        if not math.isfinite(mean):
            raise TrainingDiverged(epoch, f"the training loss became {mean}; {advice}")
        if self.first_loss is not None and mean > RISEN * max(self.first_loss, _SMALL):
            raise TrainingDiverged(
                epoch,
                f"the training loss rose to {mean:.4g}, beyond {RISEN:g} times the first epoch's "
                f"{self.first_loss:.4g}; {advice}",
            )
        return mean

    def _train_batch(self, batch: Batch) -> Tensor:
        """One step of the optimiser; the batch's mean loss (float64)."""
        loss = self._accumulated(batch)
        while loss is None:
            self.parts *= 2
            loss = self._accumulated(batch)
        if self.config.clip_norm:
            self.optimizer.clip(self.config.clip_norm)
        self.optimizer.step()
        return loss

    def _accumulated(self, batch: Batch) -> Tensor | None:
        """Gradients of the batch's mean loss, piece by piece, and the loss; None when memory ran out and pieces can
        still be smaller."""
        parts, whole = self.batches.split(batch, self.parts), _weight(batch)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        self.optimizer.zero_grad()
        try:
            for part in parts:
                share = _weight(part) / whole
                loss = self._loss(part.to(self.device)) * share
                loss.backward()
                total += loss.detach().double()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if self.parts >= len(batch.windows):
                raise OutOfMemory(
                    f"not even one history of up to max_len={self.max_len} events fits into memory beside "
                    f"{self.backbone.name} of hidden_dim={self.params['hidden_dim']}; lower one of them"
                ) from error
            return None
        return total

    def _loss(self, batch: Batch) -> Tensor:
        with self._precision():
            states = self.model(batch.inputs)
        states = states.float().index_select(0, batch.tokens)
        return self.loss(self.model, states, batch.targets, batch.weights)

    def _precision(self) -> AbstractContextManager[Any]:
        """bfloat16 products in the model on a GPU; the loss, like every score, is computed in float32."""
        if self.device.type == "cuda" and self.model.takes_bfloat16:
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()


def _weight(batch: Batch) -> float:
    """What all targets of the batch count for."""
    return len(batch.targets) if batch.weights is None else float(batch.weights.sum())


def _popularity(histories: Histories, num_items: int) -> np.ndarray:
    return np.bincount(histories.items[histories.is_target], minlength=num_items + 1)


@contextmanager
def _seeded(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Draws from (seed, epoch) within the block and leaves the generators of the CPU and of the device as they were.
    Other GPUs belong to other runs: they are not even looked at."""
    drawn = int(np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0] >> np.uint64(1))
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(gpus):
        torch.default_generator.manual_seed(drawn)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(drawn)
        yield
