"""Fixtures of the worker's tests."""

from pathlib import Path

import pytest

from tests.core.worker.house import FakeClock, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, FakeClock())
