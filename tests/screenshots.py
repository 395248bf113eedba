"""Pictures of every page for the documentation: `python -m tests.screenshots [FOLDER]`, default docs/screenshots.

A real dashboard and worker on a fresh home: studies of small models on the embedded sample and on a generated dataset
like it, trained while this runs (some ten minutes on two cores), seen light and dark, at 1440 and 390 pixels.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from core.dashboard import free_port
from core.intake import Intake
from core.models.reference_lines import count_lines
from core.records import Study
from core.space import SearchSpace
from core.studies.starting import StudyPlan, start_study
from core.worker.processes import run_once
from core.workspace import Workspace
from tests.browser.conftest import PATIENCE, Server, launch

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1440: 900, 390: 844}
LONGEST = 2_600  # px of a picture of the phone, which shows the whole page
SETTLES_SECONDS = 20.0
UNSETTLED = "[data-testid=stSkeleton], [data-stale=true], .plot:not(:has(svg))"
SMALL = {"hidden_dim": 32, "num_blocks": 1, "priors": "none"}
ACTOR = "Ada"
VIEWS = ("All trials", "Lineage", "Timeline", "What it knew")


def main() -> int:
    """Write the pictures; how many."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        server = Server(Path(temporary) / "home", free_port("127.0.0.1", 8700))
        server.start()
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright)
                count = picture(browser, f"{server.url}/", "overview-empty", folder)
                home = server.open()
                count += sum(take(browser, server, home, folder))
                home.close()
                browser.close()
        finally:
            server.stop()
    sys.stdout.write(f"{count} pictures in {folder}\n")
    return 0


def take(browser: Browser, server: Server, home: Workspace, folder: Path) -> list[int]:
    """Live through a first study and the beginning of two others, with a picture of each page on the way."""

    def seen(name: str, path: str) -> int:
        return picture(browser, server.url + path, name, folder)

    [sample] = home.store.datasets.all()
    films = Intake(home.store, server.settings).take_regime("sample", "films", 11, ACTOR, 6_000)
    first = start(home, sample.id, "first-look", trials=10, autonomy="autopilot", extra_seeds=False)
    until(lambda: home.store.studies.get(first.id).has_ended)
    control = start(home, sample.id, "control", trials=6, autonomy="autopilot", agent="tpe", extra_seeds=False)
    until(lambda: home.store.studies.get(control.id).has_ended)
    for dataset in (sample, films):
        count_lines(partial(run_once, settings=server.settings), server.settings, dataset, first.masking)
    second = start(home, films.id, "films", trials=8, autonomy="each")
    until(lambda: any(run.epoch >= 3 for run in home.store.runs.of_study(second.id)))
    counts = [seen("study-running", f"/study?study={second.id}&trial=1"), seen("new_study", "/new_study")]
    until(lambda: home.store.studies.get(second.id).incumbent_id is not None)
    approve_next(home, second)
    until(lambda: home.store.trials.by_number(second.id, 2).judged_at is not None)
    until(lambda: bool(home.store.trials.waiting(second.id)))
    for trial in home.store.trials.waiting(second.id):  # planned while trial 2 ran: again, with what it showed
        home.deciding.replan(trial, ACTOR, "dashboard")
    until(lambda: bool(home.store.trials.waiting(second.id)))
    waiting = home.store.trials.waiting(second.id)[0].number
    best = next(
        t for t in home.store.trials.of_study(first.id) if t.id == home.store.studies.get(first.id).incumbent_id
    )
    counts += [
        seen("study-waiting", f"/study?study={second.id}&trial={waiting}"),
        seen("study-verdict", f"/study?study={first.id}&trial={best.number}"),
        *(
            seen(f"study-{view.split()[-1].lower()}", f"/study?study={first.id}&trial={best.number}&view={quote(view)}")
            for view in VIEWS
        ),
        seen("overview", "/"),
        seen("inbox", "/inbox"),
        seen("compare", f"/compare?study={first.id}"),
        seen("insight", f"/insight?study={first.id}"),
        seen("memory", "/memory"),
        seen("transfer", f"/transfer?study={second.id}"),
        seen("datasets", f"/datasets?dataset={films.id}"),
        seen("import", "/datasets?tab=Import+a+file"),
        seen("models", f"/models?study={first.id}"),
        seen("settings", "/settings"),
    ]
    return counts


def start(home: Workspace, dataset: str, name: str, **plan: Any) -> Study:
    """A study of small models."""
    space = SearchSpace.of("sasrec")
    for field, value in SMALL.items():
        space = space.fix(field, value)
    values: Mapping[str, Any] = {"dataset": dataset, "name": name, "epochs": 12, "space": space, **plan}
    return start_study(home.store, StudyPlan(**values), ACTOR)


def approve_next(home: Workspace, study: Study) -> None:
    """Let the proposal that waits run, as a click on Approve does."""
    until(lambda: bool(home.store.trials.waiting(study.id)))
    home.deciding.approve(home.store.trials.waiting(study.id)[0], ACTOR, "dashboard")


def until(holds: Callable[[], bool], seconds: float = 1_800.0) -> None:
    """Wait for something to come about; fails when it does not."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.5)


def picture(browser: Browser, url: str, name: str, folder: Path) -> int:
    """Light and dark at both widths; how many were written."""
    for theme in ("light", "dark"):
        for width, height in SIZES.items():
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, color_scheme=theme, timezone_id="Europe/Berlin")  # type: ignore[arg-type]
            context.set_default_timeout(PATIENCE * 2)
            shown = context.new_page()
            shown.goto(url)
            settle(shown)
            if width == 390:
                tall = shown.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
                shown.set_viewport_size({"width": width, "height": min(int(tall), LONGEST)})
                shown.wait_for_timeout(1000)
            shown.screenshot(path=folder / f"{name}-{theme}-{width}.png")
            context.close()
    return 2 * len(SIZES)


def settle(page: Page) -> None:
    """Wait until the script has run and its charts are drawn; no longer than a live part may go on redrawing."""
    page.get_by_test_id("stHeading").first.wait_for()
    page.wait_for_load_state("networkidle")  # parts of Streamlit's page are fetched when first drawn
    until = time.monotonic() + SETTLES_SECONDS
    for _ in range(2):  # a chart may come into the page after the rest has settled
        while page.locator(UNSETTLED).count() and time.monotonic() < until:
            page.wait_for_timeout(200)
        page.wait_for_timeout(1500)


if __name__ == "__main__":
    sys.exit(main())
