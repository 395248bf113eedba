"""One worker per home: a file lock that the kernel releases when its holder dies, however it dies."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import StorageFailed, WorkerRunning

LOCK, START_LOCK, CARD = "worker.lock", "worker.start.lock", "worker.json"
_PATIENCE = 1.0  # somebody who asks whether a worker runs holds the lock for a moment
_PROBE_SECONDS = 0.1  # longer than another's probe takes


class WorkerLock:
    """`HOME/worker.lock`, with who holds it in `worker.json` beside it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = FileLock(home / LOCK)

    def acquire(self) -> None:
        """Become the worker of this home. Raises WorkerRunning, StorageFailed."""
        with _disk(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=_PATIENCE)
            except Timeout as problem:
                raise WorkerRunning(_refusal(self.home)) from problem
            self._write({"pid": os.getpid(), "host": socket.gethostname(), "started_at": time.time()})

    def say_up(self) -> None:
        """Tell whoever started this worker that it works."""
        with _disk(self.home):
            self._write({**holder_card(self.home), "is_up": True})

    def say_leaving(self) -> None:
        """Tell those who would start a worker to wait for this one's end rather than rely on it."""
        with contextlib.suppress(OSError):
            self._write({**holder_card(self.home), "is_leaving": True})

    def release(self) -> None:
        """Let the next worker in; again is harmless."""
        if self._lock.is_locked:
            self.say_leaving()  # before: whoever finds the lock still held then knows that it will be free
            self._lock.release()

    def _write(self, card: Mapping[str, Any]) -> None:
        sibling = self.home / f".{CARD}"
        sibling.write_text(json.dumps(card), encoding="utf-8")
        os.replace(sibling, self.home / CARD)


def is_held(home: Path) -> bool:
    """Whether a worker lives on this home. Raises StorageFailed."""
    with _disk(home):
        home.mkdir(parents=True, exist_ok=True)
        probe = FileLock(home / LOCK)
        try:
            probe.acquire(timeout=_PROBE_SECONDS, poll_interval=0.01)
        except Timeout:
            return True
        probe.release()
        return False


@contextlib.contextmanager
def start_lock(home: Path, timeout: float = 60.0) -> Iterator[None]:
    """Held by whoever starts a worker, and by a worker that leaves because it was idle. Raises StorageFailed."""
    with _disk(home):
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / START_LOCK)
        try:
            lock.acquire(timeout=timeout)
        except Timeout as problem:
            raise StorageFailed(
                f"somebody has been starting a worker on {home} for {timeout:.0f} s; see its log"
            ) from (problem)
    try:
        yield
    finally:
        lock.release()


def holder_card(home: Path) -> dict[str, Any]:
    """What the holder wrote about itself: pid, host, started_at, is_up, is_leaving; empty when unreadable."""
    try:
        card = json.loads((home / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _refusal(home: Path) -> str:
    card = holder_card(home)
    if not card:
        return f"a worker runs on {home} already; stop it with `make stop`, or choose another VIRTUALMLE_HOME"
    since = datetime.fromtimestamp(card.get("started_at", 0.0), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"a worker runs on {home} already: process {card.get('pid')} on {card.get('host')}, since {since}; stop it "
        f"with `kill {card.get('pid')}` (its runs go back to the queue), or choose another VIRTUALMLE_HOME"
    )


@contextlib.contextmanager
def _disk(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        cause = problem.strerror or problem
        raise StorageFailed(f"{home} cannot be written ({cause}); free space or choose another VIRTUALMLE_HOME") from (
            problem
        )
