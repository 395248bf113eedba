"""Fixtures every test may use. Real interaction files come from VIRTUALMLE_TEST_DATA; without it tests skip by name."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.made_once import schema_made_once

os.environ.setdefault("VIRTUALMLE_STARTING_MEMORY", "off")  # tests count lessons; those about it turn it on


@pytest.fixture(scope="session", autouse=True)
def _schema_made_once() -> Iterator[None]:
    with schema_made_once():
        yield


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Path of a real interaction file by its name; skips the test when VIRTUALMLE_TEST_DATA is not set."""

    def locate(name: str) -> Path:
        folder = os.environ.get("VIRTUALMLE_TEST_DATA")
        if not folder:
            pytest.skip(f"{name}: set VIRTUALMLE_TEST_DATA to the folder that holds it")
        path = Path(folder) / name
        assert path.exists(), f"VIRTUALMLE_TEST_DATA={folder} holds no {name}"
        return path

    return locate


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups after that
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With a process per core (`make test`), a file's tests stay in one process, for their module's fixtures; all that
    drive a browser and a worker stay in the same one, since two dashboards with a worker and a Chromium each are too
    much for two cores; what drives a browser may take twice as long as others before it counts as hung.
    """
    for item in items:
        if "browser" in item.path.parts:
            alone = "browser" if item.get_closest_marker("no_worker") else "browser and worker"
            item.add_marker(pytest.mark.xdist_group(alone))
            item.add_marker(pytest.mark.timeout(600))
        else:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
