"""Starting and stopping the dashboard's process."""

import socket
from pathlib import Path

import pytest

from core.dashboard import PID_FILE, PORTS, DashboardFailed, free_port, stop_dashboard
from core.settings import Settings


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)


def test_a_taken_port_gives_the_next_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port("127.0.0.1", port) <= port + PORTS


def test_a_free_port_is_taken_as_wished():
    port = a_free_port()
    assert free_port("127.0.0.1", port) == port


def test_a_host_that_is_not_ours_is_named_with_the_way_out():
    with pytest.raises(DashboardFailed, match="VIRTUALMLE"):
        free_port("192.0.2.1", 8501)


def test_stopping_what_does_not_run_is_no_failure(tmp_path: Path):
    settings = Settings(home=tmp_path, database_url="sqlite://")
    assert stop_dashboard(settings) is False
    (tmp_path / PID_FILE).write_text("1")  # the id went to another program since
    assert stop_dashboard(settings) is False
    assert (tmp_path / PID_FILE).exists()
