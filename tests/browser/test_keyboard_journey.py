"""By keyboard alone: a study is started, its views looked through, a trial opened, a lesson edited."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, Server
from tests.browser.keyboard import focus, next_tab, tab_to
from tests.pages.scripted import ScriptedHome

pytestmark = pytest.mark.no_worker

VIEWS = {"All trials": "view=All", "Lineage": "view=Lineage", "Timeline": "view=Timeline", "What it knew": "view=What"}


@pytest.fixture(scope="module")
def story(server: Server, no_worker_comes: None) -> Iterator[ScriptedHome]:
    """A scripted home beside the server's."""
    opened = server.open()
    scripted = ScriptedHome(opened)
    scripted.clock.at = time.time()
    yield scripted
    opened.close()


def menu(page: Page, label: str) -> None:
    """Go to a page by the menu."""
    focus(page, page.get_by_test_id("stSidebar").get_by_role("link", name=label))
    page.keyboard.press("Enter")


def test_from_the_overview_to_a_study_its_trials_and_the_memory_without_a_mouse(
    server: Server, story: ScriptedHome, page: Page
):
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    menu(page, "New study")
    expect(page.get_by_text("no warning from the checks")).to_be_visible()
    focus(page, page.get_by_role("button", name="Start the study"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/study\?study=1"))
    [study] = story.store.studies.all()
    assert story.store.datasets.get(study.dataset_id).name == "sample"
    trial = story.wait_for_proposal(study)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)

    expect(page.get_by_text(f"Trial {trial.number} waits for you")).to_be_visible()
    focus(page, page.get_by_role("button", name="Shortcut ←"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Trial 1 is the current best")).to_be_visible()
    expect(page).to_have_url(re.compile("trial=1"))

    focus(page, page.get_by_role("tab", name="One trial"))
    for name, part in VIEWS.items():
        next_tab(page, page.get_by_role("tab", name=name))
        expect(page).to_have_url(re.compile(part))
    expect(page.get_by_role("tabpanel").first).not_to_be_empty()

    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    lesson = story.workspace.editing.add({**body, "claim": "Zebras gain from dropout."}, "Ada")
    menu(page, "Memory")
    expect(page.get_by_text("Zebras gain from dropout.").first).to_be_visible()
    focus(page, page.get_by_role("button", name="Edit", exact=True))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")  # it takes the focus back at once, so that it cannot be compared here
    tab_to(page, dialog.get_by_role("textbox", name="Lesson"))
    page.keyboard.press("Control+a")
    page.keyboard.type("Zebras gain from less dropout.")
    tab_to(page, dialog.get_by_role("button", name="Save revision 2"))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Revision 2 is saved")).to_be_visible()
    assert story.store.lessons.get(lesson.id).claim == "Zebras gain from less dropout."

    menu(page, "Overview")
    focus(page, page.get_by_role("combobox", name="Open a study"))
    page.keyboard.type(study.name)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/study\?study={study.id}"))
