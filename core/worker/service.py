"""The worker as a process: builds it, ticks until told to stop or idle for long, leaves in order."""

import logging
import os
import signal
import socket
import threading
import time
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from core.clock import Clock
from core.errors import StorageFailed, VirtualMLEError
from core.settings import Settings
from core.store import Store
from core.worker.background import OneThread
from core.worker.lock import WorkerLock, start_lock
from core.worker.processes import TRAINER, Pool
from core.worker.protocols import Indexer, Loop, Reveals
from core.worker.worker import Worker

log = logging.getLogger("core.worker")
TICK_SECONDS, BUSY_SECONDS, IDLE_LOOK_SECONDS = 0.2, 0.02, 5.0
LARGEST_LOG = 5 * 2**20


class Parts(Protocol):
    """What a workspace gives to the worker."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def loop(self) -> Loop: ...
    @property
    def indexer(self) -> Indexer: ...
    @property
    def reveals(self) -> Reveals: ...


@dataclass(frozen=True)
class Options:
    """How the process behaves; `idle_seconds` None: it stays for ever."""

    idle_seconds: float | None = 1800.0
    foreground: bool = False
    trainer: str = TRAINER


class Service:
    """A worker, its lock and its end."""

    def __init__(self, parts: Parts, name: str, lock: WorkerLock, options: Options) -> None:
        settings = parts.settings
        self._lock, self._options, self._store = lock, options, parts.store
        self._stop = threading.Event()
        self._busy_at, self._look_at = time.monotonic(), 0.0
        self._events = EventLines(parts.store) if options.foreground else None
        self.worker = Worker(
            parts.store,
            Pool(settings, options.trainer),
            parts.clock,
            settings,
            name,
            parts.loop,
            parts.indexer,
            parts.reveals,
            siblings=worker_prefix(settings.home),
            planning=OneThread("planning"),
            revealing=OneThread("reveals"),
        )

    def run(self) -> None:
        """Tick until a signal or a long idle time; then give the runs back and sign off."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._on_signal)
        self._lock.say_up()
        log.info("worker %s works on %s", self.worker.name, self._lock.home)
        while not self._stop.is_set():
            happened = self.worker.tick()
            if self._events is not None:
                self._events.tell()
            if self._is_idle_for_long() and self._leave_if_idle():
                return
            self._stop.wait(BUSY_SECONDS if happened else TICK_SECONDS)
        self._lock.say_leaving()
        self._leave("was told to stop")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _is_idle_for_long(self) -> bool:
        now = time.monotonic()
        if self._options.idle_seconds is None or now < self._look_at:
            return False
        self._look_at = now + min(IDLE_LOOK_SECONDS, self._options.idle_seconds / 4)
        if not self._is_idle():
            self._busy_at = now
        return now - self._busy_at > self._options.idle_seconds

    def _is_idle(self) -> bool:
        try:
            return self.worker.is_idle
        except StorageFailed:
            return False

    def _leave_if_idle(self) -> bool:
        """Under the start lock: whoever brings work now waits for our end and then starts the next worker."""
        with start_lock(self._lock.home):
            if not self._is_idle():
                return False
            self._leave("had nothing to do for a while")
            return True

    def _leave(self, why: str) -> None:
        log.info("worker %s %s and leaves", self.worker.name, why)
        self.worker.leave()
        self._lock.release()


class EventLines:
    """Every new event as a line of the log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        newest = store.events.newest(1)
        self._last = newest[0].id if newest else 0

    def tell(self) -> None:
        """Log what is new."""
        try:
            events = self._store.events.after(self._last)
        except StorageFailed:
            return  # the tick has told of it
        for event in events:
            about = {"study": event.study_id, "trial": event.trial_id, "run": event.run_id, "lesson": event.lesson_id}
            where = " ".join(f"{name} {id}" for name, id in about.items() if id is not None)
            log.info("%s · %s · %s %s", event.kind, where, event.actor, dict(event.detail) or "")
            self._last = event.id


def worker_prefix(home: Path) -> str:
    """What the names of all workers of this host and home begin with."""
    return f"{socket.gethostname()}-{zlib.crc32(str(home).encode()):08x}-"


def set_up_logging(log_path: Path, foreground: bool) -> None:
    """To the log file, and in the foreground to the terminal too. A long file is put aside first."""
    if log_path.exists() and log_path.stat().st_size > LARGEST_LOG:
        os.replace(log_path, log_path.with_suffix(".log.1"))
    handlers: list[logging.Handler] = [logging.FileHandler(log_path, encoding="utf-8")]
    if foreground:
        handlers.append(logging.StreamHandler())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers)
    for noisy in ("alembic", "chromadb", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def worker_name(home: Path) -> str:
    """A name no other worker ever had; what is held under the name of a dead one can be freed at once."""
    return f"{worker_prefix(home)}{os.getpid()}-{uuid.uuid4().hex[:4]}"


def serve(settings: Settings, open_parts: Callable[[Settings, str], Parts], options: Options) -> int:
    """Take the lock, open the workspace, work; the exit code. `open_parts` is given the worker's name, under which
    the loop and the indexer hold their leases. Raises WorkerRunning, StorageFailed, NewerSchema."""
    lock = WorkerLock(settings.home)
    lock.acquire()
    set_up_logging(settings.home / "worker.log", options.foreground)
    try:
        name = worker_name(settings.home)
        Service(open_parts(settings, name), name, lock, options).run()
    except VirtualMLEError as problem:
        log.error("the worker cannot work: %s", problem)
        raise
    except Exception:
        log.exception("the worker ended")
        raise
    finally:
        lock.release()
    return 0
