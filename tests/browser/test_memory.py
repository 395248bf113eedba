"""A person corrects the memory in a real browser: edit in the dialog, stale proposal told, nothing half-typed lost."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from core.memory.records import Lesson
from core.store import Found
from core.studies.starting import StudyPlan, start_study
from core.workspace import Workspace
from tests.browser.conftest import Server

PATIENT = 90_000  # ms: a first page on a machine that trains meanwhile
expect.set_options(timeout=PATIENT)


@pytest.fixture(scope="module")
def cited(server: Server) -> Iterator[tuple[Workspace, Lesson]]:
    """A lesson that a waiting proposal cites, in a paused study on the sample, so that nothing is planned meanwhile."""
    home = server.open()
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    lesson = home.editing.add({**body, "claim": "More dropout helps.", "conditions": "mean_length < 10"}, "Ada")
    sample = home.store.datasets.all()[0]
    study = start_study(home.store, StudyPlan(dataset=sample.id, trials=3, epochs=2, autonomy="each"), "Ada")
    home.store.studies.move(study.id, "paused", "Ada")  # type: ignore[arg-type]
    params = {**home.store.trials.of_study(study.id)[0].params, "dropout": 0.4}
    proposal = {
        "author": "expert",
        "changes": {"dropout": [0.2, 0.4]},
        "axis": "dropout",
        "direction": "up",
        "claim": "it helps",
        "mechanism": "",
        "expected": {"relative": 0.01, "relative_sd": 0.02},
        "risk": "low",
        "novelty": "new",
        "falsifier": "",
        "cost": {"minutes": 1.0},
        "base_trial_id": None,
    }
    found = [Found(lesson.id, 1, 0.8, {"text": 0.7, "confidence": 0.5}, cited=True)]
    home.store.proposals.propose(study, params, (1,), proposal, found)
    yield home, lesson
    home.close()


def test_an_edit_survives_a_refused_save_and_names_the_stale_proposal(
    server: Server, page: Page, cited: tuple[Workspace, Lesson]
):
    home, lesson = cited
    page.set_default_timeout(PATIENT)
    page.goto(f"{server.url}/memory?lesson={lesson.id}")
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("waits and cites this lesson").first).to_be_visible()
    dialog.get_by_role("textbox", name="Lesson").fill("Less dropout helps.")
    dialog.get_by_role("textbox", name="Applies where").fill("mood < 3")
    dialog.get_by_role("textbox", name="Applies where").press("Tab")
    expect(dialog.get_by_text("which no profile has")).to_have_count(1)
    dialog.get_by_role("button", name="Save revision 2").click()
    expect(dialog.get_by_text("which no profile has")).to_have_count(2)  # under the field, and why it was refused
    expect(dialog.get_by_role("textbox", name="Lesson")).to_have_value("Less dropout helps.")
    assert home.store.lessons.get(lesson.id).revision == 1
    dialog.get_by_role("textbox", name="Applies where").fill("mean_length < 20")
    dialog.get_by_role("textbox", name="Applies where").press("Tab")
    expect(dialog.get_by_text("which no profile has")).to_have_count(1)  # why the last act was refused, until the next
    dialog.get_by_role("button", name="Save revision 2").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("1 waiting proposal cites it and is stale now")).to_be_visible()
    assert home.store.lessons.get(lesson.id).claim == "Less dropout helps."


def test_after_a_refresh_the_same_lesson_is_there(server: Server, page: Page, cited: tuple[Workspace, Lesson]):
    _, lesson = cited
    page.goto(f"{server.url}/memory?lesson={lesson.id}")
    page.reload()
    expect(page.get_by_role("button", name="Archive", exact=True)).to_be_visible()
    assert f"lesson={lesson.id}" in page.url
