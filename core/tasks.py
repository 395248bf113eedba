"""Slow work of the dashboard's process (an import, a short measurement) beside the pages that look at it."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import VirtualMLEError

Tell = Callable[[str, float], None]
Work = Callable[["Task"], Any]

log = logging.getLogger(__name__)
UNEXPECTED = "it ended unexpectedly; the dashboard's terminal shows why. Try it again"


class Task:
    """Work in a daemon thread. `stage` and `share` (of 1) say how far it is; then `result` or `error` is set.

    Closing the browser does not touch it; the end of the dashboard's process ends it.
    """

    def __init__(self, key: str, work: Work) -> None:
        self.key = key
        self.stage, self.share = "starting", 0.0
        self.result: Any = None
        self.error: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name=key, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether `result` or `error` is final."""
        return not self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for an end; the work looks at it between steps."""
        return self._stop.is_set()

    def tell(self, stage: str, share: float) -> None:
        """Called by the work: what it does now, and the share that is done."""
        self.stage, self.share = stage, min(max(share, 0.0), 1.0)

    def stop(self) -> None:
        """Ask for an end."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was over within `seconds`."""
        self._thread.join(seconds)
        return self.is_over

    def _run(self, work: Work) -> None:
        self.error = VirtualMLEError(UNEXPECTED)
        try:
            self.result = work(self)
            self.error = None
        except VirtualMLEError as problem:
            self.error = problem
        except Exception:
            log.exception("task %s", self.key)
            raise


class Tasks:
    """The tasks of one home by key; of equal keys one runs at a time."""

    def __init__(self) -> None:
        self._by_key: dict[str, Task] = {}
        self._lock = threading.Lock()

    def start(self, key: str, work: Work) -> Task:
        """The task that runs under this key, else a new one."""
        with self._lock:
            task = self._by_key.get(key)
            if task is None or task.is_over:
                task = self._by_key[key] = Task(key, work)
            return task

    def get(self, key: str) -> Task | None:
        """The newest task of this key, running or over."""
        return self._by_key.get(key)

    def running(self, prefix: str) -> list[Task]:
        """Those that run and whose key begins so."""
        return [task for key, task in list(self._by_key.items()) if key.startswith(prefix) and not task.is_over]

    def forget(self, key: str) -> None:
        """Drop what is over."""
        with self._lock:
            if key in self._by_key and self._by_key[key].is_over:
                del self._by_key[key]


_homes: dict[Path, Tasks] = {}  # threads belong to the process, so does the list of them
_opening = threading.Lock()


def tasks_of(home: Path) -> Tasks:
    """The tasks of this process on a home; every browser sees the same."""
    with _opening:
        return _homes.setdefault(home.resolve(), Tasks())
