"""The properties every sequence model must have, for every backbone and every pair of structural choices."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.backbones.layers import ByteDropout, PackedAttention
from recmodels.data import Cases
from recmodels.packing import pack
from recmodels.ranking.evaluation import ModelScorer, rank
from recmodels.registry import BACKBONES, get_backbone
from recmodels.space import Param, params_of
from recmodels.training.batching import Batches
from recmodels.training.checkpoint import load_checkpoint, load_model, save_checkpoint, save_model
from recmodels.training.fit import Training
from recmodels.training.learner import Learner
from recmodels.training.losses import NextItemLoss
from recmodels.training.training_config import TrainingConfig
from tests.recmodels.conftest import cyclic_histories
from tests.recmodels.histories import LISTS, histories_of, times_of
from tests.recmodels.naive import padded_loss, padded_states
from tests.recmodels.pairwise import pairwise, structural_fields

V = 30
CPU = torch.device("cpu")
VARIANTS = [(name, choice) for name in BACKBONES for choice in pairwise(structural_fields(name))]


@pytest.fixture(params=VARIANTS, ids=lambda variant: f"{variant[0]}-{'-'.join(map(str, variant[1].values()))}")
def variant(request):
    """A backbone's name with params."""
    name, choice = request.param
    return name, {"hidden_dim": 16, "max_len": 12, **choice}


def build(name, params):
    torch.manual_seed(0)
    backbone = get_backbone(name)
    return backbone.build(backbone.configs(params)[0], V).eval()


def states_of(model, lists, timed=True):
    """The states of each list's tokens, in order."""
    histories = histories_of(lists, timed)
    batch = pack(histories.items, histories.offsets[:-1], histories.lengths, histories.timestamps)
    states = torch.empty(len(histories.items), 16)
    with torch.no_grad():
        states[torch.from_numpy(batch.source)] = model(batch)
    return states.split([len(items) for items in lists])


def test_the_future_cannot_change_the_past(variant):
    model = build(*variant)
    (before,), (after,) = states_of(model, [[1, 2, 3, 4, 5, 6]]), states_of(model, [[1, 2, 3, 9, 8, 7]])
    torch.testing.assert_close(before[:3], after[:3])
    assert not torch.allclose(before[3], after[3])


def test_what_else_is_in_the_batch_changes_nothing(variant):
    model = build(*variant)
    lists = [[1, 2, 3], [4], [5, 6, 7, 8, 9, 10, 11], [2] * 12, [3, 1], [7, 8, 9, 1, 2]]
    for alone, together in zip(lists, states_of(model, lists), strict=True):
        torch.testing.assert_close(states_of(model, [alone])[0], together)


def test_the_order_of_users_changes_nothing(variant):
    model = build(*variant)
    there, back = states_of(model, LISTS), states_of(model, LISTS[::-1])
    for one, other in zip(there, back[::-1], strict=True):
        torch.testing.assert_close(one, other)


def test_events_before_the_window_change_nothing(variant):
    scorer = ModelScorer(build(*variant), 12, CPU)
    latest = list(range(1, 13))
    histories = histories_of([[5] * 30 + latest, latest])
    times = np.array(histories.timestamps)
    times[42:] = times[30:42]
    with torch.no_grad():
        long, short = scorer.states(replace(histories, timestamps=times))
    torch.testing.assert_close(long, short)


def test_a_history_without_times_is_scored(variant):
    for states in states_of(build(*variant), LISTS, timed=False):
        assert states.isfinite().all()


def test_it_over_fits_one_batch(variant):
    name, params = variant
    lists = [[1, 5, 2, 9], [3, 1, 4], [7, 8, 20, 21, 22]]
    quiet = {**params, "dropout": 0.0, "lr": 0.01, "loss": "full_softmax"}
    quiet |= {"attn_dropout": 0.0} if "attn_dropout" in get_backbone(name).params() else {}
    learner = Learner(histories_of(lists), V, get_backbone(name), quiet, 0, CPU)
    losses = (learner.train_epoch(epoch) for epoch in range(1, 201))
    first = next(losses)
    assert any(loss < 0.1 * first for loss in losses)


def test_the_pad_id_is_never_recommended(variant):
    scorer = ModelScorer(build(*variant), 12, CPU)
    one = Cases(np.array([0]), histories_of([[1, 2, 3]]), np.array([4]))
    (items,) = rank(scorer, one, np.ones(V + 1, int), "seen", top=V).top
    assert sorted(items[items > 0]) == list(range(4, V + 1))


def test_saved_and_loaded_it_scores_the_same(variant, tmp_path):
    name, params = variant
    model = build(name, params)
    save_model(tmp_path / "best.safetensors", dict(model.state_dict()), name, params, V)
    loaded, loaded_name, loaded_params = load_model(tmp_path / "best.safetensors")
    assert (loaded_name, loaded_params) == (name, params)
    assert torch.equal(states_of(model, [[1, 2, 3]])[0], states_of(loaded, [[1, 2, 3]])[0])
    with torch.no_grad():
        assert torch.equal(model.item_vectors(), loaded.item_vectors())


def test_the_same_seed_gives_the_same_loss_and_another_a_different_one(variant):
    name, params = variant
    histories = histories_of([items for items in cyclic_histories(30) if len(items) > 2])
    losses = [Learner(histories, V, get_backbone(name), params, seed, CPU).train_epoch(1) for seed in (4, 4, 5)]
    assert losses[0] == losses[1] != losses[2]


