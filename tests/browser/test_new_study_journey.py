"""From a file to a running study in a real browser."""

from pathlib import Path

from playwright.sync_api import Page

from core.data.synthetic import generate, write_tsv

SLOW = 60_000  # ms: what a start takes on a busy machine of two cores


def test_a_file_is_uploaded_previewed_imported_and_a_study_started_on_it(server, page: Page, tmp_path: Path):
    source = tmp_path / "shop.tsv"
    write_tsv(generate("sample", 1, users=1000), source)
    page.set_default_timeout(SLOW)
    page.goto(f"{server.url}/new_study")
    start = page.get_by_role("button", name="Start the study")
    start.wait_for()
    page.get_by_text("no warning from the checks").wait_for()
    box = start.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 900, "the start is below the fold"
    page.get_by_role("tab", name="Import a file").click()
    page.locator("input[type=file]").first.set_input_files(str(source))
    page.get_by_text("user from 'user', item from 'item'").wait_for()
    page.get_by_test_id("stBaseButton-primary").filter(has_text="Import").click()
    page.get_by_text("The dataset is here").wait_for()
    page.get_by_role("spinbutton", name="Epochs at most").fill("2")
    page.get_by_role("spinbutton", name="Epochs at most").press("Enter")
    page.get_by_role("button", name="Start the study").click()
    page.wait_for_url("**/study?study=*")
    workspace = server.open()
    study = workspace.store.studies.get("shop-sasrec")
    assert (study.max_epochs, study.autonomy) == (2, "each")
    assert not list((server.home / "uploads").glob("*/*")), "the upload should be gone after the import"
    workspace.close()
