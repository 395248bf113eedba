"""Slow work beside the ticks: a language model that thinks must not hold up the runs."""

import threading
from collections.abc import Callable
from typing import Protocol


class Background(Protocol):
    """Does one piece of work at a time."""

    @property
    def is_busy(self) -> bool:
        """Whether the last piece of work still goes on."""
        ...

    def start(self, work: Callable[[], None]) -> None:
        """Begin; never called while busy."""
        ...


class Inline:
    """At once, in the caller's thread: for tests that step through time."""

    is_busy = False

    def start(self, work: Callable[[], None]) -> None:
        """Do it now."""
        work()


class OneThread:
    """In a daemon thread: the worker may leave without waiting, every write is a transaction of its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Callable[[], None]) -> None:
        """Start a thread for it."""
        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()
