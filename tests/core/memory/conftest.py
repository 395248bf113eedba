"""Fixtures of the memory's tests."""

from pathlib import Path

import pytest

from tests.core.loop.conftest import world
from tests.core.memory.house import Memory

__all__ = ["world"]


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A memory that holds nothing yet."""
    return Memory(tmp_path)
