"""The dashboard's process: Streamlit on loopback, its process id in the home so that `make stop` finds it."""

import contextlib
import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import StorageFailed, VirtualMLEError
from core.settings import Settings
from core.worker.launch import ensure_worker, revive_worker
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
PID_FILE = "dashboard.pid"
WATCH_SECONDS = 3.0
PORTS = 20  # tried one after the other when the wanted one is taken
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
Tell = Callable[[str], None]


class DashboardFailed(VirtualMLEError):
    """The dashboard could not be started or stopped."""


def start_dashboard(
    settings: Settings, open_browser: bool = True, with_worker: bool = True, tell: Tell = lambda text: None
) -> int:
    """Run Streamlit in the foreground until it ends; its exit code. A fresh home gets the sample, and a worker runs
    too unless that is not wanted.

    Raises DashboardFailed when one runs already or no port is free, and what opening the home raises.
    """
    pid_file = settings.home / PID_FILE
    if (running := _running(pid_file)) is not None:
        raise DashboardFailed(f"a dashboard runs already (process {running}); stop it first: make stop")
    port = free_port(settings.host, settings.port)
    if port != settings.port:
        tell(f"port {settings.port} is taken, so {port} it is; VIRTUALMLE_PORT chooses another")
    prepare_home(settings, tell)
    if with_worker:
        start_worker(settings, tell)
    process = subprocess.Popen(_command(settings, port, open_browser), cwd=ROOT, env=settings.environment())
    pid_file.write_text(str(process.pid))
    tell(f"the dashboard is at http://{_address(settings.host)}:{port}; Ctrl-C or `make stop` ends it")
    try:
        return _wait(process, settings, tell)
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
    finally:
        pid_file.unlink(missing_ok=True)


def _wait(process: "subprocess.Popen[bytes]", settings: Settings, tell: Tell) -> int:
    """Until the dashboard ends; a worker that dies meanwhile is started again, ever less often if it keeps dying."""
    pause = WATCH_SECONDS
    while True:
        try:
            return process.wait(timeout=pause)
        except subprocess.TimeoutExpired:
            pause = min(2 * pause, 60 * WATCH_SECONDS) if _revived(settings, tell) else WATCH_SECONDS


def _revived(settings: Settings, tell: Tell) -> bool:
    """Whether a worker had to be started again."""
    try:
        if revive_worker(settings):
            tell("the worker had died and was started again; its runs go on from their last epoch")
            return True
    except StorageFailed as problem:
        tell(f"the worker had died and did not start again: {problem}")
        return True
    return False


def prepare_home(settings: Settings, tell: Tell) -> None:
    """Import the embedded sample into a home without datasets."""
    workspace = Workspace.open(settings)
    try:
        if not workspace.store.datasets.all(archived=True):
            tell("importing the embedded sample (synthetic interactions)")
            workspace.intake.sample(_user())
    finally:
        workspace.close()


def start_worker(settings: Settings, tell: Tell) -> None:
    """See that a worker lives; tell what kept it from starting."""
    try:
        ensure_worker(settings)
    except StorageFailed as problem:  # the dashboard can show what is there, and its page starts a worker later
        tell(f"the worker did not start: {problem}")


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next one that is free. Raises DashboardFailed naming the ports tried."""
    last = min(wanted + PORTS, 65_535)
    for port in range(wanted, last + 1):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except socket.gaierror as problem:
                raise DashboardFailed(f"VIRTUALMLE_HOST={host!r} is no address of this machine") from problem
            except OSError:  # taken, or not ours to take
                continue
            return port
    raise DashboardFailed(f"no port from {wanted} to {last} is free on {host}; set VIRTUALMLE_PORT to one that is")


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


def _command(settings: Settings, port: int, open_browser: bool) -> list[str]:
    """Streamlit's command line; what does not depend on the home stands in .streamlit/config.toml."""
    shows = open_browser and sys.stdout.isatty()
    hosts = list(LOOPBACK)
    if settings.host not in hosts:
        hosts += [socket.gethostname(), *([] if settings.host in EVERYWHERE else [settings.host])]
    return [
        *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")),
        *("--server.address", settings.host, "--server.port", str(port)),
        *("--server.headless", "false" if shows else "true", "--server.showEmailPrompt", "false"),
        *("--browser.serverAddress", _address(settings.host)),
        *(part for host in hosts for part in ("--server.allowedHosts", host)),
    ]


def _address(host: str) -> str:
    return "localhost" if host in EVERYWHERE else host


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user database, as in some containers
        return "person"


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
