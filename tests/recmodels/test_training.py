import math
import os

import numpy as np
import pytest
import torch

from recmodels.checkpoint import load_checkpoint, load_model, save_checkpoint, save_model, save_ranks
from recmodels.data import TrainingData
from recmodels.errors import CheckpointNotWritten, CorruptCheckpoint, InvalidJob, InvalidParams, TrainingDiverged
from recmodels.metrics import summary
from recmodels.registry import get_backbone
from recmodels.training import fit
from tests.recmodels.conftest import data_of

CPU = torch.device("cpu")
SASREC = get_backbone("sasrec")


def run(data: TrainingData, params, epochs: int, **options):
    return list(fit(data, SASREC, params, 0, CPU, "none", options.pop("objective", "ndcg@10"), epochs, **options))


def weights(result):
    return result.training.model.state_dict()


def test_it_learns_a_cycle(tiny, small_params):
    results = run(tiny, small_params, 15)
    assert results[-1].train_loss < 0.7 * results[0].train_loss
    assert max(result.metrics["recall@5"] for result in results) > 0.5


def test_a_resumed_run_equals_one_that_never_stopped(tiny, small_params, tmp_path):
    whole = run(tiny, small_params, 5)
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, run(tiny, small_params, 2)[-1].training.checkpoint())
    torch.manual_seed(99)
    resumed = run(tiny, small_params, 5, resume_from=load_checkpoint(path))
    assert [result.epoch for result in resumed] == [3, 4, 5]
    for before, after in zip(whole[2:], resumed, strict=True):
        assert (before.train_loss, before.metrics, before.is_best) == (after.train_loss, after.metrics, after.is_best)
        np.testing.assert_array_equal(before.ranks, after.ranks)
    assert all(torch.equal(weights(whole[-1])[name], value) for name, value in weights(resumed[-1]).items())
    first, second = whole[-1].training, resumed[-1].training
    assert first.best_epoch == second.best_epoch
    assert all(torch.equal(first.best[name], value) for name, value in second.best.items())


def test_training_leaves_the_callers_randomness_alone(tiny, small_params):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    run(tiny, small_params, 1)
    assert torch.equal(torch.rand(3), expected)


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
@pytest.mark.parametrize("loss", ["full_softmax", "sampled_softmax"])
def test_degenerate_data_trains_to_finite_numbers(histories, items, loss, small_params):
    (result,) = run(data_of(histories, items), {**small_params, "loss": loss, "max_len": 500}, 1)
    assert math.isfinite(result.train_loss) and 0 <= result.metrics["ndcg@10"] <= 1


def test_a_checkpoint_of_another_seed_is_refused(tiny, small_params):
    checkpoint = run(tiny, small_params, 1)[-1].training.checkpoint()
    with pytest.raises(CorruptCheckpoint, match="another configuration or seed"):
        next(fit(tiny, SASREC, small_params, 1, CPU, "none", "ndcg@10", 3, checkpoint))


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
