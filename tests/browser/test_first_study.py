"""A fresh machine: the sample is there, and a study is one click away."""

import re

from playwright.sync_api import Page, expect

OPENED = re.compile(r"/study\?study=1")


def test_a_study_on_the_sample_is_one_click_away_and_found_again_in_the_overview(server, page: Page):
    page.goto(server.url)
    page.get_by_role("button", name="Start a study on the sample").click()
    expect(page).to_have_url(OPENED, timeout=90_000)
    opened = server.open()
    (study,) = opened.store.studies.all()
    assert opened.store.datasets.get(study.dataset_id).name == "sample"
    opened.close()
    page.goto(server.url)
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    expect(page.get_by_text("Worker running")).to_be_visible(timeout=60_000)
    table.click(position={"x": 40, "y": 48})  # the name in the first row, drawn on a canvas
    expect(page).to_have_url(OPENED, timeout=60_000)
