"""How `make test` shares the suite out among its processes."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="all tests in one process: nothing is shared out")
def test_a_files_tests_stay_in_one_process(request: pytest.FixtureRequest):
    assert request.node.nodeid.endswith("@tests/test_processes.py"), "pytest-xdist has not taken in the groups"
