"""Optimisers against torch's or a loop, and the learning rate over a run."""

import math

import pytest
import torch

from recmodels.training.optimizers import FusedAdam, Lion, Optimizer, build_optimizer
from recmodels.training.schedule import Schedule
from recmodels.training.training_config import TrainingConfig


def loss_of(model: torch.nn.Linear, step: int):
    x = torch.randn(3, 7, generator=torch.Generator().manual_seed(step))
    return model(x).square().sum()


def train(model: torch.nn.Linear, optimizer, steps: range):
    for step in steps:
        optimizer.zero_grad()
        loss_of(model, step).backward()
        optimizer.step()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_the_fused_optimiser_equals_that_of_torch(kind):
    mine, theirs = (torch.nn.Linear(7, 5) for _ in range(2))
    theirs.load_state_dict(mine.state_dict())
    train(mine, FusedAdam(mine.named_parameters(), 0.01, 0.1, decoupled=kind is torch.optim.AdamW), range(5))
    train(theirs, kind(theirs.parameters(), lr=0.01, weight_decay=0.1), range(5))
    torch.testing.assert_close(mine.weight, theirs.weight)
    torch.testing.assert_close(mine.bias, theirs.bias)


def test_lion_equals_the_published_steps():
    mine, theirs = (torch.nn.Linear(7, 5, bias=False) for _ in range(2))
    theirs.load_state_dict(mine.state_dict())
    train(mine, Lion(mine.named_parameters(), 0.01, 0.1), range(6))
    weight, mean = theirs.weight.detach().clone(), torch.zeros(5, 7)
    for step in range(6):
        theirs.weight.data = weight
        theirs.zero_grad()
        loss_of(theirs, step).backward()
        gradient = theirs.weight.grad
        assert gradient is not None
        sign = torch.sign(0.9 * mean + 0.1 * gradient)
        weight = weight - 0.01 * (sign + 0.1 * weight)
        mean = 0.99 * mean + 0.01 * gradient
    torch.testing.assert_close(mine.weight.detach(), weight)


@pytest.mark.parametrize("name", ["adam", "adamw", "lion"])
def test_a_restored_optimiser_goes_on_as_if_it_had_not_stopped(name):
    whole, parted = (torch.nn.Linear(7, 5) for _ in range(2))
    parted.load_state_dict(whole.state_dict())
    config = TrainingConfig(optimizer=name, weight_decay=0.01)
    train(whole, build_optimizer(config, whole.named_parameters()), range(6))
    first = build_optimizer(config, parted.named_parameters())
    train(parted, first, range(3))
    saved = {kind: value.clone() for kind, value in first.state().items()}
    second = build_optimizer(config, parted.named_parameters())
    second.load_state(saved)
    train(parted, second, range(3, 6))
    assert torch.equal(whole.weight, parted.weight)


def test_a_state_of_another_model_is_refused():
    one, other = torch.nn.Linear(7, 5), torch.nn.Linear(6, 5)
    optimizers = [Lion(model.named_parameters(), 0.1, 0.0) for model in (one, other)]
    with pytest.raises(RuntimeError):
        optimizers[0].load_state(optimizers[1].state())


@pytest.mark.parametrize(("longest", "expected"), [(1.0, 1.0), (100.0, 13.0)])
def test_a_gradient_is_shortened_only_beyond_the_limit(longest, expected):
    weights = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))]
    optimizer = Optimizer(zip("ab", weights, strict=True), 0.1, 0.0)
    weights[0].grad, weights[1].grad = torch.tensor([3.0, 4.0]), torch.tensor([12.0])
    optimizer.clip(longest)
    assert torch.cat(optimizer.gradients).norm().item() == pytest.approx(expected)


def test_a_gradient_of_zeros_survives_clipping():
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = Optimizer([("w", weight)], 0.1, 0.0)
    optimizer.clip(1.0)
    assert torch.cat(optimizer.gradients).tolist() == [0.0, 0.0]


def test_the_rate_rises_over_the_warm_up_and_falls_to_a_hundredth():
    for kind, middle in (("cosine", 0.01 + 0.99 * (1 + math.cos(math.pi / 2)) / 2), ("linear", 0.505)):
        schedule = Schedule.of(TrainingConfig(lr=0.01, schedule=kind, warmup=0.2), epochs=10, steps_per_epoch=10)
        assert [schedule.rate(step) for step in (0, 9, 19, 20)] == pytest.approx([0.0005, 0.005, 0.01, 0.01])
        assert schedule.rate(60) == pytest.approx(0.01 * middle)
        assert schedule.rate(100) == schedule.rate(5000) == pytest.approx(0.0001)


def test_by_default_the_rate_never_changes():
    schedule = Schedule.of(TrainingConfig(), epochs=3, steps_per_epoch=4)
    assert {schedule.rate(step) for step in range(50)} == {0.001}
