"""The Overview in each of its states, run as Streamlit runs it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Conflict
from core.stamp import short
from core.states import StudyState, TrialState
from core.workspace import Workspace
from tests.core.store.building import a_dataset, a_proposal, a_running, a_study, finish

OpenPage = Callable[..., AppTest]


def text_of(page: AppTest) -> str:
    """Everything a person reads in Markdown."""
    return "\n".join(str(block.value) for block in page.markdown)


def test_an_empty_home_offers_one_next_action(open_page: OpenPage):
    page = open_page("app")
    assert not page.exception
    assert "Nothing runs yet" in text_of(page)
    assert "synthetic" in text_of(page)
    assert [button.label for button in page.main.button] == ["Start a study on the sample"]


def test_a_waiting_proposal_is_shown_with_what_changes(home: Workspace, open_page: OpenPage):
    study = a_study(home.store)
    a_proposal(home.store, study, lr=0.002)
    page = open_page("app")
    assert not page.exception
    assert page.metric[0].value == "1 proposal"
    assert f"{study.name} · trial 1" in text_of(page)
    assert "Approve" in [button.label for button in page.button]


def test_approving_here_queues_the_trial_under_the_name_in_the_sidebar(
    home: Workspace, open_page: OpenPage, no_second_worker
):
    trial = a_proposal(home.store, a_study(home.store))
    page = open_page("app")
    page.text_input(key="who_name").set_value("Ada").run()
    page.button(key=f"approve_{trial.id}").click().run()
    assert home.store.trials.get(trial.id).state is TrialState.APPROVED
    assert home.store.trials.decisions(trial.id)[0].actor == "Ada"
    assert "approved" in page.toast[0].value


def test_whoever_decides_second_is_told_who_was_first(home: Workspace, open_page: OpenPage):
    trial = a_proposal(home.store, a_study(home.store))
    page = open_page("app")
    home.deciding.veto(trial, "too slow", "Grace", "test")
    page.button(key=f"approve_{trial.id}").click().run()
    assert not page.exception
    assert "Grace was first" in page.toast[0].value
    with pytest.raises(Conflict):
        home.deciding.approve(trial, "Ada", "test")


def test_a_run_under_way_is_shown_with_its_epoch(home: Workspace, open_page: OpenPage, worker_beats):
    run = a_running(home.store)
    home.store.runs.record(run, 3, 1.0, {"ndcg@10": 0.04}, 2.0)
    worker_beats("trial 1 · seed 1 · epoch 3")
    page = open_page("app")
    assert not page.exception
    assert "1 run" in [metric.value for metric in page.metric]
    assert "running" in text_of(page)


def test_a_failed_run_is_told_with_its_cause(home: Workspace, open_page: OpenPage):
    run = a_running(home.store)
    home.store.runs.end(run, home.store.runs.get(run.id).state.FAILED, "w1", error="out of memory at batch 4096")
    page = open_page("app")
    assert not page.exception
    assert "failed" in text_of(page) and "out of memory at batch 4096" in text_of(page)
    [retry] = [link.proto for link in page.main.get("page_link") if link.proto.label == "Retry"]
    assert retry.page.endswith("study") and "trial=1" in retry.query_string


def test_without_a_worker_the_page_says_so_and_starts_one_on_a_click(home: Workspace, open_page: OpenPage):
    a_study(home.store)
    page = open_page("app")
    assert "not running" in text_of(page)
    assert "Start the worker" in [button.label for button in page.button]


def test_a_study_is_a_row_with_its_state_and_trials(home: Workspace, open_page: OpenPage):
    study = a_study(home.store)
    finish(home.store, a_running(home.store, study))
    page = open_page("app")
    row = page.dataframe[0].value.iloc[0]
    assert row["study"] == study.name
    assert list(row["state"]) == ["active"] and (row["trials"], row["of"]) == (1, study.max_trials)
    assert study.stamp.split("/")[-1].startswith(row["data"]) and "bill" not in row
    assert "Best: validation NDCG@10, leave-one-out, full ranking, seen masked" in text_of(page)
    assert "at a time" in text_of(page)


def test_studies_that_are_measured_otherwise_say_how_each_is(home: Workspace, open_page: OpenPage):
    seen = a_study(home.store, "seen")
    other = a_study(home.store, "nothing", masking="none", stamp=seen.stamp.replace("mask:seen", "mask:none"))
    page = open_page("app")
    table = page.dataframe[0].value.set_index("study")
    assert dict(table["protocol"]) == {"seen": short(seen.stamp), "nothing": short(other.stamp)}
    assert set(table["metric"]) == {"validation NDCG@10"} and "data" not in table
    assert "Best: on validation; of the current best" in text_of(page)


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["study"]) if page.dataframe else []


def test_a_study_that_has_ended_goes_to_the_archive_and_comes_back(home: Workspace, open_page: OpenPage):
    runs, ended = a_study(home.store, "runs"), a_study(home.store, "ended")
    home.store.studies.move(ended.id, StudyState.CANCELLED, "Ada")
    page = open_page("app")
    assert page.selectbox(key="studies_shelved").options == ["ended"]
    assert "studies_which" not in {each.key for each in page.selectbox}
    page.text_input(key="who_name").set_value("Grace").run()
    page.button(key="studies_shelve").click().run()
    assert not page.exception and names(page) == ["runs"]
    assert home.store.events.newest(1, study_id=ended.id)[0].actor == "Grace"
    page.selectbox(key="studies_which").set_value("archived").run()
    assert not page.exception and names(page) == ["ended"]
    page.button(key="studies_shelve").click().run()
    assert not page.exception and home.store.studies.get(ended.id).archived_at is None
    assert "No study is archived" in text_of(page)
    page.selectbox(key="studies_which").set_value("in sight").run()
    assert sorted(names(page)) == ["ended", "runs"]
    assert home.store.studies.get(runs.id).archived_at is None


def test_a_home_whose_studies_are_all_archived_says_so(home: Workspace, open_page: OpenPage):
    ended = a_study(home.store)
    home.store.studies.move(ended.id, StudyState.CANCELLED, "Ada")
    home.store.shelf.archive(ended.id, "Ada")
    page = open_page("app")
    assert not page.exception and "No study is in sight" in text_of(page)
    assert page.selectbox(key="studies_which").options == ["in sight", "archived"]


def test_foreign_names_are_text_and_never_markup(home: Workspace, open_page: OpenPage):
    a_dataset(home.store)
    study = a_study(home.store, name="a [link](http://evil.example) `x` :red[y]")
    a_proposal(home.store, study)
    assert "\\[link\\]" in text_of(open_page("app"))


def test_nothing_that_needs_anybody_is_said_calmly(home: Workspace, open_page: OpenPage):
    a_study(home.store)
    assert "Open the Inbox" not in [link.proto.label for link in open_page("app").get("page_link")]
    assert "Nothing. What waits for a decision" in text_of(open_page("app"))
