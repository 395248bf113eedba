import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from recmodels.data import TrainingData
from recmodels.errors import (
    CheckpointNotWritten,
    CorruptCheckpoint,
    InvalidJob,
    InvalidParams,
    OutOfMemory,
    TrainingDiverged,
)
from recmodels.ranking.metrics import summary
from recmodels.registry import BACKBONES, get_backbone
from recmodels.space import params_of
from recmodels.training import learner as learning
from recmodels.training.checkpoint import load_checkpoint, load_model, save_checkpoint, save_model, save_ranks
from recmodels.training.fit import Training, fit
from recmodels.training.learner import Learner
from recmodels.training.training_config import TrainingConfig
from tests.recmodels.conftest import cyclic_histories, data_of
from tests.recmodels.starved import REFUSALS, Starved

CPU = torch.device("cpu")
SASREC = get_backbone("sasrec")


def run(data: TrainingData, params, epochs: int, backbone=SASREC, **options):
    return list(fit(data, backbone, params, 0, CPU, "none", options.pop("objective", "ndcg@10"), epochs, **options))


LOSSES = params_of(TrainingConfig)["loss"].options


def weights(result):
    return result.training.model.state_dict()


def test_it_learns_a_cycle(tiny, small_params):
    results = run(tiny, small_params, 15)
    assert results[-1].train_loss < 0.7 * results[0].train_loss
    assert max(result.metrics["recall@5"] for result in results) > 0.5


def test_the_default_config_gives_the_numbers_it_always_gave(tiny):
    """Studies that are stored were trained by these defaults; a difference in the last digits is another machine's."""
    results = list(fit(tiny, SASREC, {}, 3, CPU, "none", "ndcg@10", 3))
    assert [result.train_loss for result in results] == pytest.approx([8.9357939, 7.8905230, 7.1884322], rel=1e-4)
    model = results[0].training.model
    assert sum(weights.numel() for weights in model.parameters()) == 55_744
    assert list(model.state_dict())[:3] == ["items.weight", "positions.weight", "blocks.0.attention_norm.weight"]


RUNS = [
    *((name, {}) for name in BACKBONES),
    ("sasrec", {"optimizer": "adamw", "schedule": "cosine", "warmup": 0.2, "clip_norm": 1.0}),
    ("hstu", {"optimizer": "lion", "lr": 0.002, "schedule": "linear", "shared_blocks": True, "num_blocks": 2}),
    ("sasrec", {"loss": "gbce", "negative_sampling": 0.5, "recency_decay": 0.1, "pooling": 2}),
]


@pytest.mark.parametrize(("name", "params"), RUNS, ids=str)
def test_a_resumed_run_equals_one_that_never_stopped(name, params, tiny, small_params, tmp_path):
    params, backbone = {**small_params, **params}, get_backbone(name)
    whole = run(tiny, params, 5, backbone)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, next(step for step in whole_again(tiny, params, backbone) if step.epoch == 2))
    torch.manual_seed(99)
    resumed = run(tiny, params, 5, backbone, resume_from=load_checkpoint(path))
    assert [result.epoch for result in resumed] == [3, 4, 5]
    for before, after in zip(whole[2:], resumed, strict=True):
        assert (before.train_loss, before.metrics, before.is_best) == (after.train_loss, after.metrics, after.is_best)
        np.testing.assert_array_equal(before.ranks, after.ranks)
    assert all(torch.equal(weights(whole[-1])[name], value) for name, value in weights(resumed[-1]).items())
    first, second = whole[-1].training, resumed[-1].training
    assert first.best_epoch == second.best_epoch
    assert all(torch.equal(first.best[name], value) for name, value in second.best.items())


def whole_again(data, params, backbone):
    """The checkpoint after each epoch of a run planned for five."""
    for result in fit(data, backbone, params, 0, CPU, "none", "ndcg@10", 5):
        yield result.training.checkpoint()


@pytest.mark.parametrize("error", REFUSALS, ids=["gpu", "cpu", "cublas", "python"])
@pytest.mark.parametrize("weighting", [{}, {"recency_decay": 0.2}], ids=["alike", "weighted"])
def test_a_batch_that_does_not_fit_is_trained_on_in_parts_to_the_same_numbers(tiny, small_params, weighting, error):
    params = {**small_params, **weighting, "dropout": 0.0, "attn_dropout": 0.0, "loss": "full_softmax"}
    plenty, scarce = (Learner(tiny.train, 30, SASREC, params, 0, CPU) for _ in range(2))
    starved = Starved(scarce.model, 10, error)
    losses, same = ([learner.train_epoch(epoch) for epoch in (1, 2)] for learner in (plenty, scarce))
    assert losses == pytest.approx(same, rel=1e-5)
    assert (starved.refused, scarce.parts) == (2, 4)
    torch.testing.assert_close(plenty.optimizer.moments()["mean"], scarce.optimizer.moments()["mean"])


