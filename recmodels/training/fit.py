"""Training as a generator of epochs: the caller records, prunes and checkpoints."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from recmodels.data import TrainingData
from recmodels.errors import CorruptCheckpoint, InvalidJob, InvalidParams, TrainingDiverged
from recmodels.ranking.evaluation import ModelScorer, Ranking, rank
from recmodels.ranking.metrics import METRICS, summary
from recmodels.registry import Backbone
from recmodels.training.checkpoint import Checkpoint, Tensors
from recmodels.training.learner import PLANNED_EPOCHS, Learner


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
        max_epochs: int = PLANNED_EPOCHS,
    ) -> None:
        if objective not in METRICS:
            raise InvalidJob(f"objective={objective!r} is none of {', '.join(METRICS)}")
        super().__init__(data.train, data.num_items, backbone, params, seed, device, max_epochs)
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
        if not self._is_mine(checkpoint):
            raise CorruptCheckpoint("the checkpoint belongs to another configuration or seed; delete it and run again")
        try:
            self.model.load_state_dict(checkpoint.model)
            self.optimizer.load_state(checkpoint.optimizer)
        except (RuntimeError, KeyError, ValueError) as error:
            raise CorruptCheckpoint(f"the checkpoint does not fit the model ({error}); delete it") from error
        self.epoch, self.best_epoch = checkpoint.epoch, checkpoint.best_epoch
        self.history = list(checkpoint.history)
        self.first_loss = float(self.history[0]["train_loss"])
        self.best = checkpoint.best or self._weights()

    def _is_mine(self, checkpoint: Checkpoint) -> bool:
        """A field that is younger than the checkpoint had its default."""
        if (checkpoint.backbone, checkpoint.seed) != (self.backbone.name, self.seed):
            return False
        try:
            return self.backbone.complete(checkpoint.params) == self.params
        except InvalidParams:
            return False

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
    training = Training(data, backbone, params, seed, device, masking, objective, max_epochs)
    if resume_from is not None:
        training.resume(resume_from)
    while training.epoch < max_epochs and not training.is_exhausted:
        yield training.run_epoch(between)
