"""The properties every sequence model must have, for every backbone and structural choice."""

import itertools

import numpy as np
import pytest
import torch

from recmodels.adam import FusedAdam
from recmodels.batching import Batches
from recmodels.checkpoint import load_model, save_model
from recmodels.data import Histories
from recmodels.evaluation import ModelScorer
from recmodels.layers import ByteDropout, PackedAttention
from recmodels.losses import full_softmax, next_item_loss, sampled_softmax
from recmodels.packing import pack
from recmodels.registry import BACKBONES, get_backbone
from recmodels.sasrec import SASRec
from recmodels.sasrec_config import SASRecConfig
from recmodels.scorer import best_items
from recmodels.training import Learner
from recmodels.training_config import TrainingConfig
from tests.recmodels.conftest import cyclic_histories
from tests.recmodels.naive import padded_loss, padded_states

V = 30
CPU = torch.device("cpu")
CHOICES = [
    {},
    {"position": "none", "num_heads": 4},
    {"ffn": "gelu", "linear_ratio": 2, "tied_embeddings": False},
    {"ffn": "swiglu", "linear_ratio": 4, "embedding_norm": "none"},
]
VARIANTS = [(name, choice) for name in BACKBONES for choice in (CHOICES if name == "sasrec" else [{}])]


@pytest.fixture(params=VARIANTS, ids=lambda variant: f"{variant[0]}-{'-'.join(map(str, variant[1].values()))}")
def variant(request):
    """A backbone's name with params."""
    name, choice = request.param
    return name, {"hidden_dim": 16, "max_len": 12, **choice}


def build(name, params):
    torch.manual_seed(0)
    backbone = get_backbone(name)
    return backbone.build(backbone.configs(params)[0], V).eval()


def histories_of(lists) -> Histories:
    offsets = np.concatenate([[0], np.cumsum([len(items) for items in lists])])
    items = np.concatenate([np.asarray(items, np.int64) for items in lists])
    return Histories(items, np.ones(len(items), bool), offsets)


def states_of(model, lists):
    """The states of each list's tokens, in order."""
    histories = histories_of(lists)
    batch = pack(histories.items, histories.offsets[:-1], histories.lengths)
    states = torch.empty(len(histories.items), 16)
    states[torch.from_numpy(batch.source)] = model(batch)
    return states.split([len(items) for items in lists])


def test_the_future_cannot_change_the_past(variant):
    model = build(*variant)
    with torch.no_grad():
        (before,), (after,) = states_of(model, [[1, 2, 3, 4, 5, 6]]), states_of(model, [[1, 2, 3, 9, 8, 7]])
    torch.testing.assert_close(before[:3], after[:3])
    assert not torch.allclose(before[3], after[3])


def test_what_else_is_in_the_batch_changes_nothing(variant):
    model = build(*variant)
    lists = [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10, 11], [2] * 12, [3, 1], [7, 8, 9, 1, 2]]
    with torch.no_grad():
        for alone, together in zip(lists, states_of(model, lists), strict=True):
            torch.testing.assert_close(states_of(model, [alone])[0], together)


def test_events_before_the_window_change_nothing(variant):
    model = build(*variant)
    scorer = ModelScorer(model, 12, CPU)
    with torch.no_grad():
        long, short = scorer.states(histories_of([[5] * 30 + list(range(1, 13)), list(range(1, 13))]))
    torch.testing.assert_close(long, short)


def test_it_over_fits_one_batch(variant):
    name, params = variant
    lists = [[1, 5, 2, 9], [3, 1, 4], [7, 8, 20, 21, 22]]
    quiet = {**params, "dropout": 0.0, "attn_dropout": 0.0, "lr": 0.01, "loss": "full_softmax"}
    learner = Learner(histories_of(lists), V, get_backbone(name), quiet, 0, CPU)
    losses = [learner.train_epoch(epoch) for epoch in range(1, 61)]
    assert losses[-1] < 0.05 * losses[0]


