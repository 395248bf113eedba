"""The naive reference as a process, `python -m benchmarks.trainers.naive_training`, that takes commands as JSON lines
and answers each with one.

DataLoader over histories padded to `max_len`, torch.optim.Adam, negatives drawn and gathered for each position (of
padding too, or, as the authors of arXiv 2402.17152 do, only where there is a target), validation by sorting the whole
catalogue for each user.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.trainers.child import serve
from benchmarks.trainers.naive_models import Padded, build, sampled_softmax
from benchmarks.trainers.timing import now
from recmodels.data import Histories, TrainingData
from recmodels.device import peak_mib, prepare_process
from recmodels.ranking.metrics import summary
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import read_tensors, save_model

_EVALUATED = 256  # users scored at once


def padded(ids: np.ndarray, max_len: int) -> Tensor:
    """The latest `max_len` ids, zeros before them."""
    row = torch.zeros(max_len, dtype=torch.long)
    latest = ids[-max_len:]
    if len(latest):
        row[-len(latest) :] = torch.from_numpy(latest)
    return row


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Inputs and targets (T,) of every user with two events or more."""

    def __init__(self, histories: Histories, max_len: int) -> None:
        each = np.split(histories.items, histories.offsets[1:-1])
        self.histories, self.max_len = [items for items in each if len(items) > 1], max_len

    def __len__(self) -> int:
        return len(self.histories)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        items = self.histories[index]
        return padded(items[:-1], self.max_len), padded(items[1:], self.max_len)


class Naive:
    """One model in training."""

    def __init__(
        self,
        backbone: str,
        params: dict[str, Any],
        open_dir: str,
        seed: int,
        threads: int,
        same_process_settings: bool,
        device: str = "cpu",
    ) -> None:
        if same_process_settings:
            prepare_process()
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.backbone, self.data = backbone, TrainingData.load(Path(open_dir))
        self.device = torch.device(device)
        self.params = get_backbone(backbone).complete(params)
        architecture, self.config = get_backbone(backbone).configs(params)
        self.model: Padded = build(backbone, architecture, self.data.num_items).to(self.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=self.config.lr)
        windows = Windows(self.data.train, self.params["max_len"])
        self.loader = DataLoader(windows, batch_size=self.config.batch_size, shuffle=True)
        self.epoch: Iterator[list[Tensor]] = iter(())

    def train(self, batches: int | None = None, pads_too: bool = False) -> dict[str, Any]:
        """Trains on the next so many batches, by default on as many as an epoch has. Negatives are drawn and gathered
        for the positions that have a target, or for those of padding too."""
        self.model.train()
        began, done, loss = now(self.device), 0, 0.0
        while done < (batches or len(self.loader)):
            items, targets = self._next()
            loss += self._step(items, targets, pads_too)
            done += 1
        return {"seconds": now(self.device) - began, "share": done / len(self.loader), "loss": loss / done}

    def _next(self) -> list[Tensor]:
        try:
            return next(self.epoch)
        except StopIteration:
            self.epoch = iter(self.loader)
            return next(self.epoch)

    def _step(self, items: Tensor, targets: Tensor, pads_too: bool) -> float:
        self.optimizer.zero_grad()
        items, targets = items.to(self.device), targets.to(self.device)
        states, table = self.model(items), self.model.table()
        if not pads_too:
            states, targets = states[targets > 0], targets[targets > 0]
        shape = (*targets.shape, self.config.negatives)
        negatives = torch.randint(1, self.data.num_items + 1, shape, device=self.device)
        loss = sampled_softmax(states, table, targets, negatives, self.config.temperature)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def load(self, path: str) -> dict[str, Any]:
        """Takes over weights that `recmodels` wrote."""
        self.model.load_state_dict(read_tensors(Path(path))[0])
        return {}

    def save(self, path: str) -> dict[str, Any]:
        """Writes weights that `recmodels` can take over."""
        weights, name = dict(self.model.state_dict()), self.backbone
        save_model(Path(path), weights, name, self.params, self.data.num_items)
        return {}

    @torch.no_grad()
    def evaluate(self, users: int | None = None) -> dict[str, Any]:
        """Metrics of the first so many validation users, `seen` items masked, by sorting all scores."""
        self.model.eval()
        cases, began = self.data.validation, now(self.device)
        users = users or len(cases.users)
        histories = np.split(cases.histories.items, cases.histories.offsets[1:-1])[:users]
        ranks: list[int] = []
        for first in range(0, users, _EVALUATED):
            some = histories[first : first + _EVALUATED]
            rows = torch.stack([padded(items, self.params["max_len"]) for items in some])
            states = self.model(rows.to(self.device))[:, -1]
            scores = states @ self.model.table().T
            scores[:, 0] = -torch.inf
            for row, items in zip(scores, some, strict=True):
                row[torch.from_numpy(items).to(self.device)] = -torch.inf
            order = scores.argsort(dim=-1, descending=True)
            targets = torch.from_numpy(cases.targets[first : first + _EVALUATED]).to(self.device)
            ranks += (order == targets[:, None]).nonzero()[:, 1].tolist()
        known = self.data.popularity[cases.targets[:users]] > 0
        places = np.where(known, ranks, self.data.num_items).astype(np.uint32)
        metrics = summary(np.stack([places, np.zeros_like(places)]))
        return {"seconds": now(self.device) - began, "share": users / len(cases.users), "metrics": metrics}

    def peak(self) -> dict[str, Any]:
        return {"gib": peak_mib(self.device) / 1024}


if __name__ == "__main__":
    serve(Naive, ("train", "save", "load", "evaluate", "peak"))
