"""Fixtures of the memory's tests."""

from tests.core.loop.conftest import world

__all__ = ["world"]
