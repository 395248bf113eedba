"""The dashboard's process: Streamlit on loopback, its process id in the home so that `make stop` finds it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from core.errors import VirtualMLEError
from core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PID_FILE = "dashboard.pid"


class DashboardFailed(VirtualMLEError):
    """The dashboard could not be started or stopped."""


def start_dashboard(settings: Settings, open_browser: bool = True) -> int:
    """Run Streamlit in the foreground until it ends; its exit code. Raises DashboardFailed when one runs already."""
    pid_file = settings.home / PID_FILE
    if (running := _running(pid_file)) is not None:
        raise DashboardFailed(f"a dashboard runs already (process {running}); stop it first: make stop")
    settings.home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")),
            *("--server.address", settings.host, "--server.port", str(settings.port)),
            *("--server.headless", "false" if open_browser and sys.stdout.isatty() else "true"),
        ],
        cwd=ROOT,
        env=settings.environment(),
    )
    pid_file.write_text(str(process.pid))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
    finally:
        pid_file.unlink(missing_ok=True)


def stop_dashboard(settings: Settings, timeout: float = 10.0) -> bool:
    """End the dashboard of this home; False when none runs. Raises DashboardFailed when it will not end."""
    pid_file = settings.home / PID_FILE
    pid = _running(pid_file)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while _running(pid_file) is not None:
        if time.monotonic() > deadline:
            raise DashboardFailed(f"the dashboard (process {pid}) did not end in {timeout:.0f} s; end it by hand")
        time.sleep(0.1)
    return True


def _running(pid_file: Path) -> int | None:
    """The process id in the file, if that process is a dashboard and lives."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"streamlit" not in command:  # the id went to another program since
            return None
    return pid
