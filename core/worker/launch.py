"""Starting, seeing and stopping the worker from elsewhere: the dashboard, the command line."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from core.clock import Clock
from core.errors import StorageFailed, WorkerRunning
from core.records import WorkerStatus
from core.settings import Settings
from core.store import Store
from core.worker.lock import holder_card, is_held, start_lock
from core.worker.processes import ROOT

LOG = "worker.log"
ALIVE_SECONDS = 30.0  # it reports every three; a machine under load may be late
START_SECONDS = 60.0
COMMAND = ("-m", "core.worker")


def ensure_worker(settings: Settings, command: Sequence[str] = COMMAND) -> bool:
    """Start a worker of its own session unless one lives; whether one was started. Of two callers one starts it.

    Raises StorageFailed when the home cannot be written or the worker died at once, with the end of its log.
    """
    with start_lock(settings.home):
        if is_held(settings.home) and not _leaves(settings.home):
            return False
        log = settings.home / LOG
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=settings.environment(),
                start_new_session=True,
            )
        _wait_until_up(process, settings.home, log)
    return True


def revive_worker(settings: Settings, command: Sequence[str] = COMMAND) -> bool:
    """Start a worker where the last one died without leaving: killed, or out of memory. One that was stopped, or left
    because there was nothing to do, stays away. Raises StorageFailed."""
    card = holder_card(settings.home)
    if not card or card.get("is_leaving") or is_held(settings.home):
        return False
    return ensure_worker(settings, command)


def worker_status(store: Store, clock: Clock) -> WorkerStatus | None:
    """The worker that gave a sign of life lately; None when no worker works."""
    now = clock.now()
    alive = (worker for worker in store.leases.workers() if abs(now - worker.beat_at) <= ALIVE_SECONDS)
    return next(alive, None)


def stop_worker(settings: Settings, timeout: float = 30.0) -> bool:
    """Ask the worker of this home to end; its runs go back to the queue. False when none lived.

    Raises WorkerRunning when it is still there after `timeout` seconds.
    """
    if not is_held(settings.home):
        return False
    card = holder_card(settings.home)
    pid, host = int(card.get("pid") or 0), card.get("host")
    if host and host != socket.gethostname():
        raise WorkerRunning(f"the worker of {settings.home} runs on {host} (process {pid}); stop it there")
    if pid and not card.get("is_leaving"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + timeout
    while is_held(settings.home):
        if time.monotonic() > until:
            raise WorkerRunning(
                f"the worker (process {pid}) did not end within {timeout:.0f} s; `kill -9 {pid}` is safe"
            )
        time.sleep(0.05)
    return True


def _leaves(home: Path) -> bool:
    """Whether the holder was leaving, and has left by now."""
    until = time.monotonic() + START_SECONDS
    while holder_card(home).get("is_leaving") and time.monotonic() < until:
        if not is_held(home):
            return True
        time.sleep(0.05)
    return not is_held(home)


def _wait_until_up(process: "subprocess.Popen[bytes]", home: Path, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not ((card := holder_card(home)).get("is_up") and card["pid"] == process.pid):
        if process.poll() is not None:
            end = log.read_text(encoding="utf-8", errors="replace")[-1500:]
            raise StorageFailed(
                f"the worker ended at once (exit code {process.returncode}); its log {log} says:\n{end}"
            )
        if time.monotonic() > until:
            raise StorageFailed(f"the worker did not come up within {START_SECONDS:.0f} s; see its log {log}")
        time.sleep(0.02)
