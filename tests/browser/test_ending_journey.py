"""A study that the real worker trains to its end: its sealed test is opened by a person and its report taken away."""

import pytest
from playwright.sync_api import Page, expect

from core.records import Study
from core.space import SearchSpace
from core.studies.starting import StudyPlan, start_study
from tests.browser.conftest import Server

TRAINS_SECONDS = 200.0  # eight runs of one epoch of a tiny model, on a busy machine
SCORES = 150_000  # ms
TINY = {"hidden_dim": 16, "num_blocks": 1, "max_len": 10, "negatives": 16, "batch_size": 1024, "priors": "none"}


@pytest.fixture(scope="module")
def study(server: Server) -> Study:
    """Finished, on the sample."""
    home = server.open()
    [sample] = home.store.datasets.all()
    space = SearchSpace.of("sasrec")
    for name, value in TINY.items():
        space = space.fix(name, value)
    values = {"trials": 2, "epochs": 1, "autonomy": "autopilot", "extra_seeds": False, "space": space}
    study = start_study(home.store, StudyPlan(dataset=sample.id, name="ending", **values), "Ada")  # type: ignore[arg-type]
    server.wait_until(lambda: home.store.studies.get(study.id).has_ended, TRAINS_SECONDS)
    home.close()
    return study


def test_the_test_is_opened_by_name_and_the_report_tells_of_it(server: Server, study: Study, page: Page):
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/models?study={study.id}")
    page.get_by_role("button", name="Open the sealed test").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("nobody has looked at it yet")).to_be_visible()
    dialog.get_by_role("textbox", name="Your name").fill("Grace")
    dialog.get_by_role("textbox", name="Your name").press("Tab")
    dialog.get_by_role("button", name="Open it").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("first look at this data's test, by Grace")).to_be_visible(timeout=SCORES)
    card = page.locator(".st-key-reveal-card")
    expect(card.get_by_text("popularity", exact=False).first).to_be_visible(timeout=SCORES)
    expect(page.get_by_role("button", name="Open the sealed test")).to_have_count(0)

    page.get_by_role("button", name="Report").click()
    with page.expect_download(timeout=SCORES) as download:
        dialog.get_by_role("button", name="As Markdown").click(timeout=SCORES)
    told = download.value.path().read_text(encoding="utf-8")
    assert "ending" in told and "Grace" in told
