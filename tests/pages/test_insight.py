"""The Insight page: nothing yet, too few trials, a running one, failed ones, a study with a control beside it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from pages.components.chips import glyph
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


def test_while_a_study_runs_the_race_grows_and_what_is_missing_is_counted(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    study = world.start(name="live")
    world.run_into(study, 2)
    page = open_page("insight", {"study": study.id})
    shown = text(page)
    assert not page.exception and "No control yet" in shown and "1 so far, **7 more** needed" in shown
    assert "No judged trial had a prediction" in shown and "3 of 3 inconclusive" in shown
    assert page.dataframe[0].value["trials"].tolist() == [1]
    world.run_into(study, 3)
    page.run()
    assert page.dataframe[0].value["trials"].tolist() == [2] and "2 so far, **6 more** needed" in text(page)


def test_a_failed_trial_is_an_axis_looked_at_without_a_verdict_and_no_point_of_a_plot(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: params["dropout"] > 0.2)
    world.dataset()
    study = world.finish(world.start(trials=4, name="broken", extra_seeds=False))
    trials = home.store.trials.of_study(study.id)
    assert [trial.number for trial in trials if trial.value is None] == [3]
    page = open_page("insight", {"study": study.id})
    assert not page.exception and "3 so far, **5 more** needed" in text(page)
    axes = page.table[0].value.set_index("axis")
    assert axes.loc["`dropout`", "came out"] == f"{glyph('failed')} 1"
    assert axes.loc["`lr`", "came out"] == f"{glyph('inconclusive')} 1"


def test_a_study_whose_baseline_failed_says_what_each_card_waits_for(open_page: Open, home: Workspace):
    world = ScriptedHome(home, failing=lambda params: True)
    world.dataset()
    study = world.start(name="dead")
    world.run_until(lambda: all(run.has_ended for run in home.store.runs.of_study(study.id)))
    page = open_page("insight", {"study": study.id})
    assert not page.exception and "No trial has a value yet" in text(page)
    assert "two seeds of the baseline that have ended" in text(page)
