"""What only HSTU does."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.backbones.positions import time_buckets
from recmodels.packing import pack
from recmodels.ranking.evaluation import ModelScorer
from recmodels.registry import get_backbone
from recmodels.training.learner import Learner
from tests.recmodels.histories import LISTS, histories_of

HSTU, V, CPU = get_backbone("hstu"), 30, torch.device("cpu")


def learner(histories, **params):
    return Learner(histories, V, HSTU, {"hidden_dim": 16, "max_len": 12, "lr": 0.01, **params}, 0, CPU)


def states_of(model, histories):
    return ModelScorer(model.eval(), 12, CPU).states(histories)


def stretched(histories):
    """The same events in the same order, ever further apart."""
    return replace(histories, timestamps=histories.timestamps * 50)


def test_the_same_events_further_apart_give_other_states():
    histories = histories_of(LISTS)
    with torch.no_grad():
        for flag in (True, False):
            model = learner(histories, time_bias=flag).model
            near, far = states_of(model, histories), states_of(model, stretched(histories))
            assert torch.equal(near, far) is not flag


def test_the_bias_of_times_is_learned():
    trained = learner(histories_of(LISTS))
    before = trained.model.blocks[0].time.weight.detach().clone()
    trained.train_epoch(1)
    assert not torch.equal(trained.model.blocks[0].time.weight, before)


def test_without_timestamps_training_and_scoring_leave_the_bias_of_times_out():
    untimed = histories_of(LISTS, timed=False)
    with_bias, without = (learner(untimed, time_bias=flag) for flag in (True, False))
    without.model.load_state_dict(with_bias.model.state_dict(), strict=False)
    bias = with_bias.model.blocks[0].time.weight.detach().clone()
    assert with_bias.train_epoch(1) == pytest.approx(without.train_epoch(1), rel=1e-6)
    assert torch.equal(with_bias.model.blocks[0].time.weight, bias)
    with torch.no_grad():
        torch.testing.assert_close(states_of(with_bias.model, untimed), states_of(without.model, untimed))


def test_two_buckets_span_each_doubling_of_time():
    times = np.array([0, 0, 1, 3, 7, 86_400, 10**12], np.int64)
    batch = pack(np.ones(7, np.int64), np.array([0]), np.array([7]), times)
    (group,) = batch.groups
    assert batch.times is not None
    buckets = time_buckets(batch.times, group)[0]
    assert buckets[:, 0].tolist() == [0, 0, 2, 4, 6, 32, 63]
    assert (buckets.triu(1) == 0).all()


def test_attention_adds_up_what_recurs():
    """A softmax would give the same mixture for one event as for three equal ones."""
    model = learner(histories_of(LISTS), position="none", time_bias=False, num_blocks=1).model.eval()
    torch.nn.init.normal_(model.items.weight)
    mixed: list[torch.Tensor] = []
    model.blocks[0].mixed_norm.register_forward_pre_hook(lambda _, inputs: mixed.append(inputs[0][-1]))
    for count in (1, 3):
        model(pack(np.full(count, 5), np.array([0]), np.array([count])))
    torch.testing.assert_close(mixed[1], 3 * mixed[0])
