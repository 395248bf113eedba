"""Every loss against a loop over targets, in value and gradient."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.backbones.sasrec import SASRec
from recmodels.backbones.sasrec_config import SASRecConfig
from recmodels.registry import get_backbone
from recmodels.training import full_softmax as full
from recmodels.training import losses
from recmodels.training.full_softmax import full_softmax
from recmodels.training.losses import NextItemLoss, binary_loss, gbce_beta, sampled_loss, softmax_loss
from recmodels.training.negatives import NegativeSampler
from recmodels.training.training_config import TrainingConfig
from recmodels.training.weighting import target_weights
from tests.recmodels.histories import histories_of

V, n, K, D = 30, 11, 20, 16
CPU = torch.device("cpu")
POPULARITY = np.arange(V + 1)


@pytest.fixture(params=["l2", "none"])
def model(request):
    torch.manual_seed(3)
    return SASRec(SASRecConfig(hidden_dim=D, embedding_norm=request.param), V).double()


def naive_softmax(own, rivals):
    return torch.stack([own, *rivals]).logsumexp(0) - own


def naive_binary(beta):
    def loss(own, rivals):
        odds = beta / K  # of a target among its rivals
        wrong = sum(-torch.log(1 - torch.sigmoid(rival + math.log(odds))) for rival in rivals)
        return (-beta * torch.log(torch.sigmoid(own + math.log(odds))) + wrong) / (K + 1)

    return loss


def naive_sampled(criterion, model, states, targets, negatives, weights=None, excess=None):
    """Every target with its block's negatives, one by one."""
    size, table, total, whole = -(-len(targets) // len(negatives)), model.item_vectors(), 0.0, 0.0
    for index, (state, target) in enumerate(zip(states, targets.tolist(), strict=True)):
        block = index // size
        rivals = [
            state @ table[item] - (0.0 if excess is None else excess[block, place])
            for place, item in enumerate(negatives[block].tolist())
            if item != target
        ]
        weight = 1.0 if weights is None else float(weights[index])
        total, whole = total + weight * criterion(state @ table[target], rivals), whole + weight
    return total / whole


def value_and_gradients(loss, model, states):
    model.zero_grad()
    states = states.detach().requires_grad_()
    value = loss(states)
    value.backward()
    return value.detach(), states.grad, model.items.weight.grad.clone()


def assert_alike(fast, naive):
    for mine, theirs in zip(fast, naive, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-9, rtol=1e-7)


CRITERIA = {
    "softmax": (softmax_loss, naive_softmax),
    "bce": (binary_loss(1.0), naive_binary(1.0)),
    "gbce": (binary_loss(0.3), naive_binary(0.3)),
}


WAYS = {"position": (n, 0), "position, dense": (n, 64), "block": (4, 64), "batch": (1, 64)}


@pytest.mark.parametrize("cells", [2**25, 1000], ids=["at once", "in pieces"])
@pytest.mark.parametrize(("blocks", "dense"), WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("corrected", [False, True], ids=["plain", "weighted and corrected"])
@pytest.mark.parametrize("name", CRITERIA)
def test_sampled_losses_equal_the_naive_loop(name, corrected, blocks, dense, cells, model, monkeypatch):
    monkeypatch.setattr(losses, "_CELLS", cells)
    monkeypatch.setattr(losses, "_DENSE", dense)
    torch.manual_seed(5)
    states, targets = torch.randn(n, D, dtype=torch.float64), torch.randint(1, V + 1, (n,))
    negatives = torch.randint(1, V + 1, (blocks, K))
    weights = torch.rand(n, dtype=torch.float64) if corrected else None
    excess = torch.randn(blocks, K, dtype=torch.float64) if corrected else None
    fast, naive = CRITERIA[name]
    rest = targets, negatives, weights, excess
    assert_alike(
        value_and_gradients(lambda part: sampled_loss(fast, model, part, *rest), model, states),
        value_and_gradients(lambda part: naive_sampled(naive, model, part, *rest), model, states),
    )


@pytest.mark.parametrize("cells", [2**25, 4 * (V + 1)], ids=["at once", "in pieces"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_the_full_softmax_in_chunks_equals_cross_entropy(weighted, cells, monkeypatch):
    monkeypatch.setattr(full, "_CELLS", cells)
    torch.manual_seed(1)
    states, table = torch.randn(700, 8, requires_grad=True), torch.randn(V + 1, 8, requires_grad=True)
    targets, weights = torch.randint(1, V + 1, (700,)), torch.rand(700) if weighted else None
    mine = full_softmax(states, table, targets, weights)
    mine.backward()
    gradients = states.grad, table.grad
    states.grad = table.grad = None
    single = torch.nn.functional.cross_entropy(states @ table[1:].T, targets - 1, reduction="none")
    theirs = single.mean() if weights is None else (single * weights).sum() / weights.sum()
    theirs.backward()
    for fast, naive in zip((mine, *gradients), (theirs, states.grad, table.grad), strict=True):
        torch.testing.assert_close(fast, naive, atol=1e-6, rtol=1e-4)


def test_the_full_softmax_of_huge_scores_is_finite_and_right():
    torch.manual_seed(1)
    states, table = (500 * torch.randn(20, 8)).requires_grad_(), torch.randn(V + 1, 8, requires_grad=True)
    targets = torch.randint(1, V + 1, (20,))
    mine = full_softmax(states, table, targets)
    theirs = torch.nn.functional.cross_entropy(states @ table[1:].T, targets - 1)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-4)
    assert all(bool(gradient.isfinite().all()) for gradient in torch.autograd.grad(3 * mine, (states, table)))


def test_huge_samples_are_made_in_pieces_of_bounded_size(monkeypatch):
    sizes: list[int] = []
    monkeypatch.setattr(losses, "_CELLS", 50_000)
    monkeypatch.setattr(losses, "_DENSE", 0)  # as for a large catalogue
    small = SASRec(SASRecConfig(hidden_dim=D), V)
    looked_up = small.item_vectors

    def counted(ids):
        sizes.append(ids.numel() * D)
        return looked_up(ids)

    monkeypatch.setattr(small, "item_vectors", counted)
    config = TrainingConfig(negatives=500, negative_sharing="position")
    NextItemLoss(config, 1.0, POPULARITY, CPU)(small, torch.randn(400, D), torch.randint(1, V + 1, (400,)))
    assert max(sizes) <= 50_000


def test_with_logq_a_large_sample_equals_the_full_softmax():
    torch.manual_seed(0)
    model = SASRec(SASRecConfig(hidden_dim=D, embedding_norm="none"), V)
    torch.nn.init.normal_(model.items.weight)
    states, targets = torch.randn(60, D), torch.randint(1, V + 1, (60,))
    with torch.no_grad():
        exact = full_softmax(states, model.item_vectors(), targets).item()
        for power in (0.0, 0.75):
            found = {}
            for logq in (True, False):
                config = TrainingConfig(negatives=4096, negative_sharing="position", negative_sampling=power, logq=logq)
                found[logq] = NextItemLoss(config, 1.0, POPULARITY + 1, CPU)(model, states, targets).item()
            assert found[True] == pytest.approx(exact, rel=0.02)
            assert abs(found[False] - exact) > 0.5


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_negatives_come_by_popularity_to_the_power(power):
    torch.manual_seed(0)
    sampler = NegativeSampler(np.array([0, 1, 4, 0, 95]), power, CPU)
    drawn = torch.bincount(sampler.draw(400, 500).view(-1), minlength=5)[1:] / 200_000
    expected = np.array([1, 4, 0, 95]) ** power
    expected[2] = 0 if power else 1
    np.testing.assert_allclose(drawn, expected / expected.sum(), atol=0.005)
    ids = torch.tensor([1, 2, 4])
    np.testing.assert_allclose(sampler.log_chances(ids).exp(), (expected / expected.sum())[ids - 1], rtol=1e-5)


@pytest.mark.parametrize("power", [0.0, 0.75])
def test_negatives_drawn_evenly_come_as_often_as_expected_each_time(power):
    torch.manual_seed(0)
    sampler = NegativeSampler(POPULARITY, power, CPU)
    expected = 2_000 * sampler.log_chances(torch.arange(1, V + 1)).exp()
    for _ in range(5):
        counts = torch.bincount(sampler.draw_evenly(4, 500).view(-1), minlength=V + 1)[1:]
        assert counts.sum() == 2_000
        assert (counts - expected).abs().max() <= 2


def test_what_is_drawn_evenly_is_in_random_order():
    torch.manual_seed(0)
    first, second = NegativeSampler(np.ones(1_001), 0.0, CPU).draw_evenly(2, 5_000).double()
    assert abs(first.mean() - second.mean()) < 30  # of 1,000 items; in order they would lie 500 apart
    assert (first.diff() < 0).double().mean() == pytest.approx(0.5, abs=0.05)


def test_targets_of_many_users_share_a_block(monkeypatch):
    torch.manual_seed(0)
    seen: list[torch.Tensor] = []

    def kept(criterion, model, states, targets, negatives, weights, excess):
        seen.extend((states[:, 0], targets, weights))
        return states.sum()

    monkeypatch.setattr(losses, "sampled_loss", kept)
    n, model = 480, SASRec(SASRecConfig(hidden_dim=D), V)
    rows = torch.arange(n, dtype=torch.float32)
    loss = NextItemLoss(TrainingConfig(negative_sharing="block", negatives=16), 1.0, POPULARITY, CPU)
    loss(model, rows.unsqueeze(1).expand(n, D), torch.arange(n) % V + 1, rows + 1)
    order, targets, weights = seen
    assert order.sort().values.equal(rows) and not order.equal(rows)
    assert targets.equal(order.long() % V + 1) and weights.equal(order + 1)
    assert order[:24].diff().abs().median() > 24


@pytest.mark.parametrize(("sharing", "sets"), [("position", 100), ("block", 4), ("batch", 1)])
def test_sharing_decides_how_many_sets_of_negatives_are_drawn(sharing, sets, monkeypatch):
    drawn: list[tuple[int, ...]] = []
    loss = NextItemLoss(TrainingConfig(negative_sharing=sharing), 1.0, POPULARITY, CPU)

    def draw(*shape):
        drawn.append(shape)
        return torch.ones(shape, dtype=torch.int64)

    monkeypatch.setattr(loss.sampler, "draw", draw)
    monkeypatch.setattr(loss.sampler, "draw_evenly", draw)
    loss(SASRec(SASRecConfig(hidden_dim=D), V), torch.randn(100, D), torch.randint(1, V + 1, (100,)))
    assert drawn == [(sets, 256)]


def test_gbce_runs_from_bce_to_full_calibration():
    assert gbce_beta(256, 10_001, 0.0) == pytest.approx(1.0)
    assert gbce_beta(256, 10_001, 1.0) == pytest.approx(0.0256)
    assert gbce_beta(256, 1, 1.0) == gbce_beta(500, 10, 1.0) == 1.0


def test_a_target_loses_a_share_of_its_weight_with_each_later_event():
    weights = target_weights(histories_of([[1, 2, 3, 4, 5], [6, 7]]), TrainingConfig(recency_decay=0.1))
    assert weights is not None
    assert weights.tolist() == pytest.approx([0.9**4, 0.9**3, 0.9**2, 0.9, 1, 0.9, 1])


def test_popular_targets_are_discounted_by_the_power_of_their_count():
    weights = target_weights(histories_of([[1, 2, 1], [1, 1, 3]]), TrainingConfig(popularity_discount=0.5))
    assert weights is not None
    assert weights.tolist() == pytest.approx([0.5, 1, 0.5, 0.5, 0.5, 1])


def test_rare_event_types_are_weighed_by_their_share_of_the_targets():
    untyped = histories_of([[1, 2, 3, 4], [5, 6, 7]])
    histories = replace(untyped, event_types=np.array([0, 0, 0, 2, 0, 0, 2]))
    config = TrainingConfig(event_type_discount=1.0)
    weights = target_weights(histories, config)
    assert weights is not None
    assert weights.tolist() == pytest.approx([7 / 5] * 3 + [7 / 2] + [7 / 5] * 2 + [7 / 2])
    assert weights[histories.event_types == 0].sum() == pytest.approx(weights[histories.event_types == 2].sum())
    assert target_weights(untyped, config) is None


def test_context_events_have_no_share_in_the_types_of_targets():
    histories = replace(
        histories_of([[1, 2, 3, 4]]),
        event_types=np.array([0, 1, 1, 2]),
        is_target=np.array([False, True, True, True]),
    )
    weights = target_weights(histories, TrainingConfig(event_type_discount=1.0))
    assert weights is not None
    assert weights[1:].tolist() == pytest.approx([3 / 2, 3 / 2, 3])


def test_by_default_all_targets_count_alike():
    assert target_weights(histories_of([[1, 2]]), TrainingConfig()) is None


def test_the_default_loss_at_the_start_is_that_of_chance():
    backbone = get_backbone("sasrec")
    config = backbone.configs({"loss": "full_softmax"})[1]
    loss = NextItemLoss(config, 1.0, POPULARITY, CPU)
    value = loss(SASRec(SASRecConfig(hidden_dim=D), V), torch.zeros(5, D), torch.ones(5, dtype=torch.int64))
    assert value.item() == pytest.approx(math.log(V))
