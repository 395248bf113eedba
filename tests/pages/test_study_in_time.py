"""The Study page's lineage, timeline and what the agent knew, with edits in mid-study."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.records import Study
from core.studies.study_editing import edit_settings
from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome
from tests.pages.test_study import text

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


@pytest.fixture
def edited(home: Workspace) -> Study:
    """Three judged trials and one that waits; Ada gave instructions after the first verdict."""
    world = ScriptedHome(home)
    world.dataset()
    study = world.start(trials=5, extra_seeds=False)
    world.run_until(lambda: sum(t.judged_at is not None for t in world.store.trials.of_study(study.id)) >= 2)
    values = {"instructions": "we serve on a phone", "autonomy": "each"}
    edit_settings(world.store, world.store.studies.get(study.id), 1, values, "Ada", "told by Ben")
    world.run_until(lambda: bool(world.store.trials.waiting(study.id)))
    return world.store.studies.get(study.id)


def test_each_view_opens_from_its_link_and_tells_its_part(open_page: Open, edited: Study):
    lineage = text(open_page("study", {"study": edited.id}, view="Lineage"))
    assert "Which trial came of which" in lineage
    timeline = text(open_page("study", {"study": edited.id}, view="Timeline"))
    for words in ("instructions: we serve on a phone", "autonomy autopilot → each", "told by Ben", "What happened"):
        assert words in timeline


def test_an_edit_is_told_below_the_plot_of_values(open_page: Open, home: Workspace, edited: Study):
    said = text(open_page("study", {"study": edited.id, "trial": 1}))
    assert "instructions: we serve on a phone" in said and "(Ada)" in said


def test_the_slider_goes_to_what_was_known_at_another_trial(open_page: Open, home: Workspace, edited: Study):
    page = open_page("study", {"study": edited.id, "trial": 2}, view="What it knew")
    said = text(page)
    assert "built-in expert proposed trial 2" in said and "Trials it could see" in said
    last = home.store.trials.of_study(edited.id)[-1].number
    page.select_slider(key=f"knew-{edited.id}-2").set_value(last).run()
    assert f"proposed trial {last}" in text(page) and page.query_params["trial"] in (str(last), [str(last)])
    labels = {metric.label: metric.value for metric in page.metric}
    assert labels["Current best then"] != "–" and "we serve on a phone" in text(page)
