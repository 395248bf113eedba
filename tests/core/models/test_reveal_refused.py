"""A reveal that cannot score what it should says what is missing and the way out; nothing is shown in its place."""

from pathlib import Path

import pytest

from core.artifacts import WEIGHTS
from core.records import Run, Study, Trial
from core.states import RunState, StudyState
from tests.core.report.house import ReportHouse, short_study


@pytest.fixture
def house(tmp_path: Path) -> ReportHouse:
    return ReportHouse(tmp_path)


def recommended(house: ReportHouse, study: Study) -> tuple[Trial, list[Run]]:
    trial = house.store.trials.get(study.recommended_id or 0)
    assert trial.kind != "baseline"
    return trial, house.store.runs.of_trial(trial.id)


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("purposes", [("trial", "fresh"), ("fresh",)])
def test_recommended_weights_that_are_gone_are_named_and_the_reveal_may_be_asked_for_again(
    house: ReportHouse, refit: bool, purposes: tuple[str, ...]
):
    study = house.finish(short_study(house))
    trial, runs = recommended(house, study)
    removed = [house.artifacts.run(trial, run.seed) / WEIGHTS for run in runs if run.purpose in purposes]
    for path in removed:
        path.rename(path.with_suffix(".away"))
    reveal = house.reveal(study, refit=refit)
    assert (reveal.state, reveal.result) == ("failed", None)
    assert f"the weights of trial {trial.number} are gone: {removed[-1]} is not there" in (reveal.error or "")
    assert "from a backup, then reveal again" in (reveal.error or "")
    for path in removed:
        path.with_suffix(".away").rename(path)
    again = house.reveal(study, refit=refit)
    assert again.state == "done" and again.result and len(again.result["refit"]) == refit


def test_without_a_complete_fresh_seed_the_test_is_shown_without_a_headline(house: ReportHouse):
    study = short_study(house)
    house.store.studies.move(study.id, StudyState.STOPPING, "Ada")
    while house.closing.step(house.store.studies.get(study.id)):
        house.fail(study, "out of memory")
    study = house.store.studies.get(study.id)
    trial, runs = recommended(house, study)
    assert {run.state for run in runs if run.purpose == "fresh"} == {RunState.FAILED}
    result = house.reveal(study).result or {}
    assert result["headline"] is None
    assert [line["trial"] for line in result["lines"][:2]] == [1, trial.number]
