"""Training as a generator of epochs: the caller records, prunes and checkpoints."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from recmodels.adam import FusedAdam
from recmodels.batching import Batches
from recmodels.checkpoint import Checkpoint, Tensors
from recmodels.data import Histories, TrainingData
from recmodels.errors import CorruptCheckpoint, InvalidJob, TrainingDiverged
from recmodels.evaluation import ModelScorer, Ranking, rank
from recmodels.layers import SequenceModel
from recmodels.losses import next_item_loss
from recmodels.metrics import METRICS, summary
from recmodels.registry import Backbone


@dataclass(frozen=True)
class EpochResult:
    """One epoch, 1 being the first. `metrics` are of validation; `seconds` include the evaluation. `ranks` and
    `training` serve the caller that checkpoints."""

    epoch: int
    train_loss: float
    metrics: dict[str, float]
    seconds: float
    train_seconds: float
    is_best: bool
    ranks: np.ndarray = field(repr=False, compare=False)
    training: "Training" = field(repr=False, compare=False)


class Learner:
    """A model with its optimiser. All randomness of an epoch derives from (seed, epoch)."""

    def __init__(
        self,
        histories: Histories,
        num_items: int,
        backbone: Backbone,
        params: Mapping[str, Any],
        seed: int,
        device: torch.device,
    ) -> None:
        self.architecture, self.config = backbone.configs(params)
        self.backbone, self.params, self.seed, self.device = backbone, backbone.complete(params), seed, device
        with _seeded(seed, 0):
            self.model: SequenceModel = backbone.build(self.architecture, num_items).to(device)
        config, decoupled = self.config, self.config.optimizer == "adamw"
        self.optimizer = FusedAdam(self.model.named_parameters(), config.lr, config.weight_decay, decoupled)
        self.batches = Batches(
            histories, self.max_len, self.config.batch_size, self.config.train_windows, self.config.train_targets
        )
        self.temperature = self.config.temperature if self.params.get("embedding_norm") == "l2" else 1.0

    @property
    def max_len(self) -> int:
        return int(self.params["max_len"])

    def train_epoch(self, epoch: int, between: Callable[[], None] = lambda: None) -> float:
        """The mean loss over the epoch's targets. Raises TrainingDiverged."""
        self.model.train()
        total, count = torch.zeros((), dtype=torch.float64, device=self.device), 0
        with _seeded(self.seed, epoch):
            for batch in self.batches.epoch(np.random.default_rng((self.seed, epoch))):
                between()
                batch = batch.to(self.device)
                states = self.model(batch.inputs).index_select(0, batch.tokens)
                loss = next_item_loss(self.config, self.temperature, self.model, states, batch.targets)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.detach().double() * len(batch.targets)
                count += len(batch.targets)
        mean = float(total) / count
        if not math.isfinite(mean):
            raise TrainingDiverged(epoch, f"the training loss became {mean}; try lr below {self.config.lr:g}")
        return mean


