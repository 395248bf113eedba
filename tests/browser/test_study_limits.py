"""A running study's settings and the archive in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from core.states import Autonomy, StudyState
from tests.browser.conftest import Server
from tests.pages.scripted import ScriptedHome

pytestmark = pytest.mark.no_worker

FIRST = 90_000  # ms: what a server's first page may take on a busy machine of two cores


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_gates_appear_with_their_mode_stay_open_and_a_refusal_keeps_what_was_typed(
    server: Server, story: ScriptedHome, page: Page, width: int, height: int
):
    page.set_default_timeout(FIRST)
    study = story.start("browsed", name=f"limits-{width}", autonomy="each", use_memory=False)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    story.store.studies.move(study.id, StudyState.PAUSED, "Ada")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="More").click()
    page.get_by_text("Settings and instructions").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Gates ·")).to_have_count(0)
    dialog.get_by_label("Who decides").click()
    page.get_by_role("option", name="Ask when it matters").click()
    dialog.get_by_text("Gates · 6 of 6 ask").click()
    dialog.get_by_text("it is new", exact=True).click()
    dialog.get_by_text("Gates · 5 of 6 ask").wait_for()
    expect(dialog.get_by_text("its risk is high")).to_be_visible()
    dialog.get_by_text("Caps on training and language model").click()
    dialog.get_by_role("spinbutton", name="Minutes of training in all").fill("45")
    dialog.get_by_role("spinbutton", name="Epochs at most").fill("20")
    dialog.get_by_role("spinbutton", name="Epochs at most").press("Tab")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("would have trained otherwise within 20 epochs")).to_be_visible()
    expect(dialog.get_by_role("spinbutton", name="Minutes of training in all")).to_have_value("45")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    dialog.get_by_role("spinbutton", name="Epochs at most").fill(str(study.max_epochs))
    dialog.get_by_role("spinbutton", name="Epochs at most").press("Tab")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    now = story.store.studies.get(study.id)
    assert (now.autonomy, now.gates_off, dict(now.caps)) == (Autonomy.GATED, ("novelty",), {"minutes": 45.0})
    expect(page.get_by_text("of 45 min of training")).to_be_visible()


def test_an_ended_study_goes_to_the_archive_from_the_overview(server: Server, story: ScriptedHome, page: Page):
    page.set_default_timeout(FIRST)
    study = story.start("browsed", name="archived one")
    story.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    page.goto(server.url)
    page.get_by_role("button", name="Archive").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Archive").click()
    page.get_by_text("archived one is archived; its record stays").wait_for()
    assert story.store.studies.get(study.id).archived_at is not None
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="More").click()
    page.get_by_text("Bring the study back").click()
    page.get_by_text("archived one is back").wait_for()
    assert story.store.studies.get(study.id).archived_at is None
