"""Pictures of every page for the documentation: `python -m tests.screenshots [FOLDER]`, default docs/screenshots.

A scripted home (tests/pages/story.py) behind a real server, seen light and dark, at 1440 and 390 pixels.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from core.dashboard import free_port
from core.workspace import Workspace
from tests.browser.conftest import PATIENCE, launch
from tests.pages.story import HomeWorld, tell_studies

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1440: 900, 390: 844}
LONGEST = 2_600  # px of a picture of the phone, which shows the whole page
BEAT_SECONDS = 3.0
SETTLES_SECONDS = 20.0
UNSETTLED = "[data-testid=stSkeleton], [data-stale=true]"


def main() -> int:
    """Write the pictures; how many."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        world = tell_studies(Path(temporary) / "home")
        index(world)
        with server(world) as url, worker(world), sync_playwright() as playwright:
            browser = launch(playwright)
            count = sum(picture(browser, url + path, name, folder) for name, path in pages(world).items())
            browser.close()
        world.workspace.close()
    sys.stdout.write(f"{count} pictures in {folder}\n")
    return 0


def pages(world: HomeWorld) -> dict[str, str]:
    """Name of the picture to address of the page."""
    finished, waiting, running = world.store.studies.all()
    number = world.store.trials.waiting(waiting.id)[0].number
    lessons = world.store.lessons.all()
    shown = {
        "overview": "/",
        "new_study": "/new_study",
        "study-waiting": f"/study?study={waiting.id}&trial={number}",
        "study-verdict": f"/study?study={finished.id}&trial=4",
        "study-running": f"/study?study={running.id}",
        "memory": f"/memory?lesson={lessons[-1].id}" if lessons else "/memory",
        "transfer": f"/transfer?study={waiting.id}",
    }
    return {name: path for name, path in shown.items() if name == "overview" or _script(path).exists()}


def _script(path: str) -> Path:
    return ROOT / "pages" / f"{path[1:].split('?')[0]}.py"


def index(world: HomeWorld) -> None:
    """Write the story's lessons and profiles into the index that the server reads."""
    opened = Workspace.open(world.workspace.settings, holder="screenshots")
    opened.indexer.rebuild()
    opened.close()


@contextmanager
def worker(world: HomeWorld) -> Iterator[None]:
    """Signs of life of a worker that does nothing."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            world.beat("trial 1 · seed 1 · epoch 4")

    world.beat("trial 1 · seed 1 · epoch 4")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


@contextmanager
def server(world: HomeWorld) -> Iterator[str]:
    """Streamlit alone on the story's home, without a worker that would train; its address."""
    port = free_port("127.0.0.1", 8700)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, **world.workspace.settings.environment()}
    process = subprocess.Popen([*command, "--server.headless", "true"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            assert process.poll() is None, "Streamlit ended at once"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


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
    until = time.monotonic() + SETTLES_SECONDS
    while page.locator(UNSETTLED).count() and time.monotonic() < until:
        page.wait_for_timeout(200)
    page.wait_for_timeout(1500)


if __name__ == "__main__":
    sys.exit(main())
