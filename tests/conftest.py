"""Fixtures every test may use. Real interaction files come from VIRTUALMLE_TEST_DATA; without it tests skip by name."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("VIRTUALMLE_STARTING_MEMORY", "off")  # tests count lessons; those about it turn it on


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
