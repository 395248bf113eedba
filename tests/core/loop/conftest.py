"""Fixtures of the loop's tests."""

from pathlib import Path

import pytest

from tests.core.loop.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home with one dataset, on a surface where more dropout helps."""
    world = World(tmp_path)
    world.dataset()
    return world