def test_when_not_even_one_history_fits_the_error_says_what_to_lower(tiny, small_params):
    learner = Learner(tiny.train, 30, SASREC, small_params, 0, CPU)
    Starved(learner.model, 0, REFUSALS[0])
    with pytest.raises(OutOfMemory, match=r"max_len=10 events .* hidden_dim=16; lower one of them"):
        learner.train_epoch(1)


def test_other_errors_of_the_model_are_not_taken_for_a_lack_of_memory(tiny, small_params):
    learner = Learner(tiny.train, 30, SASREC, small_params, 0, CPU)
    Starved(learner.model, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        learner.train_epoch(1)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_in_a_large_catalogue(loss, small_params):
    data = data_of(cyclic_histories(1500, 300), 300)
    results = run(data, {**small_params, "loss": loss, "negatives": 128}, 4)
    assert results[-1].metrics["ndcg@10"] > 0.3


def test_training_leaves_the_callers_randomness_alone(tiny, small_params):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    run(tiny, small_params, 1)
    assert torch.equal(torch.rand(3), expected)


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_same_seed_and_the_same_threads_give_the_same_numbers(name, two_threads):
    data = data_of(cyclic_histories(120, 300), 300)
    params = {"hidden_dim": 128, "num_blocks": 1, "batch_size": 128}  # products large enough to be shared out
    (first,), (second,) = (run(data, params, 1, get_backbone(name)) for _ in range(2))
    assert (first.train_loss, first.metrics) == (second.train_loss, second.metrics)
    assert all(torch.equal(weights(second)[each], value) for each, value in weights(first).items())


def test_it_stops_when_patience_runs_out_and_keeps_the_best_epoch(tiny, small_params):
    results = run(tiny, {**small_params, "early_stop_patience": 2}, 200)
    training = results[-1].training
    assert len(results) < 200 and training.best_epoch == len(results) - 2
    best = results[training.best_epoch - 1]
    assert best.metrics["ndcg@10"] == max(result.metrics["ndcg@10"] for result in results)
    training.load_best()
    assert summary(training.evaluate(0).ranks) == best.metrics


def test_an_exhausted_or_complete_run_trains_no_further(tiny, small_params):
    results = run(tiny, {**small_params, "early_stop_patience": 1}, 200)
    checkpoint = results[-1].training.checkpoint()
    assert run(tiny, {**small_params, "early_stop_patience": 1}, 200, resume_from=checkpoint) == []


def test_the_objective_decides_which_epoch_is_best(tiny, small_params):
    results = run(tiny, small_params, 6, objective="mrr@5")
    best = max(results, key=lambda result: result.metrics["mrr@5"])
    assert results[-1].training.best_epoch == best.epoch


def test_divergence_names_epoch_and_cause(tiny, small_params):
    results = fit(tiny, SASREC, small_params, 0, CPU, "none", "ndcg@10", 5)
    next(next(results).training.model.parameters()).data.fill_(math.nan)
    with pytest.raises(TrainingDiverged, match=r"epoch 2: the training loss became nan; try lr below 0.01"):
        next(results)


def test_divergence_is_found_long_before_the_epoch_ends(small_params, monkeypatch):
    monkeypatch.setattr(learning, "_WATCHED", 4)
    learner = Learner(data_of(cyclic_histories(400), 30).train, 30, SASREC, small_params, 0, CPU)
    next(learner.model.parameters()).data.fill_(math.nan)
    batches: list[None] = []
    with pytest.raises(TrainingDiverged, match="the training loss became nan"):
        learner.train_epoch(1, lambda: batches.append(None))
    assert len(batches) == 4 < len(learner.batches)


def test_a_small_loss_may_rise_tenfold(tiny, small_params):
    learner = Learner(tiny.train, 30, SASREC, small_params, 0, CPU)
    learner.first_loss = 0.03
    assert learner.train_epoch(2) > 10 * 0.03


@pytest.mark.parametrize("resumed", [False, True], ids=["at once", "resumed"])
def test_a_loss_far_above_that_of_the_first_epoch_is_divergence(resumed, tiny, small_params):
    params = {**small_params, "embedding_norm": "none"}
    (first,) = run(tiny, params, 1)
    training = first.training
    if resumed:
        training = Training(tiny, SASREC, params, 0, CPU, "none", "ndcg@10")
        training.resume(first.training.checkpoint())
    training.model.items.weight.data.mul_(1e5)
    cause = (
        rf"epoch 2: .* rose to [\d.e+]+, beyond 10 times the first epoch's {first.train_loss:.4g}; try lr below 0.01"
    )
    with pytest.raises(TrainingDiverged, match=cause):
        training.run_epoch()


def test_an_unknown_objective_and_bad_params_are_refused(tiny, small_params):
    with pytest.raises(InvalidJob, match="objective='auc' is none of recall@5"):
        run(tiny, small_params, 1, objective="auc")
    with pytest.raises(InvalidParams, match="lr=9"):
        run(tiny, {"lr": 9}, 1)


@pytest.mark.parametrize(
    ("histories", "items"),
    [([[1, 1, 1, 1]] * 4, 1), ([[1], [2], [1, 2, 3, 1]], 3), ([[3, 3, 3, 3, 3]] * 5, 3)],
    ids=["a catalogue of one item", "users of one event", "all repeats"],
)
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("loss", LOSSES)
def test_degenerate_data_trains_to_finite_numbers(histories, items, loss, name, small_params):
    params = {**small_params, "loss": loss, "max_len": 500}
    params |= {"negative_sampling": 0.5} if loss != "full_softmax" else {}
    for result in run(data_of(histories, items), params, 3, get_backbone(name)):
        assert math.isfinite(result.train_loss) and 0 <= result.metrics["ndcg@10"] <= 1


def test_a_checkpoint_of_another_seed_is_refused(tiny, small_params):
    checkpoint = run(tiny, small_params, 1)[-1].training.checkpoint()
    with pytest.raises(CorruptCheckpoint, match="another configuration or seed"):
        next(fit(tiny, SASREC, small_params, 1, CPU, "none", "ndcg@10", 3, checkpoint))


def test_a_checkpoint_from_before_a_field_existed_is_resumed(tiny, small_params):
    checkpoint = run(tiny, small_params, 1)[-1].training.checkpoint()
    older = {name: value for name, value in checkpoint.params.items() if name not in ("pooling", "schedule")}
    (resumed,) = run(tiny, small_params, 2, resume_from=replace(checkpoint, params=older))
    assert resumed.epoch == 2


@pytest.mark.parametrize("damage", ["truncate", "flip", "garbage", "empty", "missing"])
def test_a_damaged_checkpoint_is_named_with_the_way_out(damage, tiny, small_params, tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, run(tiny, small_params, 1)[-1].training.checkpoint())
    content = bytearray(path.read_bytes())
    content[-100] ^= 0x10
    damaged = {"truncate": bytes(content[:-50]), "flip": bytes(content), "garbage": os.urandom(999), "empty": b""}
    path.unlink() if damage == "missing" else path.write_bytes(damaged[damage])
    with pytest.raises(CorruptCheckpoint, match=r"checkpoint.safetensors .*delete it and run again"):
        load_checkpoint(path)


def test_weights_of_a_backbone_that_is_gone_are_refused(tmp_path):
    save_model(tmp_path / "best.safetensors", {"w": torch.ones(1)}, "gone", {}, 3)
    with pytest.raises(CorruptCheckpoint, match="no backbone is called 'gone'"):
        load_model(tmp_path / "best.safetensors")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_keeps_the_checkpoint_before(call, tiny, small_params, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.safetensors"
    first, second = (result.training.checkpoint() for result in [run(tiny, small_params, n)[-1] for n in (1, 2)])
    save_checkpoint(path, first)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(CheckpointNotWritten, match=r"No space left on device.*free space"):
        save_checkpoint(path, second)
    with pytest.raises(CheckpointNotWritten):
        save_ranks(tmp_path / "ranks.npy", np.zeros((2, 3), np.uint32))
    assert load_checkpoint(path).epoch == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_run_on_the_cpu_does_not_look_at_a_gpu(tiny, small_params, monkeypatch):
    def looked(*_: object) -> None:
        raise AssertionError("the generator of a GPU was read or seeded")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name in ("get_rng_state", "set_rng_state", "manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, looked)
    learner = Learner(tiny.train, tiny.num_items, SASREC, small_params, 0, CPU)
    assert math.isfinite(learner.train_epoch(1))
