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
