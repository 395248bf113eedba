"""The Models page: the list, figures and slices, while a study runs, where trials failed, and without weights."""

from collections.abc import Callable
from statistics import stdev

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Study
from core.states import StudyState
from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    found = [*page.header, *page.subheader, *page.markdown, *page.error, *page.warning]
    return "\n".join([*(str(each.value) for each in found), *(str(table.value) for table in page.table)])


@pytest.fixture
def finished(home: Workspace, retold: Callable[[str, Callable[[], Study]], Study]) -> Study:
    """A study of three trials that ended; its trainer was scripted, so no weights are on the disk."""

    def live() -> Study:
        world = ScriptedHome(home)
        world.dataset()
        return world.finish(world.start(trials=3, name="done"))

    return retold("three trials", live)


def test_an_empty_home_offers_one_next_action(open_page: Open):
    page = open_page("models")
    assert not page.exception and "No model yet" in text(page)


def test_a_study_is_a_line_with_its_best_trial(open_page: Open, home: Workspace, finished: Study):
    page = open_page("models")
    assert not page.exception
    [row] = page.dataframe[0].value.to_dict("records")
    best = home.store.trials.get(finished.recommended_id or finished.incumbent_id or 0)
    assert (row["study"], row["trial"], row["value"]) == ("done", best.number, best.value)
    assert "Open the sealed test" in [button.label for button in page.button]
    counted = [run.metrics["ndcg@10"] for run in home.store.runs.of_trial(best.id) if run.purpose != "fresh"]
    spread = f" ± {stdev(counted):.4f}" if len(counted) > 1 else ""
    assert f"{best.value:.4f}{spread}" in text(page), "the mean of its seeds, not the luckiest"
    assert "Tried and exported" not in text(page), "its weights are gone"


def test_without_weights_the_figures_stay_and_the_reason_is_told(open_page: Open, finished: Study):
    page = open_page("models", {"study": finished.id})
    assert not page.exception and "weights of trial" in page.warning[0].value
    assert "try_go" not in {button.key for button in page.button}


def test_the_list_is_narrowed_by_study_or_dataset(open_page: Open, finished: Study):
    page = open_page("models")
    page.text_input(key="models_name").set_value("nothing like it").run()
    assert "0 models" in text(page) and not page.exception
    page.text_input(key="models_name").set_value("TOY").run()
    assert "1 model:" in text(page)


def test_a_study_without_a_value_has_no_model_and_says_so(open_page: Open, home: Workspace, finished: Study):
    world = ScriptedHome(home)
    waiting = world.start(name="fresh")
    page = open_page("models", {"study": waiting.id})
    assert not page.exception and "no best trial yet" in page.error[0].value


def test_a_verb_is_about_the_model_that_was_seen_though_another_came_first_meanwhile(
    open_page: Open, home: Workspace, finished: Study
):
    page = open_page("models")
    world = ScriptedHome(home)
    newer = world.finish(world.start(trials=1, name="newer"))
    assert "newer" in open_page("models").dataframe[0].value["study"].iloc[0]
    page.button(key="model_reveal").click().run()
    assert page.query_params["study"] == str(finished.id) != str(newer.id) and not page.exception


def test_a_running_study_has_its_baseline_for_a_model(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    study = world.start(name="live")
    world.run_into(study, 2)
    page = open_page("models", {"study": study.id})
    assert not page.exception and "SASRec on toy · trial 1" in text(page)
    [row] = page.dataframe[0].value.to_dict("records")
    assert (list(row["state"]), row["trial"], row["by"]) == (["active"], 1, "baseline")
    assert "Where its gain sits" not in text(page), "a baseline has no gain"
    assert "Open the sealed test" not in [button.label for button in page.button], "not before the study ended"


def test_where_every_run_failed_there_is_no_model_and_the_way_leads_to_what_runs(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: True)
    world.dataset()
    study = world.start(name="dead")
    world.run_until(lambda: all(run.has_ended for run in home.store.runs.of_study(study.id)))
    page = open_page("models")
    assert not page.exception and "No model yet" in text(page)
    assert "See what runs" in [link.proto.label for link in page.get("page_link")]


def test_a_failed_trial_never_becomes_the_model(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: params["dropout"] > 0.2)
    world.dataset()
    world.finish(world.start(trials=4, name="broken", extra_seeds=False))
    [row] = open_page("models").dataframe[0].value.to_dict("records")
    assert row["trial"] != 3 and row["value"] > 0 and row["by"] != "verdict"


def test_many_models_are_turned_by_pages_and_each_opens_from_its_link(
    open_page: Open, home: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.views.models.PAGE", 2)
    world = ScriptedHome(home)
    world.dataset()
    for name in ("first", "second", "third"):
        study = world.start(name=name, trials=1)
        world.run_until(lambda: home.store.studies.get(study.id).incumbent_id is not None)  # noqa: B023
        home.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    page = open_page("models")
    assert "3 models" in text(page) and page.dataframe[0].value["study"].tolist() == ["third", "second"]
    page.number_input(key="models_page").set_value(2).run()
    assert page.dataframe[0].value["study"].tolist() == ["first"] and not page.exception
    page = open_page("models", {"study": "second"})
    [link] = [each.proto for each in page.get("page_link") if each.proto.label == "Its study"]
    assert "SASRec on toy · trial 1" in text(page) and "study=2" in link.query_string
