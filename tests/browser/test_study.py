"""The Study page in a real browser: typing, stepping and zooming while it looks again every two seconds."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from core.records import Run, Study
from core.states import RunState, StudyState, TrialState
from pages.components.style import DARK, LIGHT
from tests.browser.conftest import Server, rgb
from tests.pages.scripted import ScriptedHome

pytestmark = pytest.mark.no_worker

TICKS = 5_000  # ms: two looks of the page and a little
FIRST = 90_000  # ms: what a server's first page may take on a busy machine of two cores


def asking(story: ScriptedHome, name: str) -> Study:
    """A paused study (no worker touches it) whose first proposal waits."""
    study = story.start("browsed", name=name, autonomy="each")
    story.wait_for_proposal(study)
    story.run_until(lambda: story.store.studies.get(study.id).incumbent_id is not None)
    return story.store.studies.move(study.id, StudyState.PAUSED, "Ada")


def test_a_half_typed_veto_survives_the_refresh(server: Server, story: ScriptedHome, page: Page):
    study = asking(story, "veto")
    [trial] = story.store.trials.waiting(study.id)
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="Veto").click()
    reason = page.get_by_role("dialog").get_by_role("textbox")
    reason.press_sequentially("too slow")
    page.wait_for_timeout(TICKS)
    expect(reason).to_have_value("too slow")
    expect(reason).to_be_focused()
    reason.press_sequentially(" for us")
    page.get_by_role("dialog").get_by_role("button", name="Veto").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert story.store.trials.get(trial.id).state is TrialState.VETOED
    assert story.store.trials.decisions(trial.id)[0].reason == "too slow for us"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_acts_are_seen_without_scrolling(server: Server, story: ScriptedHome, page: Page, width: int, height: int):
    study = asking(story, f"fold-{width}")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/study?study={study.id}")
    for act in ("Approve", "Edit", "Veto"):
        button = page.get_by_role("button", name=act)
        button.wait_for(timeout=FIRST)
        box = button.bounding_box()
        assert box is not None and box["y"] + box["height"] <= height, act


def test_an_edit_marks_the_changed_field_and_runs_as_edited(server: Server, story: ScriptedHome, page: Page):
    study = asking(story, "edit")
    [trial] = story.store.trials.waiting(study.id)
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("spinbutton", name="your dropout", exact=True)
    field.fill("0.45")
    field.press("Tab")
    expect(dialog.get_by_text("yours, not 0.3")).to_be_visible()
    others = dialog.get_by_text(re.compile(r"All \d+ fields$"))
    others.click()
    dialog.get_by_role("spinbutton", name="your num_blocks", exact=True).fill("3")
    dialog.get_by_role("spinbutton", name="your num_blocks", exact=True).press("Tab")
    expect(dialog.get_by_text(f"yours, not {trial.params['num_blocks']}")).to_be_visible()
    others.click()
    expect(dialog.get_by_role("spinbutton", name="your num_blocks", exact=True)).not_to_be_visible()
    page.wait_for_timeout(TICKS)
    dialog.get_by_role("button", name="Approve as edited").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert story.store.trials.get(trial.id).params == {**trial.params, "dropout": 0.45, "num_blocks": 3}


def test_a_name_once_given_stands_on_decisions_after_a_reload(server: Server, story: ScriptedHome, page: Page):
    study = asking(story, "named")
    [trial] = story.store.trials.waiting(study.id)
    page.goto(f"{server.url}/study?study={study.id}")
    page.locator(".st-key-who button").first.click()
    page.get_by_label("Your name on decisions").fill("Grace Höpper")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-who")).to_contain_text("Grace Höpper")
    page.wait_for_function("document.cookie.includes('Grace')")
    page.reload()
    expect(page.locator(".st-key-who")).to_contain_text("Grace Höpper")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("is approved and queued")).to_be_visible()
    assert story.store.trials.decisions(trial.id)[0].actor == "Grace Höpper"


def test_the_url_follows_the_arrow_keys_and_brings_one_back(server: Server, story: ScriptedHome, page: Page):
    study = asking(story, "steps")
    page.goto(f"{server.url}/study?study={study.id}")
    expect(page.get_by_text("Trial 2 waits for you")).to_be_visible()
    for _ in range(10):  # a key pressed before the page listens is lost
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(1000)
        if "trial=1" in page.url:
            break
    expect(page.get_by_text("Trial 1 is the current best")).to_be_visible()
    expect(page).to_have_url(re.compile(r"trial=1"))
    page.reload()
    expect(page.get_by_text("Trial 1 is the current best")).to_be_visible()


def test_a_number_among_all_trials_opens_its_trial_and_another_tab_is_kept_in_the_url(
    server: Server, story: ScriptedHome, page: Page
):
    study = asking(story, "rows")
    page.goto(f"{server.url}/study?study={study.id}&view=All+trials")
    page.get_by_test_id("stDataFrame").click(position={"x": 72, "y": 80})  # below 2, drawn on a canvas
    expect(page.get_by_role("tab", name="One trial")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Trial 1 is the current best")).to_be_visible()
    page.get_by_role("tab", name="Timeline").click()
    expect(page).to_have_url(re.compile(r"trial=1&view=Timeline"))
    expect(page.get_by_role("img", name="Timeline.")).to_be_visible()


def under_way(story: ScriptedHome) -> tuple[Study, Run]:
    """A study whose baseline runs, three epochs in, told by this test."""
    study = story.start("browsed", name="live", autonomy="each")
    for run in story.store.runs.of_study(study.id)[1:]:
        assert run.state is RunState.QUEUED
    claimed = story.store.runs.claim("here-1")
    assert claimed is not None and claimed.study_id == study.id
    story.store.studies.move(study.id, StudyState.PAUSED, "Ada")
    for epoch in range(1, 4):
        tell(story, claimed, epoch)
    return study, claimed


def tell(story: ScriptedHome, run: Run, epoch: int) -> None:
    story.store.runs.record(run, epoch, 1.0 / epoch, {"ndcg@10": 0.1 * (1 - 0.5**epoch)}, 1.0)


def test_the_zoom_of_a_live_curve_survives_new_points(server: Server, story: ScriptedHome, page: Page):
    study, run = under_way(story)
    page.goto(f"{server.url}/study?study={study.id}&trial=1")
    curve = "document.querySelector('[role=img][aria-label^=\"Learning curves\"]')"
    points = f"Math.max(0, ...(({curve} || {{}}).data || []).map(trace => trace.x.length))"
    page.wait_for_function(f"{points} === 3")
    page.evaluate(f"Plotly.relayout({curve}, {{'xaxis.range[0]': 1.5, 'xaxis.range[1]': 2.5}})")
    tell(story, run, 4)
    page.wait_for_function(f"{points} === 4")
    assert page.evaluate(f"{curve}.layout.xaxis.range") == [1.5, 2.5]


def test_of_two_browsers_that_decide_at_once_one_wins_and_the_other_is_told_by_whom(
    server: Server, story: ScriptedHome, page: Page, browser: Browser
):
    study = asking(story, "race")
    [trial] = story.store.trials.waiting(study.id)
    page.goto(f"{server.url}/study?study={study.id}")
    page.get_by_role("button", name="Veto").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("we serve on a phone")
    another = browser.new_page()
    another.goto(f"{server.url}/study?study={study.id}")
    another.get_by_role("button", name="Approve").click()
    expect(another.get_by_text("is approved and queued")).to_be_visible()
    dialog.get_by_role("button", name="Veto").click()
    expect(dialog.get_by_text("was first (trial approved,")).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_have_value("we serve on a phone")
    assert story.store.trials.get(trial.id).state is TrialState.APPROVED
    another.close()


def test_a_chart_takes_the_colours_of_the_other_theme_at_once(server: Server, story: ScriptedHome, page: Page):
    study = asking(story, "dark")
    page.goto(f"{server.url}/study?study={study.id}")
    words = page.locator(".plot text").first
    expect(words).to_have_css("fill", rgb(LIGHT.muted))
    with server.asleep():
        page.emulate_media(color_scheme="dark")
        expect(words).to_have_css("fill", rgb(DARK.muted))
