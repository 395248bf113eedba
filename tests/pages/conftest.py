"""A temporary home for page tests, with rows written through the real store, and pages run by AppTest."""

import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test

from core.records import Study
from core.settings import Settings
from core.worker.lock import WorkerLock
from core.workspace import Workspace
from tests.pages.scripted import ScriptedHome

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _once_for_all_pages() -> Iterator[None]:
    """What a server does once and AppTest does at every run: compile the scripts, and search what is installed for
    components. Together they take longer than a page."""
    scripts, components = ScriptCache(), cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_test, "ScriptCache", lambda: scripts)
        patch.setattr(manifest_scanner, "scan_component_manifests", components)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace on a temporary home that the pages open too; `VIRTUALMLE_HOME` names it while the test runs."""
    folder = tmp_path / "home"
    monkeypatch.setenv("VIRTUALMLE_HOME", str(folder))
    for name in ("DATABASE_URL", "CHROMA_URL"):
        monkeypatch.delenv(f"VIRTUALMLE_{name}", raising=False)
    st.cache_resource.clear()  # it leaks from test to test
    opened = Workspace.open(Settings.from_environment(), holder="test-1")
    yield opened
    opened.close()
    st.cache_resource.clear()


@pytest.fixture
def open_page(home: Workspace) -> Callable[..., AppTest]:
    """Run a page ("study", or "app" for the Overview), reached from the Overview as its links do."""

    def run(name: str, query: dict[str, Any] | None = None, **state: Any) -> AppTest:
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if name != "app":
            page = page.switch_page(f"pages/{name}.py")
        for key, value in (query or {}).items():
            page.query_params[key] = str(value)
        for key, value in state.items():
            page.session_state[key] = value
        return page.run()

    return run


@pytest.fixture
def no_second_worker(home: Workspace) -> Iterator[None]:
    """A worker seems to hold the home, so that an act on the page starts no real one."""
    lock = WorkerLock(home.settings.home)
    lock.acquire()
    lock.say_up()
    yield
    lock.release()


@pytest.fixture
def worker_beats(home: Workspace) -> Callable[[str], None]:
    """Let a worker of this process give a sign of life, doing what is said."""

    def beat(doing: str = "waiting for work") -> None:
        home.store.leases.beat(f"test-{time.time_ns()}", os.getpid(), socket.gethostname(), doing)

    return beat


@pytest.fixture(scope="session")
def _tales() -> dict[str, tuple[Path, int]]:
    return {}


@pytest.fixture
def retold(
    home: Workspace, _tales: dict[str, tuple[Path, int]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Callable[[], Study]], Study]:
    """A study that several tests begin with, by a name: lived through once, then copied into the home of each."""

    def retell(name: str, live: Callable[[], Study]) -> Study:
        if name not in _tales:
            study = live()
            kept = tmp_path_factory.mktemp("tale")
            home.store.database.copy_to(kept / "database")
            for folder in (home.settings.datasets, home.settings.artifacts):
                shutil.copytree(folder, kept / folder.name)
            _tales[name] = (kept, study.id)
            return study
        kept, study_id = _tales[name]
        for folder in (home.settings.datasets, home.settings.artifacts):
            shutil.copytree(kept / folder.name, folder, dirs_exist_ok=True)
        raw: Any = home.store.database.engine.raw_connection()
        with closing(sqlite3.connect(kept / "database")) as source:
            source.backup(raw.driver_connection)
        raw.close()
        return home.store.studies.get(study_id)

    return retell


@pytest.fixture
def story(home: Workspace) -> ScriptedHome:
    """A home with a dataset whose runs are scripted."""
    scripted = ScriptedHome(home)
    scripted.dataset()
    return scripted
