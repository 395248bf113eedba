"""A real dashboard on a free port, and a real Chromium that looks at it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect, sync_playwright

from core.dashboard import free_port
from core.settings import Settings
from core.worker.launch import stop_worker
from core.worker.lock import WorkerLock
from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

ROOT = Path(__file__).resolve().parents[2]
# The first draws no window around a page, which takes a fifth of all work.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WIDE, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)  # px
# A click would miss what still moves.
AT_ONCE = """const animate = Element.prototype.animate;
Element.prototype.animate = function (frames) { return animate.call(this, frames, 0); };"""
START_SECONDS = 90.0
PATIENCE = 60_000  # ms a page may take on a busy machine of two cores


def rgb(colour: str) -> str:
    """`#121722` as a browser tells it."""
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@dataclass
class Server:
    """`python -m core dashboard` on a home of its own."""

    home: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where the Overview is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of any process that must see the same home."""
        own = {"HOME": str(self.home), "PORT": str(self.port), "DEVICE": "cpu"}
        return {**os.environ, **{f"VIRTUALMLE_{key}": value for key, value in own.items()}, "OMP_NUM_THREADS": "1"}

    @property
    def settings(self) -> Settings:
        """Its settings, for a workspace of the test's own."""
        return Settings.from_environment(self.environment)

    def open(self) -> Workspace:
        """The same home as the server's, read beside it; close it."""
        return Workspace.open(self.settings, holder="test-1", read_only=True)

    def start(self, *options: str) -> None:
        """Start it and wait until it answers; fails with its log when it does not."""
        log = self.home.parent / "dashboard.log"
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core", "dashboard", "--no-browser", *options],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < until, log.read_text(errors="replace")
            time.sleep(0.2)

    def stop(self) -> None:
        """End dashboard and worker, as `make stop` does."""
        if self.process is not None:
            stop = [sys.executable, "-m", "core", "dashboard", "--stop"]
            subprocess.run(stop, cwd=ROOT, env=self.environment, check=False, capture_output=True)
            self._end()

    def end(self) -> None:
        """The same by the signal of whoever manages services; nothing may answer afterwards."""
        if self.process is not None:
            self.process.terminate()
            self._end()
            assert not self._answers()

    def kill_worker(self) -> None:
        """`kill -9` for the worker."""
        from core.worker.lock import holder_card

        os.kill(int(holder_card(self.home)["pid"]), signal.SIGKILL)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """It answers nothing meanwhile."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def wait_until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Until something holds; fails when it does not, or the dashboard ended meanwhile."""
        until = time.monotonic() + seconds
        while not holds():
            assert self.process is not None and self.process.poll() is None and time.monotonic() < until
            time.sleep(0.1)

    def _end(self) -> None:
        assert self.process is not None
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        stop_worker(self.settings)
        self.process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard on a fresh home with the sample, one for each file of tests; with its worker, unless the file is
    marked `no_worker`."""
    with socket.socket() as probe:  # a port of the system's choice, so that two test runs do not meet
        probe.bind(("127.0.0.1", 0))
        wanted = min(int(probe.getsockname()[1]), 65_000)
    home = tmp_path_factory.mktemp("browser") / "home"
    started = Server(home, free_port("127.0.0.1", wanted))
    started.start(*(["--no-worker"] if request.node.get_closest_marker("no_worker") else []))
    yield started
    started.end()


@pytest.fixture(scope="module")
def no_worker_comes(server: Server) -> Iterator[None]:
    """A worker seems to hold the server's home, so that no act on a page starts a real one."""
    lock = WorkerLock(server.home)
    lock.acquire()
    lock.say_up()
    yield
    lock.release()


@pytest.fixture(scope="module")
def story(server: Server, no_worker_comes: None) -> Iterator[ScriptedHome]:
    """A scripted home beside the server's, for a file marked `no_worker`: a real one would train the scripted runs."""
    opened = server.open()
    scripted = ScriptedHome(opened)
    scripted.dataset("browsed")
    yield scripted
    opened.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the system's, else Playwright's own. Without one the tests fail; `make browser` installs it."""
    with sync_playwright() as playwright:
        launched = launch(playwright)
        yield launched
        launched.close()


def launch(playwright: Playwright) -> Browser:
    """Start the first Chromium found on this machine."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=found, args=list(QUIET))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser session at 1440 by 900, light, in Berlin; nothing in it slides."""
    look: dict[str, Any] = {"viewport": WIDE, "color_scheme": "light", "reduced_motion": "reduce"}
    context = browser.new_context(timezone_id="Europe/Berlin", **look)
    context.add_init_script(AT_ONCE)
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    yield context.new_page()
    context.close()
