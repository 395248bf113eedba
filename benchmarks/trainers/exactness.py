"""How far the packed models are from the naive reference on one batch, with dropout off."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.trainers.naive_models import build, sampled_softmax
from benchmarks.trainers.naive_training import Windows
from recmodels.data import Histories
from recmodels.registry import get_backbone
from recmodels.training.batching import Batch, Batches
from recmodels.training.losses import sampled_loss, softmax_loss

NO_DROPOUT = {"dropout": 0.0, "attn_dropout": 0.0}


def differences(
    backbone: str, params: Mapping[str, Any], histories: Histories, num_items: int, seed: int
) -> dict[str, float]:
    """`loss` and `gradient` (the largest over weights), each relative to the reference's: of the same weights, on the
    same histories, each of two events or more, with the same negatives for each position."""
    timeless = {"time_bias": False} if backbone == "hstu" else {}
    chosen = get_backbone(backbone).complete({**params, **NO_DROPOUT, **timeless, "train_windows": "last"})
    architecture, config = get_backbone(backbone).configs(chosen)
    torch.manual_seed(seed)
    ours = get_backbone(backbone).build(architecture, num_items)
    naive = build(backbone, architecture, num_items)
    naive.load_state_dict(ours.state_dict())
    users, max_len = len(histories.lengths), chosen["max_len"]
    batch = next(Batches(histories, max_len, users, "last", "all_positions").epoch(np.random.default_rng(seed)))
    negatives = torch.randint(1, num_items + 1, (users, max_len, config.negatives))

    windows = Windows(histories, max_len)
    items, targets = (torch.stack(rows) for rows in zip(*(windows[user] for user in range(users)), strict=True))
    expected = sampled_softmax(naive(items), naive.table(), targets, negatives, config.temperature)
    expected.backward()
    drawn = negatives[*_slots(batch, max_len)]
    states = ours(batch.inputs).index_select(0, batch.tokens) / config.temperature
    loss = sampled_loss(softmax_loss, ours, states, batch.targets, drawn)
    loss.backward()
    gradients = dict(naive.named_parameters())
    apart = [_apart(weight.grad, gradients[name].grad) for name, weight in ours.named_parameters()]
    return {"loss": _apart(loss.detach(), expected.detach()), "gradient": max(apart)}


def _slots(batch: Batch, max_len: int) -> tuple[Tensor, Tensor]:
    """User and slot, in the padded window, of each target of the batch."""
    lengths = np.diff(np.sort(batch.inputs.last.numpy()), prepend=-1)
    order = np.argsort(batch.inputs.last.numpy(), kind="stable")
    users = torch.from_numpy(np.repeat(batch.windows[order], lengths))
    return users[batch.tokens], max_len - 1 - batch.inputs.ages[batch.tokens]


def _apart(mine: Tensor | None, theirs: Tensor | None) -> float:
    assert mine is not None and theirs is not None
    return float((mine.double() - theirs.double()).norm() / theirs.double().norm())