def test_the_pad_id_is_never_recommended(variant):
    scorer = ModelScorer(build(*variant), 12, CPU)
    items, scores = best_items(scorer, histories_of([[1, 2, 3]]), "seen", V + 1)
    assert sorted(items) == list(range(4, V + 1))
    assert scores == sorted(scores, reverse=True)


def test_saved_and_loaded_it_scores_the_same(variant, tmp_path):
    name, params = variant
    model = build(name, params)
    save_model(tmp_path / "best.safetensors", dict(model.state_dict()), name, params, V)
    loaded, loaded_name, loaded_params = load_model(tmp_path / "best.safetensors")
    assert (loaded_name, loaded_params) == (name, params)
    with torch.no_grad():
        assert torch.equal(states_of(model, [[1, 2, 3]])[0], states_of(loaded, [[1, 2, 3]])[0])
        assert torch.equal(model.item_vectors(), loaded.item_vectors())


def test_the_same_seed_gives_the_same_loss_and_another_a_different_one(variant):
    name, params = variant
    histories = histories_of([items for items in cyclic_histories(30) if len(items) > 2])
    losses = [Learner(histories, V, get_backbone(name), params, seed, CPU).train_epoch(1) for seed in (4, 4, 5)]
    assert losses[0] == losses[1] != losses[2]


def test_the_parameter_count_is_known_without_building(variant):
    name, params = variant
    built = sum(weights.numel() for weights in build(name, params).parameters())
    assert get_backbone(name).estimate_parameters(params, V) == built


LISTS = [[1, 5, 2, 9], [3, 1], [7, 8, 20, 21, 22, 7, 7, 9, 10], [4, 4, 4], [30, 29, 28, 27, 26, 25]]


def packed_loss(model, config, temperature):
    histories = histories_of(LISTS)
    (batch,) = Batches(histories, 12, 99, "last", "all_positions").epoch(np.random.default_rng(0))
    states = model(batch.inputs).index_select(0, batch.tokens)
    return next_item_loss(config, temperature, model, states, batch.targets)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_packed_equals_the_padded_reference_in_loss_and_gradients(choice):
    config = SASRecConfig(hidden_dim=16, max_len=12, **choice)
    packed, padded = (SASRec(config, V) for _ in range(2))
    padded.load_state_dict(packed.state_dict())
    loss = packed_loss(packed.eval(), TrainingConfig(loss="full_softmax"), 0.5)
    reference = padded_loss(padded.eval(), LISTS, config.num_heads, 0.5)
    assert loss.item() == pytest.approx(reference.item(), abs=1e-6)
    loss.backward()
    reference.backward()
    for (name, mine), theirs in zip(packed.named_parameters(), padded.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-5, rtol=1e-4, msg=name)


def test_attention_with_dropout_mixes_as_attention_without():
    attention = PackedAttention(16, 2, dropout=0.0)
    q, k, v = torch.randn(3, 5, 2, 9, 8)
    torch.testing.assert_close(attention._mix_dropped(q, k, v), attention._mix(q, k, v))


def test_packed_states_equal_the_padded_ones():
    model = SASRec(SASRecConfig(hidden_dim=16, max_len=12), V).eval()
    for states, row in zip(states_of(model, LISTS), padded_states(model, LISTS, 1), strict=True):
        torch.testing.assert_close(states, row[-len(states) :], atol=1e-5, rtol=1e-4)


