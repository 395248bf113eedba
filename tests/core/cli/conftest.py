"""Fixtures of the command line's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.home import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Home]:
    """A home with one dataset; verbs run in this process find it."""
    monkeypatch.setenv("VIRTUALMLE_HOME", str(tmp_path))
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    made = Home(tmp_path, capsys)
    yield made
    made.lock.release()
    made.store.close()


@pytest.fixture(scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = Home(tmp_path_factory.mktemp("told"), None)
    made.finish(made.start(trials=3))
    yield made
    made.lock.release()
    made.store.close()


@pytest.fixture
def told(_told: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    """A home with a finished study of three trials; for reading only."""
    monkeypatch.setenv("VIRTUALMLE_HOME", str(_told.home))
    monkeypatch.delenv("VIRTUALMLE_DATABASE_URL", raising=False)
    _told.capture = capsys
    return _told
