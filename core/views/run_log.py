"""The log of a run: its end for the screen, all of it for a download."""

from pathlib import Path

from core.artifacts import LOG, Artifacts
from core.errors import StorageFailed
from core.records import Run, Trial

TAIL_BYTES = 6_000
MOST_BYTES = 20_000_000


def log_tail(artifacts: Artifacts, trial: Trial, run: Run) -> str:
    """Its last lines; empty before it wrote any. Raises StorageFailed."""
    text = _end_of(artifacts.run(trial, run.seed) / LOG, TAIL_BYTES)
    _, newline, rest = text.partition("\n")
    return rest if newline and len(text.encode()) >= TAIL_BYTES else text


def whole_log(artifacts: Artifacts, trial: Trial, run: Run) -> str:
    """All of it, or its last 20 MB. Raises StorageFailed."""
    return _end_of(artifacts.run(trial, run.seed) / LOG, MOST_BYTES)


def _end_of(path: Path, most: int) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(0, 2)
            file.seek(max(file.tell() - most, 0))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as problem:
        raise StorageFailed(f"{path} cannot be read ({problem.strerror}); look at the disk") from problem
