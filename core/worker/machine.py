"""What the worker really works with, told with its signs of life in a file of the home: device, memory, disk."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "machine.json"
LOW_DISK = 2 << 30  # bytes; a study of large weights may need as much at once
MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True)
class Machine:
    """`device` is that of the run that started last, empty before one did; free bytes, None where unknown."""

    device: str
    memory_free: int | None
    disk_free: int

    @property
    def is_low_on_disk(self) -> bool:
        """Whether a run may soon find no room."""
        return self.disk_free < LOW_DISK


def tell_machine(home: Path, device: str) -> Machine:
    """Measure and write it; a reader never sees half a file. Raises OSError."""
    machine = Machine(device, _memory_free(), shutil.disk_usage(home).free)
    sibling = home / f".{FILE}.{os.getpid()}"
    sibling.write_text(json.dumps(asdict(machine)), encoding="utf-8")
    os.replace(sibling, home / FILE)
    return machine


def told_machine(home: Path) -> Machine | None:
    """What the last worker told; None before one did."""
    try:
        found: Mapping[str, Any] = json.loads((home / FILE).read_text(encoding="utf-8"))
        return Machine(str(found["device"]), found["memory_free"], int(found["disk_free"]))
    except (OSError, ValueError, KeyError):
        return None


def _memory_free() -> int | None:
    """Of the machine, what a new process may take; known on Linux alone."""
    try:
        lines = MEMORY.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), None)
