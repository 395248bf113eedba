"""The Insight page: nothing yet, too few trials, a study with a control beside it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]


def text(page: AppTest) -> str:
    """Every word on the page."""
    found = [*page.header, *page.subheader, *page.markdown, *page.error]
    tables = [*page.table, *page.dataframe]
    return "\n".join([*(str(each.value) for each in found), *(table.value.to_string() for table in tables)])


def test_without_a_study_it_offers_to_start_one(open_page: Open):
    page = open_page("insight")
    assert not page.exception and "Nothing to learn from yet" in text(page)


def test_a_new_study_says_what_each_card_waits_for(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.start()
    page = open_page("insight")
    assert not page.exception
    assert "No trial has a value yet" in text(page) and "**8 more** needed" in text(page)
    assert "two seeds of the baseline" in text(page)


def test_a_finished_study_shows_race_axes_calibration_and_a_a(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.finish(world.start(trials=9, name="mine"))
    world.finish(world.start(trials=2, name="chance", agent="random"))
    page = open_page("insight", {"study": "mine"})
    assert not page.exception
    shown = text(page)
    assert "chance" in shown and "random search" in shown and "`dropout`" in shown
    assert "inconclusive" in shown and page.metric[0].label == "Inside the stated interval"
    page.segmented_control(key="landscape_kind").set_value("Contour").run()
    assert not page.exception and len(page.multiselect) == 1
