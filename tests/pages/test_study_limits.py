"""Caps, guards, gates, epochs and the archive on the Study and New study pages."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.loop.gates import GATES
from core.records import Study
from core.states import StudyState
from core.views.edits import edits_of
from pages.components import dialogs
from tests.pages.scripted import ScriptedHome
from tests.pages.test_study import button, text

Open = Callable[..., AppTest]
pytestmark = pytest.mark.usefixtures("no_second_worker")


def settings(open_page: Open, study: Study) -> tuple[AppTest, str]:
    """The Study page with the settings open, and the key of their fields."""
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Settings and instructions").run()
    return page, f"settings-{study.id}-1"


def test_guards_caps_and_epochs_are_edited_and_stand_on_record(open_page: Open, story: ScriptedHome):
    study = story.start(autonomy="each", guards={"min_coverage": 0.2, "max_minutes": 5.0}, epochs=7)
    page, key = settings(open_page, study)
    assert page.number_input(key=f"{key}_min_coverage").value == 0.2
    page.number_input(key=f"{key}_max_minutes").set_value(None)
    page.number_input(key=f"{key}_max_parameters").set_value(500_000)
    page.number_input(key=f"{key}_cap_minutes").set_value(90.0)
    page.number_input(key=f"{key}-max_epochs").set_value(9)
    page.text_input(key=f"{key}-reason").set_value("we serve on a phone")
    button(page, f"{key}-go").click().run()
    now = story.store.studies.get(study.id)
    assert (dict(now.guards), dict(now.caps)) == ({"min_coverage": 0.2, "max_parameters": 500_000}, {"minutes": 90})
    assert now.max_epochs == 9
    (edit,) = edits_of(story.store, now)
    assert (edit.topics, edit.reason) == (("epochs", "caps", "guards"), "we serve on a phone")
    assert "epochs 7 → 9" in edit.words and "caps: minutes none → 90" in edit.words
    assert "Caps: 0 s of 1 h 30 min of training" in text(open_page("study", {"study": study.id}))


def test_settings_left_alone_change_nothing(open_page: Open, story: ScriptedHome):
    caps, off = {"minutes": 12.5, "tokens": 1000}, ["cost", "risk"]
    study = story.start(autonomy="each", guards={"max_slice_loss": 0.1}, caps=caps, gates_off=off)
    page, key = settings(open_page, study)
    button(page, f"{key}-go").click().run()
    assert story.store.studies.revision(study.id) == 1


def test_epochs_that_would_part_the_trials_are_refused_with_everything_else(open_page: Open, story: ScriptedHome):
    study = story.start(autonomy="each", trials=6)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    page, key = settings(open_page, study)
    page.number_input(key=f"{key}-max_epochs").set_value(20)
    page.number_input(key=f"{key}-max_trials").set_value(9)
    page = button(page, f"{key}-go").click().run()
    assert "trial 1 would have trained otherwise within 20 epochs" in page.session_state[dialogs.REFUSED]
    assert story.store.studies.get(study.id).max_trials == 6


def test_gates_are_boxes_that_appear_with_their_mode(open_page: Open, story: ScriptedHome):
    each = story.start(autonomy="each", name="each")
    page, _ = settings(open_page, each)
    assert not [box for box in page.checkbox if "_gate_" in str(box.key)]
    study = story.start(autonomy="gated", gates_off=["risk"])
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Settings and instructions").run()
    key = f"settings-{study.id}-1"
    assert [box.value for box in page.checkbox if "_gate_" in str(box.key)] == [name != "risk" for name in GATES]
    page.checkbox(key=f"{key}_gate_cost").uncheck()
    page.checkbox(key=f"{key}_gate_risk").check()
    button(page, f"{key}-go").click().run()
    now = story.store.studies.get(study.id)
    assert now.gates_off == ("cost",)
    assert "gates that never ask: cost" in edits_of(story.store, now)[0].words


def test_a_full_cap_is_told_where_a_proposal_is_approved_and_above(open_page: Open, story: ScriptedHome):
    study = story.start(autonomy="each", trials=6)
    trial = story.wait_for_proposal(study)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    story.store.studies.edit(study.id, 1, {"caps": {"minutes": 0.1}}, "Ada")
    page = open_page("study", {"study": study.id})
    assert "no room for a further run" in text(page)
    said = text(button(page, "approve").click().run())
    assert "leaves no room for a further run" in said and "raise the cap" in said
    assert story.store.trials.get(trial.id).waits
    story.finish(study)
    told = text(open_page("study", {"study": study.id, "view": "Timeline"}))
    assert "leaves no room for a further run" in told.replace("\\", "")


def test_an_ended_study_is_archived_and_brought_back_from_its_menu(open_page: Open, story: ScriptedHome):
    newest = story.start(name="kept")
    study = story.start(name="gone")
    assert "Archive the study" not in open_page("study", {"study": study.id}).menu_button(key="more").options
    story.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Archive the study").run()
    assert story.store.studies.get(study.id).archived_at is not None
    assert "archived" in text(open_page("study", {"study": study.id}))
    assert "kept" in text(open_page("study")) and newest.archived_at is None
    page = open_page("study", {"study": study.id}).menu_button(key="more").click("Bring the study back").run()
    assert not page.exception and story.store.studies.get(study.id).archived_at is None


@pytest.mark.parametrize(("name", "key"), [("insight", "insight_study"), ("memory", "memory_study")])
def test_archived_studies_are_in_no_selector_but_where_one_is_shown(
    open_page: Open, story: ScriptedHome, name: str, key: str
):
    story.start(name="kept")
    study = story.start(name="gone")
    story.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    story.store.shelf.archive(study.id, "Ada")
    assert "gone" not in open_page(name).selectbox(key=key).options
    assert "gone" in open_page(name, {"study": study.id}).selectbox(key=key).options