def test_a_resumed_run_equals_one_that_never_stopped(variant, tiny, tmp_path):
    name, params = variant
    runs = [Training(tiny, get_backbone(name), params, 0, CPU, "none", "ndcg@10") for _ in range(2)]
    losses = [runs[0].run_epoch().train_loss for _ in range(3)]
    runs[1].run_epoch()
    save_checkpoint(tmp_path / "checkpoint.safetensors", runs[1].checkpoint())
    resumed = Training(tiny, get_backbone(name), params, 0, CPU, "none", "ndcg@10")
    resumed.resume(load_checkpoint(tmp_path / "checkpoint.safetensors"))
    assert [resumed.run_epoch().train_loss for _ in range(2)] == losses[1:]
    for mine, theirs in zip(runs[0].model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_parameter_count_is_known_without_building(variant):
    name, params = variant
    built = sum(weights.numel() for weights in build(name, params).parameters())
    assert get_backbone(name).estimate_parameters(params, V) == built


def packed_loss(model, temperature):
    (batch,) = Batches(histories_of(LISTS), 12, 99, "last", "all_positions").epoch(np.random.default_rng(0))
    states = model(batch.inputs).index_select(0, batch.tokens)
    loss = NextItemLoss(TrainingConfig(loss="full_softmax"), temperature, np.ones(V + 1), CPU)
    return loss(model, states, batch.targets)


def test_packed_equals_the_padded_reference_in_loss_and_gradients(variant):
    name, params = variant
    config = get_backbone(name).configs(params)[0]
    packed, padded = build(name, params), build(name, params)
    loss = packed_loss(packed, 0.5)
    reference = padded_loss(padded, config, LISTS, [times_of(items) for items in LISTS], 0.5)
    assert loss.item() == pytest.approx(reference.item(), abs=1e-5)
    loss.backward()
    reference.backward()
    for mine, theirs in zip(packed.parameters(), padded.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, atol=1e-5, rtol=1e-4)


def test_packed_states_equal_the_padded_ones(variant):
    name, params = variant
    model, config = build(name, params), get_backbone(name).configs(params)[0]
    with torch.no_grad():
        padded = padded_states(model, config, LISTS, [times_of(items) for items in LISTS])
    for states, row in zip(states_of(model, LISTS), padded, strict=True):
        torch.testing.assert_close(states, row[-len(states) :], atol=1e-5, rtol=1e-4)


def test_mixed_precision_changes_the_loss_by_little(variant, tiny, monkeypatch):
    """On a GPU the model runs so; its types fit together on a CPU too."""
    name, params = variant
    params = {**params, "loss": "full_softmax", "lr": 1e-4}
    exact, mixed = (Learner(tiny.train, V, get_backbone(name), params, 0, CPU) for _ in range(2))
    if mixed.model.takes_bfloat16:
        monkeypatch.setattr(mixed, "_precision", lambda: torch.autocast("cpu", dtype=torch.bfloat16))
    assert mixed.train_epoch(1) == pytest.approx(exact.train_epoch(1), rel=0.02)


@pytest.mark.parametrize("bias", [None, torch.randn(2, 9, 9)], ids=["plain", "biased"])
def test_attention_with_dropout_mixes_as_attention_without(bias):
    attention = PackedAttention(16, 2, dropout=0.0)
    q, k, v = torch.randn(3, 5, 2, 9, 8)
    torch.testing.assert_close(attention._mix_dropped(q, k, v, bias), attention._mix(q, k, v, bias))


def test_dropout_keeps_the_mean_and_drops_its_share():
    dropped = ByteDropout(0.25).train()(torch.ones(200_003))
    assert float(dropped.mean()) == pytest.approx(1.0, abs=0.01)
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert len(set(ByteDropout(0.25).eval()(torch.ones(5)).tolist())) == 1


def another_value(param: Param, value):
    """One that differs from `value`: the next option, or the middle of the range."""
    if param.options:
        return param.options[(param.options.index(value) + 1) % len(param.options)]
    assert param.low is not None and param.high is not None
    middle = (param.low + param.high) / 2
    return round(middle) if param.kind == "int" else middle


FIELDS = [(name, field) for name, backbone in BACKBONES.items() for field in params_of(backbone.config, TrainingConfig)]
PATIENT = "early_stop_patience"  # acts on when training ends, which test_training shows
BASE = {"hidden_dim": 16, "max_len": 5, "batch_size": 32, "weight_decay": 0.01, "negatives": 16}


@pytest.mark.parametrize(("name", "field"), [pair for pair in FIELDS if pair[1] != PATIENT])
def test_every_field_changes_the_built_model_or_the_training(name, field):
    backbone = get_backbone(name)
    declared = backbone.params()
    base = {other: BASE.get(other, param.default) for other, param in declared.items()}
    if when := declared[field].when:
        base[when[0]] = when[1][0]
    changed = 0.1 if field == "clip_norm" else another_value(declared[field], base[field])
    untyped = histories_of([items for items in cyclic_histories(150) if len(items) > 2])
    histories = replace(untyped, event_types=(untyped.items % 7 == 0).astype(np.int64))
    losses = []
    for params in (base, {**base, field: changed}):
        learner = Learner(histories, V, backbone, params, 0, CPU, max_epochs=3)
        losses.append([learner.train_epoch(epoch) for epoch in (1, 2, 3)])
    assert losses[0] != losses[1]


def test_heads_that_cannot_be_turned_are_refused():
    for name, params in (("hstu", {"attention_dim": 25}), ("sasrec", {"hidden_dim": 50, "num_heads": 2})):
        with pytest.raises(ValueError, match=r"=25; make it even or choose another position"):
            get_backbone(name).complete({**params, "position": "rotary"})