def naive_sampled(model, states, targets, negatives):
    """Every target with its block's negatives, one by one."""
    size = -(-len(targets) // len(negatives))
    losses = []
    for index, (state, target) in enumerate(zip(states, targets, strict=True)):
        rivals = [item for item in negatives[index // size].tolist() if item != int(target)]
        table = model.item_vectors()
        logits = torch.stack([state @ table[int(target)], *(state @ table[item] for item in rivals)])
        losses.append(logits.logsumexp(0) - logits[0])
    return torch.stack(losses).mean()


@pytest.mark.parametrize("norm", ["l2", "none"])
def test_block_shared_negatives_equal_the_naive_loop(norm):
    torch.manual_seed(3)
    model = SASRec(SASRecConfig(hidden_dim=16, embedding_norm=norm), V)
    states = torch.randn(11, 16, requires_grad=True)
    targets, negatives = torch.randint(1, V + 1, (11,)), torch.randint(1, V + 1, (4, 20))
    gradients = []
    for loss in (sampled_softmax, naive_sampled):
        model.zero_grad()
        states = states.detach().requires_grad_()
        value = loss(model, states, targets, negatives)
        value.backward()
        gradients.append((value.detach(), states.grad, model.items.weight.grad))
    for fast, naive in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, naive, atol=1e-6, rtol=1e-4)


def test_the_full_softmax_in_chunks_equals_cross_entropy():
    torch.manual_seed(1)
    states, table = torch.randn(700, 8, requires_grad=True), torch.randn(V + 1, 8, requires_grad=True)
    targets = torch.randint(1, V + 1, (700,))
    full_softmax(states, table, targets).backward()
    mine = states.grad, table.grad
    states.grad = table.grad = None
    torch.nn.functional.cross_entropy(states @ table[1:].T, targets - 1).backward()
    for fast, naive in zip(mine, (states.grad, table.grad), strict=True):
        torch.testing.assert_close(fast, naive, atol=1e-6, rtol=1e-4)


ANOTHER = {
    "hidden_dim": 32, "num_blocks": 1, "num_heads": 2, "linear_ratio": 2, "ffn": "gelu", "dropout": 0.5,
    "attn_dropout": 0.6, "position": "none", "max_len": 6, "embedding_norm": "none", "tied_embeddings": False,
    "lr": 0.005, "weight_decay": 0.1, "optimizer": "adamw", "batch_size": 64, "train_targets": "last_position",
    "train_windows": "all", "loss": "full_softmax", "negatives": 40, "temperature": 0.2,
}  # fmt: skip


def test_another_value_is_listed_for_every_field():
    for backbone in BACKBONES.values():
        assert set(backbone.params()) - {"early_stop_patience"} <= set(ANOTHER)


@pytest.mark.parametrize(("name", "field"), list(itertools.product(BACKBONES, ANOTHER)))
def test_every_field_changes_the_built_model_or_the_training(name, field):
    backbone = get_backbone(name)
    if field not in backbone.params():
        pytest.skip(f"{name} has no {field}")
    histories = histories_of([items for items in cyclic_histories(50) if len(items) > 2])
    base: dict[str, object] = {"hidden_dim": 16, "max_len": 5, "batch_size": 32, "weight_decay": 0.05, "negatives": 16}
    losses = []
    for params in (base, {**base, field: ANOTHER[field]}):
        learner = Learner(histories, V, backbone, params, 0, CPU)
        losses.append([learner.train_epoch(1), learner.train_epoch(2)])
    assert losses[0] != losses[1]


def test_dropout_keeps_the_mean_and_drops_its_share():
    dropped = ByteDropout(0.25).train()(torch.ones(200_003))
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.01)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert len(set(ByteDropout(0.25).eval()(torch.ones(5)).tolist())) == 1


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_the_fused_optimiser_equals_that_of_torch(kind):
    mine, theirs = (torch.nn.Linear(7, 5) for _ in range(2))
    theirs.load_state_dict(mine.state_dict())
    fused = FusedAdam(mine.named_parameters(), 0.01, 0.1, decoupled=kind is torch.optim.AdamW)
    reference = kind(theirs.parameters(), lr=0.01, weight_decay=0.1)
    for step in range(5):
        x = torch.randn(3, 7, generator=torch.Generator().manual_seed(step))
        for model, optimizer in ((mine, fused), (theirs, reference)):
            optimizer.zero_grad()
            model(x).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(mine.weight, theirs.weight)
    torch.testing.assert_close(mine.bias, theirs.bias)
