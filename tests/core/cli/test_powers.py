"""settings, calibration, audit and the flags of tune, as a person or a program meets them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.home import Home
from tests.core.history.conftest import ROWS, write


@pytest.fixture
def ruinous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Home]:
    """A home where a config without dropout is hopeless from the start."""
    monkeypatch.setenv("VIRTUALMLE_HOME", str(tmp_path))
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    made = Home(tmp_path, capsys, surface=lambda params: -2.0 if params["dropout"] < 0.1 else 0.0)
    yield made
    made.lock.release()
    made.store.close()


def test_settings_are_shown_and_edited_and_hold_for_what_waits(home: Home):
    study, trial, _ = home.waiting()
    shown = home.say("settings", str(study.id), "--json").json
    assert (shown["autonomy"], shown["pruning"], shown["parallel"]) == ("each", True, 1)
    said = home.say(
        *("settings", str(study.id), "--autonomy", "autopilot", "--ask-for", "lr,loss", "--parallel", "2"),
        *("--no-pruning", "--json"),
    ).json
    assert (said["autonomy"], said["ask_for"], said["parallel"], said["pruning"]) == ("autopilot", "lr, loss", 2, False)
    assert not home.store.trials.get(trial.id).waits
    assert home.say("settings", str(study.id), "--ask-for", "none", "--json").json["ask_for"] == ""


def test_settings_that_cannot_be_are_refused_in_a_sentence(home: Home):
    study, _, _ = home.waiting()
    assert "warp: no field of sasrec" in home.refuses("settings", str(study.id), "--ask-for", "warp")
    assert "--deadline 'soon': write minutes" in home.refuses("settings", str(study.id), "--deadline", "soon")
    assert "parallel=0" in home.refuses("settings", str(study.id), "--parallel", "0")


def test_the_flags_of_tune_are_kept_with_the_study(home: Home):
    flags = ("--no-reflection", "--no-pruning", "--no-memory", "--ask-for", "lr", "--parallel", "3")
    assert home.say("tune", "toy", "--trials", "2", "--detach", *flags).code == 0
    (study,) = home.store.studies.all()
    assert (study.use_reflection, study.use_pruning, study.use_memory) == (False, False, False)
    assert (study.ask_for, study.parallel) == (("lr",), 3)


def test_a_card_says_why_a_gated_study_asks(home: Home):
    _, _, proposal = home.waiting(autonomy="gated")
    assert "was never tried in this study" in home.say("decide", str(proposal)).out


def test_calibration_has_a_row_for_each_agent_and_every_point_as_json(home: Home):
    assert "no prediction has been put to the test" in home.say("calibration").out
    study = home.finish(home.start(trials=4, use_memory=False, use_pruning=False))
    found = home.say("calibration", "--study", str(study.id), "--json").json
    assert found["screening"]["runs"] == 3
    (told,) = found["agents"]
    assert told["agent"] == "expert" and len(told["points"]) == 3
    assert set(told["points"][0]) >= {"predicted", "sd", "actual", "error", "is_inside", "study", "trial"}
    assert "built-in expert" in home.say("calibration").out


def test_an_audit_finds_and_keeps_and_never_makes_a_trial(home: Home, tmp_path: Path):
    path = str(write(tmp_path / "runs.csv", [{"model": "sasrec", **row} for row in ROWS]))
    told = home.say("audit", path, "--json").json
    assert told["stamp"] is None and "max_len" in told["untouched"]
    assert "draft 1: Raising dropout helped sasrec" in home.say("audit", path).out
    assert "--accept needs --dataset" in home.refuses("audit", path, "--accept", "1")
    assert home.say("audit", path, "--accept", "1", "--dataset", "toy", "--json").json["accepted"] == [1]
    assert home.store.studies.all() == []
    assert "cannot be read as CSV" in home.refuses("audit", str(tmp_path / "none.csv"))


def test_a_pruned_trial_is_told_with_a_cross_and_how_to_run_it_to_its_end(ruinous: Home):
    study = ruinous.start(autonomy="each", trials=3)
    ruinous.run_until(lambda: ruinous.store.studies.get(study.id).incumbent_id is not None)
    assert ruinous.say("queue", str(study.id), "--set", "dropout=0.0").code == 0
    queued = ruinous.store.trials.of_study(study.id)[-1]
    ruinous.run_until(lambda: ruinous.store.trials.get(queued.id).judged_at is not None)
    shown = ruinous.say("follow", str(study.id), "--now").out
    assert "✕" in shown and "pruned, inconclusive by epoch 3" in shown
    (run,) = ruinous.store.runs.of_trial(queued.id)
    assert ruinous.say("retry", str(run.id)).code == 0
    assert ruinous.store.runs.get(run.id).spared
