"""A report can be written at every state of a study, and invents no figure at any of them."""

import re
import shutil

from core.records import Study
from core.report.collecting import collect
from core.report.page import page
from core.states import StudyState
from tests.core.report.house import ReportHouse, short_study, whole_study
from tests.core.store.building import a_call


def told_of(house: ReportHouse, study: Study) -> tuple[str, str]:
    """Headline's title and figure."""
    study = house.store.studies.get(study.id)
    head = page(collect(house.store, house.artifacts, study, house.clock.now())).headline
    return head.title, head.figure


def test_a_study_that_just_started_has_no_figure_and_says_so(house: ReportHouse) -> None:
    study = house.start()
    text = house.markdown(study)
    assert "Still running: there is no final figure yet" in text
    assert "The baseline has no value yet." in text
    assert "noise is unknown" in text
    assert not re.search(r"0\.\d{4}", text), "no metric is known, so none may be shown"
    assert "Run it again" not in text


def test_a_running_study_shows_its_trials_but_no_headline_figure(house: ReportHouse) -> None:
    study = whole_study(house)
    title, figure = told_of(house, study)
    assert (title, figure) == ("Still running: there is no final figure yet", "")
    text = house.markdown(study)
    assert "6 of at most 8 trials are judged." in text
    assert "The best so far by verdict is trial 5" in text
    assert "Not opened." in text


def test_calls_of_a_language_model_are_counted_with_what_they_cost(house: ReportHouse) -> None:
    study = house.start()
    house.store.calls.add(study.id, a_call(money=0.25))
    assert r"Money: 1 call of a language model, \$0.25;" in house.markdown(study)
    house.store.calls.add(study.id, a_call(money=None))
    assert r"Money: 2 calls of a language model, \$0.25 + 1,000 tokens, price not set;" in house.markdown(study)


def test_a_run_in_progress_counts_in_the_cost(house: ReportHouse) -> None:
    study = house.start()
    run = house.store.runs.claim("worker-1")
    assert run is not None
    house.store.runs.record(run, 1, 2.0, {"ndcg@10": 0.01}, 61.0)
    text = house.markdown(study)
    assert "1 min 1 s of training" in text
    assert "2 queued, 1 running" in text


def test_a_paused_and_a_cancelled_study_are_named_so(house: ReportHouse) -> None:
    study = whole_study(house)
    house.store.studies.move(study.id, StudyState.PAUSED, "Ada")
    assert told_of(house, study)[0] == "Paused: there is no final figure yet"
    house.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    assert told_of(house, study) == ("Cancelled: there is no final figure", "")
    assert "Trial 3, dropout 0.2 → 0.4" in house.markdown(study), "what was ruled out by then stays known"


def test_a_finished_study_leads_with_the_gain_on_fresh_seeds(house: ReportHouse) -> None:
    study = house.finish(short_study(house))
    title, figure = told_of(house, study)
    assert title.endswith("beats the baseline on validation, fresh seeds")
    assert figure.startswith("+") and figure.endswith(" %")
    assert "only the sealed test is independent" in house.markdown(study)


def test_fresh_seeds_that_are_still_running_give_no_final_figure(house: ReportHouse) -> None:
    study = short_study(house)
    house.store.studies.move(study.id, StudyState.STOPPING, "Ada")
    while not any(run.purpose == "fresh" for run in house.store.runs.of_study(study.id)):
        house.closing.step(house.store.studies.get(study.id))
    house.train(study)
    assert told_of(house, study) == ("Ending: there is no final figure yet", "")


def test_a_study_in_which_nothing_helped_says_that_the_baseline_stays(house: ReportHouse) -> None:
    study = house.start()
    house.train(study)
    house.judge(study)
    house.run_trial(study, "dropout", 0.4, -0.3)
    study = house.finish(study)
    assert told_of(house, study) == ("Nothing tried beat the baseline", "")
    text = house.markdown(study)
    assert "1 other was compared" in text
    assert "Nothing yet takes the baseline's place." in text


def test_a_baseline_without_a_value_is_told_with_its_cause(house: ReportHouse) -> None:
    study = house.start()
    house.fail(study, "training diverged in epoch 2: lower lr")
    house.judge(study)
    house.finish(study)
    assert told_of(house, study) == ("No figure: the baseline never got a value", "")
    text = house.markdown(study)
    assert "Cause: training diverged in epoch 2: lower lr" in text
    assert "3 failed" in text
    assert "lower lr" in house.html(study)


def test_lost_files_take_the_figure_away_but_not_the_report(house: ReportHouse) -> None:
    study = house.finish(short_study(house))
    shutil.rmtree(house.artifacts.study(study.id))
    assert told_of(house, study) == ("No final figure: the fresh seeds are incomplete", "")
    assert "cannot be read" in house.markdown(study)


def test_a_failed_reveal_shows_its_cause_and_no_test_figure(house: ReportHouse) -> None:
    study = house.finish(short_study(house))
    asked = house.store.reveals.request(study, "lineage-77", "Ada", {})
    assert "A person asked to open it; it is being scored." in house.markdown(study)
    house.store.reveals.finish(asked, None, "the scorer ran out of memory", "reveal")
    text = house.markdown(study)
    assert "the scorer ran out of memory" in text
    assert "beats the baseline on validation" in text


def test_a_trial_refused_by_a_guard_is_no_improvement(house: ReportHouse) -> None:
    study = house.start(guards={"max_parameters": 1000})
    house.train(study)
    house.judge(study)
    house.run_trial(study, "lr", 0.002, 0.4)
    text = house.markdown(study)
    assert "better, but 812,000 parameters, at most 1,000 are allowed" in text
    assert "better, guard broken" in text
    assert "So far nothing has beaten the baseline." in text
