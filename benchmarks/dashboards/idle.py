"""What an open page costs while nobody touches it."""

import os
import time
from pathlib import Path

SECONDS = 8.0  # four looks of a page
TICKS = os.sysconf("SC_CLK_TCK")


def cores(pid: int) -> float:
    """Processor seconds a second of a process. Raises OSError where there is no /proc."""
    before, began = _seconds(pid), time.perf_counter()
    time.sleep(SECONDS)
    return (_seconds(pid) - before) / (time.perf_counter() - began)


def _seconds(pid: int) -> float:
    """User and system time: fields 14 and 15 of proc_pid_stat(5), counted behind the name."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
