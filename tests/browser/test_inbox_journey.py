"""Three proposals decided in the Inbox by keyboard alone, with a refresh in between; a second browser looks on."""

import pytest
from playwright.sync_api import Browser, Page, expect

from core.records import Study
from core.states import StudyState, TrialState
from tests.browser.conftest import PATIENCE, Server
from tests.browser.keyboard import press_until, tab_to
from tests.pages.scripted import ScriptedHome

pytestmark = pytest.mark.no_worker


@pytest.fixture
def study(story: ScriptedHome) -> Study:
    """Paused, with three proposals that wait."""
    study = story.start("browsed", name="three", autonomy="each", parallel=3)
    story.run_until(lambda: len(story.store.trials.waiting(study.id)) == 3)
    return story.store.studies.move(study.id, StudyState.PAUSED, "Ada")


def test_three_proposals_are_decided_by_keyboard(
    server: Server, story: ScriptedHome, study: Study, page: Page, browser: Browser
):
    first, second, third = story.store.trials.waiting(study.id)
    page.set_default_timeout(PATIENCE)
    another = browser.new_page()
    another.goto(f"{server.url}/inbox")
    page.goto(f"{server.url}/inbox")
    expect(page.get_by_text(f"Trial {first.number} waits for you")).to_be_visible(timeout=PATIENCE)

    dialog = page.get_by_role("dialog")
    press_until(page, "e", dialog)
    dropout = dialog.get_by_role("spinbutton", name="your dropout", exact=True)
    tab_to(page, dropout)
    page.keyboard.press("Control+a")
    page.keyboard.type("0.45")
    page.keyboard.press("Tab")
    expect(dialog.get_by_text("yours, not")).to_be_visible(timeout=PATIENCE)
    tab_to(page, dialog.get_by_role("button", name="Back"))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    press_until(page, "a", page.get_by_text(f"Trial {first.number} is approved and queued"))
    assert story.store.trials.get(first.id).state is TrialState.APPROVED

    page.reload()
    expect(page.get_by_text(f"Trial {second.number} waits for you")).to_be_visible(timeout=PATIENCE)
    press_until(page, "a", page.get_by_text(f"Trial {second.number} is approved and queued"))
    assert story.store.trials.get(second.id).state is TrialState.APPROVED

    expect(page.get_by_text(f"Trial {third.number} waits for you")).to_be_visible(timeout=PATIENCE)
    press_until(page, "v", dialog)
    reason = dialog.get_by_role("textbox")
    tab_to(page, reason)
    page.keyboard.type("we serve on a phone")
    tab_to(page, dialog.get_by_role("button", name="Veto"))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    [decision] = story.store.trials.decisions(third.id)
    assert (decision.kind, decision.reason) == ("veto", "we serve on a phone")

    expect(another.get_by_text("Nothing waits for you")).to_be_visible(timeout=PATIENCE)
    another.close()
