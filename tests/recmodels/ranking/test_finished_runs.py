"""Runs with priors: swept without training, told with and without, used for recommendations and exports."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import torch

import recmodels
from recmodels.data import Histories, TrainingData
from recmodels.errors import DatasetUnreadable, InvalidJob, OtherVersion
from recmodels.ranking.bundle import Bundle, write_bundle
from recmodels.ranking.evaluation import Scorer, rank
from recmodels.ranking.finished import finished_scorer, model_scorer
from recmodels.ranking.metrics import summary
from recmodels.ranking.recommending import best_items, history_of, write_recommendations
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import Saved, load_saved, save_model
from tests.recmodels.conftest import cyclic_histories, write_dataset
from tests.recmodels.test_processes import PARAMS, Child, job, score_job

CPU = torch.device("cpu")
PRIORS = {**PARAMS, "priors": "all", "prior_window": 3}


def told(module: str, **sent: object) -> list[dict]:
    """Everything a process says of one job."""
    child = Child(module)
    child.send(**sent)
    events = list(child.events())
    child.process.wait(30)
    return events


def last(events: list[dict]) -> dict:
    return {name: value for name, value in events[-1].items() if name != "seconds"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "dataset", cyclic_histories(), 30)


@pytest.fixture(scope="module")
def plain(folder, tmp_path_factory) -> tuple[Path, list[dict]]:
    run_dir = tmp_path_factory.mktemp("plain")
    return run_dir, told("trainer", **job(folder, run_dir, max_epochs=3))


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory) -> tuple[Path, list[dict]]:
    """A run with priors that trained its own weights."""
    run_dir = tmp_path_factory.mktemp("trained")
    return run_dir, told("trainer", **job(folder, run_dir, max_epochs=3, params=PRIORS))


@pytest.fixture(scope="module")
def source(plain) -> dict:
    run_dir, events = plain
    weights, best = str(run_dir / "best.safetensors"), events[-1]["best_epoch"]
    return {"weights": weights, "epochs": 3, "best_epoch": best, "name": "trial 1, seed 3"}


@pytest.fixture(scope="module")
def swept(folder, source, tmp_path_factory) -> tuple[Path, list[dict]]:
    """The same run by the weights of the plain one."""
    run_dir = tmp_path_factory.mktemp("swept")
    return run_dir, told("trainer", **job(folder, run_dir, max_epochs=3, params=PRIORS, weights_from=source))


def test_a_run_with_priors_tells_the_models_own_curve_and_both_values_at_the_end(plain, trained):
    curves = [[e["metrics"] for e in events if e["event"] == "epoch"] for _, events in (plain, trained)]
    assert curves[0] == curves[1]
    complete = trained[1][-1]
    assert complete["without_priors"] == plain[1][-1]["metrics"]
    assert set(complete["priors"]) == {"popularity", "transition", "cooccurrence"}
    assert complete["metrics"]["ndcg@10"] > complete["without_priors"]["ndcg@10"]
    assert summary(np.load(trained[0] / "ranks.npy")) == complete["metrics"]


def test_a_sweep_by_the_weights_of_a_kin_trains_nothing_and_ends_alike(trained, swept):
    events = swept[1]
    assert [event["event"] for event in events] == ["ready", "started", "complete"]
    assert "those of trial 1, seed 3, which differs in its priors alone" in events[1]["note"]
    assert last(events) == last(trained[1])
    np.testing.assert_array_equal(np.load(swept[0] / "ranks.npy"), np.load(trained[0] / "ranks.npy"))


def test_a_finished_sweep_is_told_again(folder, source, swept):
    again = told("trainer", **job(folder, swept[0], max_epochs=3, params=PRIORS, weights_from=source))
    assert again[-1] == swept[1][-1] and len(again) == 3


def test_a_sweep_that_was_killed_is_repeated(folder, source, swept, tmp_path):
    child = Child("trainer")
    child.send(**job(folder, tmp_path, max_epochs=3, params=PRIORS, weights_from=source))
    child.until("started")
    child.process.kill()
    child.process.wait()
    again = told("trainer", **job(folder, tmp_path, max_epochs=3, params=PRIORS, weights_from=source))
    assert last(again) == last(swept[1])


def test_a_run_that_was_killed_after_its_last_epoch_goes_on_with_the_sweep(folder, trained, tmp_path):
    child = Child("trainer")
    child.send(**job(folder, tmp_path, max_epochs=3, params=PRIORS))
    child.until("epoch", epoch=3)
    child.process.kill()
    child.process.wait()
    again = told("trainer", **job(folder, tmp_path, max_epochs=3, params=PRIORS))
    assert again[1]["from_epoch"] == 3 and last(again) == last(trained[1])


def test_weights_that_are_gone_are_trained_anew(folder, source, trained, tmp_path):
    gone = {**source, "weights": str(tmp_path / "gone.safetensors")}
    events = told("trainer", **job(folder, tmp_path / "run", max_epochs=3, params=PRIORS, weights_from=gone))
    assert "cannot be used, so the run trains its own" in events[1]["note"]
    assert last(events) == last(trained[1])


def test_weights_of_another_config_are_not_taken(folder, source, tmp_path):
    other = {**PRIORS, "lr": 0.005}
    events = told("trainer", **job(folder, tmp_path, max_epochs=1, params=other, weights_from=source))
    assert "differs in more than its priors" in events[1]["note"]
    assert [event["event"] for event in events].count("epoch") == 1


def test_epochs_may_be_judged_on_a_fixed_sample_and_the_end_on_all(folder, plain, tmp_path):
    events = told("trainer", **job(folder, tmp_path, max_epochs=3, sample_users=20))
    users = np.load(tmp_path / "ranks.npy").shape[1]
    assert events[1]["note"] == f"after an epoch 20 of {users} users are ranked, at the end all"
    assert users == np.load(plain[0] / "ranks.npy").shape[1] > 20
    epochs = [event["metrics"]["recall@10"] for event in events if event["event"] == "epoch"]
    assert all((value * 20) == pytest.approx(round(value * 20)) for value in epochs)
    assert summary(np.load(tmp_path / "ranks.npy")) == events[-1]["metrics"]


def test_scoring_validation_again_crosses_the_halves_again(folder, trained, tmp_path):
    told("scorer", **score_job(folder, trained[0], tmp_path))
    np.testing.assert_array_equal(np.load(tmp_path / "mine.npy"), np.load(trained[0] / "ranks.npy"))


def test_the_test_is_scored_with_priors_of_what_the_weights_were_fitted_on(folder, trained, tmp_path):
    targets, weights = folder.parent / "sealed" / "test.parquet", str(trained[0] / "best.safetensors")
    models = [{"name": "mine", "weights": weights}, {"name": "refit", "weights": weights, "fitted": "train+val"}]
    told("scorer", **score_job(folder, trained[0], tmp_path, targets=str(targets), models=models))
    data, saved, found = TrainingData.load(folder), load_saved(trained[0] / "best.safetensors"), {}
    for name, counted in (("mine", data.train), ("refit", data.train_and_validation)):
        found[name] = np.load(tmp_path / f"{name}.npy")
        scorer = finished_scorer(saved, counted, 30, CPU, "none")
        expected = rank(scorer, data.test_cases(targets), data.popularity, "none").ranks
        np.testing.assert_array_equal(found[name], expected)
    assert not np.array_equal(found["mine"], found["refit"])


@pytest.mark.parametrize("fitted", ["train+val", "all"])
def test_a_validation_is_not_scored_with_what_was_fitted_on_it(fitted, folder, trained, tmp_path):
    models = [{"name": "mine", "weights": str(trained[0] / "best.safetensors"), "fitted": fitted}]
    failed = told("scorer", **score_job(folder, trained[0], tmp_path, models=models))[-1]
    assert f"fitted='{fitted}' is neither train nor" in failed["cause"]


def test_a_refit_takes_the_strengths_that_validation_chose(folder, trained, tmp_path):
    refit = {"kind": "refit", "backbone": "sasrec", "params": PRIORS, "seed": 1, "epochs": 2, "out_dir": str(tmp_path)}
    refit |= {"open_dir": str(folder), "device": "cpu", "threads": 1}
    weights = trained[0] / "best.safetensors"
    assert "give strengths_of" in told("scorer", **refit)[-1]["cause"]
    assert told("scorer", **refit, strengths_of=str(weights))[-1]["event"] == "complete"
    assert load_saved(tmp_path / "best.safetensors").priors == load_saved(weights).priors


@pytest.fixture(params=["plain", "trained"])
def saved(request) -> Saved:
    return load_saved(request.getfixturevalue(request.param)[0] / "best.safetensors")


def ready(saved: Saved, data: TrainingData) -> Scorer:
    return finished_scorer(saved, data.train_and_validation, 30, CPU, "seen")


def test_recommendations_for_all_are_those_for_each(folder, saved, tmp_path):
    data = TrainingData.load(folder)
    scorer, histories, out = ready(saved, data), data.train_and_validation, tmp_path / "all.parquet"
    assert write_recommendations(out, scorer, histories, folder, "seen", 5, CPU) == 80
    table = pyarrow.parquet.read_table(out).to_pandas()
    assert list(table.columns) == ["user", "rank", "item", "title", "score"] and table["title"].isna().all()
    for user in (0, 7, 79):
        items, scores = best_items(scorer, histories.of(np.array([user])), 30, "seen", 5, CPU)
        rows = table[table["user"] == str(user)]
        assert rows["item"].astype(int).tolist() == items[0].tolist()
        assert rows["score"].tolist() == pytest.approx(scores[0].tolist(), abs=1e-5)
        assert rows["rank"].tolist() == [1, 2, 3, 4, 5]


def test_fewer_candidates_than_asked_for_make_fewer_rows(folder, saved, tmp_path):
    data = TrainingData.load(folder)
    histories = data.train_and_validation.of(np.array([0, 1]))
    write_recommendations(tmp_path / "few.parquet", ready(saved, data), histories, folder, "seen", 100, CPU)
    table = pyarrow.parquet.read_table(tmp_path / "few.parquet").to_pandas()
    for row in (0, 1):
        seen = set(histories.of(np.array([row])).items)
        assert set(table[table["user"] == str(row)]["item"].astype(int)) == set(range(1, 31)) - seen


def test_a_file_of_recommendations_that_was_stopped_does_not_appear(folder, saved, tmp_path):
    data = TrainingData.load(folder)

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_recommendations(
            tmp_path / "x.parquet", ready(saved, data), data.train_and_validation, folder, "seen", 5, CPU, stop
        )
    assert list(tmp_path.iterdir()) == []


def test_an_exported_model_recommends_alike_and_needs_nothing_else(folder, saved, tmp_path):
    data = TrainingData.load(folder)
    expected, scores = best_items(ready(saved, data), history_of([4, 5, 6], 30, 1), 30, "seen", 5, CPU)
    write_bundle(tmp_path / "model", saved, data, folder / "items.parquet", "seen")
    found = Bundle.load(tmp_path / "model").recommend(["4", "5", "6"], k=5)
    assert [int(each.item) for each in found] == expected[0].tolist()
    assert [each.score for each in found] == pytest.approx(scores[0].tolist(), abs=1e-5)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["priors"] == (saved.priors["everyone"] if saved.priors else None)
    assert pd.read_parquet(tmp_path / "model" / "items.parquet")["raw"].tolist() == [str(item) for item in range(1, 31)]


@pytest.fixture
def timed(tmp_path) -> Path:
    """Weights of HSTU to which the time between events means much."""
    torch.manual_seed(0)
    backbone, params = get_backbone("hstu"), {"hidden_dim": 16, "num_blocks": 1, "max_len": 10}
    model = backbone.build(backbone.configs(params)[0], 30)
    torch.nn.init.normal_(model.items.weight)
    torch.nn.init.normal_(model.blocks[0].time.weight, std=5.0)
    save_model(tmp_path / "timed.safetensors", dict(model.state_dict()), "hstu", params, 30)
    return tmp_path / "timed.safetensors"


def test_times_count_alike_in_recommendations_for_one_for_all_and_by_an_export(folder, timed, tmp_path):
    data, saved = TrainingData.load(folder), load_saved(timed)  # every event one second after the one before
    user = int(data.train_and_validation.lengths.argmax())
    history = data.train_and_validation.of(np.array([user]))
    scorer = finished_scorer(saved, data.train, 30, CPU, "seen")
    items, scores = best_items(scorer, history, 30, "seen", 5, CPU)
    common = {"weights": str(timed), "open_dir": str(folder), "masking": "seen", "k": 5, "device": "cpu", "threads": 1}
    one = told("scorer", kind="recommend", history=history.items.tolist(), **common)[-1]
    told("scorer", kind="recommend_all", out=str(tmp_path / "all.parquet"), **common)
    table = pd.read_parquet(tmp_path / "all.parquet")
    rows = table[table["user"] == str(user)]
    write_bundle(tmp_path / "model", saved, data, folder / "items.parquet", "seen")
    exported = Bundle.load(tmp_path / "model").recommend([str(item) for item in history.items], k=5)
    for found in (one["items"], rows["item"].astype(int).tolist(), [int(each.item) for each in exported]):
        assert found == items[0].tolist()
    for values in (one["scores"], rows["score"].tolist(), [each.score for each in exported]):
        assert values == pytest.approx(scores[0].tolist(), abs=1e-5)
    _, blind = best_items(scorer, replace(history, timestamps=None), 30, "seen", 5, CPU)
    assert scores[0].tolist() != pytest.approx(blind[0].tolist(), abs=1e-3)


def test_times_that_are_known_are_scored(folder, timed, tmp_path):
    data, saved, times = TrainingData.load(folder), load_saved(timed), [0, 60, 90_000]
    history = Histories(np.array([4, 5, 6]), np.ones(3, bool), np.array([0, 3]), np.array(times))
    scorer = finished_scorer(saved, data.train, 30, CPU, "seen")
    _, scores = best_items(scorer, history, 30, "seen", 5, CPU)
    write_bundle(tmp_path / "model", saved, data, folder / "items.parquet", "seen")
    bundle = Bundle.load(tmp_path / "model")
    known, usual = bundle.recommend(["4", "5", "6"], 5, times), bundle.recommend(["4", "5", "6"], 5)
    assert [each.score for each in known] == pytest.approx(scores[0].tolist(), abs=1e-5)
    assert [each.score for each in usual] != pytest.approx(scores[0].tolist(), abs=1e-3)
    for wrong in ([0, 60], [60, 0, 90]):
        with pytest.raises(InvalidJob, match="must be one for each of the 3 items, oldest first"):
            bundle.recommend(["4", "5", "6"], 5, wrong)


def test_an_exported_model_refuses_items_it_does_not_know(folder, saved, tmp_path):
    write_bundle(tmp_path, saved, TrainingData.load(folder), folder / "items.parquet", "seen")
    with pytest.raises(InvalidJob, match="unknown items: x; ids look like 1, 2, 3"):
        Bundle.load(tmp_path).recommend(["4", "x"])


def test_a_folder_that_is_no_export_is_named(tmp_path):
    with pytest.raises(DatasetUnreadable, match="is no exported model"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"format": 2}, "has format 2, and 1 is the newest that is known; it was written by recmodels 9.0.0, this is"),
        ({}, "does not hold weights this version can load .* it was written by recmodels 9.0.0, this is .*; install"),
    ],
)
def test_a_model_of_a_newer_version_that_cannot_be_read_says_which_to_install(
    folder, saved, tmp_path, changed: dict, says: str
):
    write_bundle(tmp_path, saved, TrainingData.load(folder), folder / "items.parquet", "seen")
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["format"], config["versions"]["recmodels"]) == (1, recmodels.__version__)
    config["versions"]["recmodels"] = "9.0.0"
    (tmp_path / "config.json").write_text(json.dumps({**config, **changed}))
    if not changed:
        assert Bundle.load(tmp_path).recommend(["4"], k=1), "what can be read is read, whoever wrote it"
    params = {**saved.params, "a_field_of_tomorrow": 1}
    save_model(tmp_path / "model.safetensors", dict(saved.model.state_dict()), saved.backbone, params, 30)
    with pytest.raises(OtherVersion, match=says):
        Bundle.load(tmp_path)


def test_an_export_of_before_versions_were_written_is_read(folder, saved, tmp_path):
    write_bundle(tmp_path, saved, TrainingData.load(folder), folder / "items.parquet", "seen")
    config = json.loads((tmp_path / "config.json").read_text())
    old = {name: value for name, value in config.items() if name not in ("format", "versions")}
    (tmp_path / "config.json").write_text(json.dumps(old))
    assert Bundle.load(tmp_path).recommend(["4"], k=1)


def test_weights_of_another_catalogue_are_refused(trained):
    with pytest.raises(InvalidJob, match="know 30 items, the dataset has 31"):
        model_scorer(load_saved(trained[0] / "best.safetensors"), 31, CPU)
