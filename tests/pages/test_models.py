"""The Models page: the list, figures and slices, what can be tried, and what is told when it cannot."""

from collections.abc import Callable
from statistics import stdev

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Study
from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    found = [*page.header, *page.subheader, *page.markdown, *page.error, *page.warning]
    return "\n".join([*(str(each.value) for each in found), *(str(table.value) for table in page.table)])


@pytest.fixture
def finished(home: Workspace) -> Study:
    """A study of three trials that ended; its trainer was scripted, so no weights are on the disk."""
    world = ScriptedHome(home)
    world.dataset()
    return world.finish(world.start(trials=3, name="done"))


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