class Training(Learner):
    """A learner judged on validation after every epoch."""

    def __init__(
        self,
        data: TrainingData,
        backbone: Backbone,
        params: Mapping[str, Any],
        seed: int,
        device: torch.device,
        masking: str,
        objective: str,
    ) -> None:
        if objective not in METRICS:
            raise InvalidJob(f"objective={objective!r} is none of {', '.join(METRICS)}")
        super().__init__(data.train, data.num_items, backbone, params, seed, device)
        self.data, self.masking, self.objective = data, masking, objective
        self.epoch, self.best_epoch = 0, 0
        self.best: Tensors = {}
        self.history: list[dict[str, Any]] = []

    @property
    def is_exhausted(self) -> bool:
        """Whether patience has run out."""
        return self.epoch - self.best_epoch >= self.config.early_stop_patience

    def run_epoch(self, between: Callable[[], None] = lambda: None) -> EpochResult:
        """Trains the next epoch and evaluates it. Raises TrainingDiverged."""
        began, epoch = time.perf_counter(), self.epoch + 1
        loss = self.train_epoch(epoch, between)
        trained = time.perf_counter()
        ranks = self.evaluate(epoch, between=between).ranks
        metrics = summary(ranks)
        is_best = self.best_epoch == 0 or metrics[self.objective] > self._best_value()
        if is_best:
            self.best_epoch, self.best = epoch, self._weights()
        self.epoch = epoch
        seconds = time.perf_counter() - began
        result = EpochResult(epoch, loss, metrics, seconds, trained - began, is_best, ranks, self)
        self.history.append({name: getattr(result, name) for name in _RECORDED})
        return result

    def evaluate(self, epoch: int, top: int = 0, between: Callable[[], None] = lambda: None) -> Ranking:
        """The validation ranking of the model as it is. Raises TrainingDiverged."""
        scorer = ModelScorer(self.model, self.max_len, self.device)
        cases, popularity = self.data.validation, self.data.popularity
        try:
            return rank(scorer, cases, popularity, self.masking, device=self.device, top=top, between=between)
        except FloatingPointError as error:
            raise TrainingDiverged(epoch, f"{error}; try lr below {self.config.lr:g}") from error

    def load_best(self) -> None:
        """Puts the best epoch's weights into the model."""
        self.model.load_state_dict(self.best)

    def checkpoint(self) -> Checkpoint:
        """The state after the last epoch, sharing memory with the model: to be written before training goes on."""
        return Checkpoint(
            backbone=self.backbone.name,
            params=self.params,
            seed=self.seed,
            epoch=self.epoch,
            best_epoch=self.best_epoch,
            history=self.history,
            model=dict(self.model.state_dict()),
            best={} if self.best_epoch == self.epoch else self.best,
            optimizer=self.optimizer.state(),
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes back to a checkpoint of this same run. Raises CorruptCheckpoint if it is of another."""
        if (checkpoint.backbone, checkpoint.params, checkpoint.seed) != (self.backbone.name, self.params, self.seed):
            raise CorruptCheckpoint("the checkpoint belongs to another configuration or seed; delete it and run again")
        try:
            self.model.load_state_dict(checkpoint.model)
            self.optimizer.load_state(checkpoint.optimizer)
        except (RuntimeError, KeyError, ValueError) as error:
            raise CorruptCheckpoint(f"the checkpoint does not fit the model ({error}); delete it") from error
        self.epoch, self.best_epoch = checkpoint.epoch, checkpoint.best_epoch
        self.history = list(checkpoint.history)
        self.best = checkpoint.best or self._weights()

    def _best_value(self) -> float:
        return float(self.history[self.best_epoch - 1]["metrics"][self.objective])

    def _weights(self) -> Tensors:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}


_RECORDED = ("epoch", "train_loss", "metrics", "seconds", "train_seconds", "is_best")


def fit(
    data: TrainingData,
    backbone: Backbone,
    params: Mapping[str, Any],
    seed: int,
    device: torch.device,
    masking: str,
    objective: str,
    max_epochs: int,
    resume_from: Checkpoint | None = None,
    between: Callable[[], None] = lambda: None,
) -> Iterator[EpochResult]:
    """Epochs until `max_epochs` or until patience runs out. `between` is called between batches and may raise to
    stop. A resumed run equals one that never stopped. Raises InvalidParams, TrainingDiverged, CorruptCheckpoint."""
    training = Training(data, backbone, params, seed, device, masking, objective)
    if resume_from is not None:
        training.resume(resume_from)
    while training.epoch < max_epochs and not training.is_exhausted:
        yield training.run_epoch(between)


@contextmanager
def _seeded(seed: int, epoch: int) -> Iterator[None]:
    """Draws from (seed, epoch) within the block and leaves torch's generators as they were."""
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0] >> np.uint64(1)))
        yield
