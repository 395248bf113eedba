"""Time as an argument: seconds since the epoch, UTC."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the program reads the time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()
