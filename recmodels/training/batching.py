"""From histories to batches of windows with their targets, in an order that derives from (seed, epoch)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from recmodels.data import Histories
from recmodels.errors import DatasetUnreadable
from recmodels.packing import Flat, Packed, pack


@dataclass(frozen=True)
class Batch:
    """`tokens` (n,) picks the states of `inputs` that have a target; `targets` (n,) are the items that follow and
    `weights` (n,) how much each counts, None for all alike; `windows` tells which windows these are."""

    inputs: Packed
    tokens: Tensor
    targets: Tensor
    weights: Tensor | None
    windows: Flat

    def to(self, device: torch.device) -> "Batch":
        if device.type == "cpu":
            return self
        weights = None if self.weights is None else self.weights.to(device)
        return Batch(self.inputs.to(device), self.tokens.to(device), self.targets.to(device), weights, self.windows)


class Batches:
    """Input windows of at most `max_len` events; the event after each token is what it predicts. `weights` tells how
    much each event counts as a target."""

    def __init__(
        self,
        histories: Histories,
        max_len: int,
        batch_size: int,
        windows: str,
        targets: str,
        weights: np.ndarray | None = None,
    ) -> None:
        self._items, self._times, self._weights = histories.items, histories.timestamps, weights
        self._starts, self._lengths = _windows(histories, max_len, whole_history=windows == "all")
        self._scored = _scored_events(histories, self._starts, self._lengths, only_last=targets == "last_position")
        if not len(self._starts):
            raise DatasetUnreadable("no user has two training events; nothing can be learned from this dataset")
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._starts) // self._batch_size)

    def epoch(self, generator: np.random.Generator) -> Iterator[Batch]:
        """Every window once."""
        order = generator.permutation(len(self._starts))
        for first in range(0, len(order), self._batch_size):
            yield self._batch(order[first : first + self._batch_size])

    def split(self, batch: Batch, parts: int) -> list[Batch]:
        """The same windows as that many smaller batches, or as one for each window where there are fewer."""
        parts = min(parts, len(batch.windows))
        return [batch] if parts == 1 else [self._batch(part) for part in np.array_split(batch.windows, parts)]

    def _batch(self, windows: Flat) -> Batch:
        inputs = pack(self._items, self._starts[windows], self._lengths[windows], self._times)
        followers = inputs.source + 1
        tokens = np.flatnonzero(self._scored[followers])
        events = followers[tokens]
        weights = None if self._weights is None else torch.from_numpy(self._weights[events])
        return Batch(inputs, torch.from_numpy(tokens), torch.from_numpy(self._items[events]), weights, windows)


def _windows(histories: Histories, max_len: int, whole_history: bool) -> tuple[Flat, Flat]:
    """Starts and lengths of input windows that hold a target. Windows end at the last event but one and go back from
    there: one for each user, or as many as its history fills."""
    inputs = np.maximum(histories.lengths - 1, 0)
    counts = -(-inputs // max_len) if whole_history else np.minimum(inputs, 1)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.repeat(histories.offsets[1:] - 1, counts) - nth * max_len
    starts = np.maximum(ends - max_len, np.repeat(histories.offsets[:-1], counts))
    before = np.concatenate([[0], np.cumsum(histories.is_target)])
    useful = before[ends + 1] > before[starts + 1]
    return starts[useful], (ends - starts)[useful]


def _scored_events(histories: Histories, starts: Flat, lengths: Flat, only_last: bool) -> np.ndarray:
    """Which events count in the loss when they follow a token: the target events, or each window's last of them."""
    if not only_last:
        return histories.is_target
    latest = np.maximum.accumulate(np.where(histories.is_target, np.arange(len(histories.items)), -1))
    scored = np.zeros(len(histories.items), bool)
    scored[latest[starts + lengths]] = True
    return scored
