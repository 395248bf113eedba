"""A fresh machine: the sample is there, a study is one click away, and the first verdict comes of one more."""

import re

from playwright.sync_api import Page, expect

from core.states import TrialState

OPENED = re.compile(r"/study\?study=1")
RUNS = 280_000  # ms: the baseline's seeds and one run on the sample, on a busy machine


def test_from_the_first_start_to_the_first_verdict(server, page: Page):
    page.goto(server.url)
    page.get_by_role("button", name="Start a study on the sample").click()
    expect(page).to_have_url(OPENED, timeout=90_000)
    opened = server.open()
    (study,) = opened.store.studies.all()
    assert opened.store.datasets.get(study.dataset_id).name == "sample"
    page.get_by_role("button", name="Approve").click(timeout=RUNS)
    server.wait_until(lambda: opened.store.trials.by_number(study.id, 2).state is TrialState.APPROVED)
    page.goto(f"{server.url}/study?study={study.id}&trial=2")
    expect(page.get_by_text("Reflection", exact=True)).to_be_visible(timeout=RUNS)
    judged = opened.store.trials.by_number(study.id, 2)
    assert judged.verdict is not None and judged.value is not None
    opened.close()


def test_the_study_is_found_again_in_the_overview(server, page: Page):
    page.goto(server.url)
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    expect(page.get_by_text("Worker running")).to_be_visible(timeout=60_000)
    table.click(position={"x": 40, "y": 48})  # the name in the first row, drawn on a canvas
    expect(page).to_have_url(OPENED, timeout=60_000)
