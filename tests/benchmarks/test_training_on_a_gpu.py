"""The training benchmark with a device: refused where there is none, kept apart from the CPU's figures."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.trainers import catalogue, results
from benchmarks.trainers.catalogue import Catalogue
from benchmarks.trainers.results import Circumstances, record, recorded, trials_an_hour
from benchmarks.training import parsed


class Somewhere(Circumstances):
    """As if measured on that device."""

    def stamp(self) -> dict[str, Any]:
        return {"device": self.device}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_with_the_way_out(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parsed(["--device", "cuda"])
    assert "torch finds no CUDA GPU here; run it where there is one, or with --device cpu" in capsys.readouterr().err


def test_a_comparison_with_recbole_stays_on_the_cpu(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(SystemExit):
        parsed(["--device", "cuda", "--peer"])
    assert "compares on the CPU" in capsys.readouterr().err
    assert parsed(["--device", "cuda", "--evaluate-items"]).evaluate_items == 2_000_000
    assert parsed(["--evaluate-items"]).evaluate_items == 200_000
    assert parsed(["--evaluate-items", "500"]).evaluate_items == 500


def test_figures_of_a_gpu_stand_beside_those_of_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(results, "PATH", tmp_path / "training.json")
    for device, speedup in (("cpu", 5.0), ("cuda", 50.0)):
        record("speed", "sasrec", {"train_speedup": speedup}, Somewhere(1, device))
    parts = json.loads((tmp_path / "training.json").read_text())["parts"]
    assert (parts["speed"]["sasrec"]["train_speedup"], parts["cuda"]["speed sasrec"]["train_speedup"]) == (5.0, 50.0)
    assert (recorded("speed", "sasrec", "cuda") or {})["train_speedup"] == 50.0
    assert (recorded("speed", "sasrec") or {})["train_speedup"] == 5.0


def test_trials_an_hour_are_epochs_with_their_evaluation_as_often_as_the_quality_run_had_them():
    assert trials_an_hour({"seconds": {"ours": 8.0, "eval": 1.0}}, {"epochs": 20}) == 20.0
    assert trials_an_hour({"seconds": {"ours": 8.0, "eval": 1.0}}, None) is None


def test_an_evaluation_over_a_generated_catalogue_ranks_every_user(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogue, "USERS", 64)
    monkeypatch.setattr(catalogue, "prepare_process", lambda: None)
    made = Catalogue("sasrec", 5_000, 1, "cpu")
    answer, report = made.evaluate(), made.report()
    assert answer["seconds"] > 0 and 1_000 < answer["mean_rank"] < 4_000, "an untrained model ranks at random"
    assert report["peak_gib"] >= report["peak_gib_before"] > 0
