"""The worker as a page shows it: whether one lives, what it does, what waits for it."""

import os
import socket
from dataclasses import dataclass

from core.clock import Clock
from core.records import WorkerStatus
from core.states import RunState
from core.store import Store
from core.worker.launch import worker_status


@dataclass(frozen=True)
class WorkerLine:
    """`doing` in words; `queued` runs wait for a worker; `beat_seconds` since its last sign of life."""

    is_alive: bool
    doing: str
    queued: int
    beat_seconds: float | None = None


def worker_line(store: Store, clock: Clock) -> WorkerLine:
    """Whether a worker works now; one of this machine whose process is gone is dead at once."""
    queued = sum(run.state is RunState.QUEUED for run in store.runs.unfinished())
    found = worker_status(store, clock)
    if found is None or not process_lives(found):
        return WorkerLine(False, "not running", queued)
    return WorkerLine(True, found.doing, queued, max(clock.now() - found.beat_at, 0.0))


def process_lives(worker: WorkerStatus) -> bool:
    """Whether the worker's process is there; True for one on another machine, which only its beats tell of."""
    if worker.host != socket.gethostname():
        return True
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
