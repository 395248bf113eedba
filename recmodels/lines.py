"""Jobs and events as JSON lines: how the process of a run talks to the one that started it."""

import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from recmodels.errors import InvalidJob, RecModelsError
from recmodels.training.memory import is_out_of_memory

ORPHANED = 3  # exit code once the pipe of the parent is closed


class Stopped(Exception):
    """The parent sent {"command": "stop"}."""


class Lines:
    """The protocol's ends. Standard output is duplicated first, so that a stray print cannot break into it."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._stop = threading.Event()

    def emit(self, event: str, **fields: Any) -> None:
        """Writes one line; a reader that has gone ends the process."""
        line = json.dumps({"event": event, **fields}, allow_nan=False)
        try:
            with self._writing:
                self._out.write(line + "\n")
                self._out.flush()
        except BrokenPipeError:
            os._exit(ORPHANED)

    def receive_job(self) -> dict[str, Any]:
        """Waits for the one job, then listens for commands in a thread. Raises InvalidJob."""
        received = _lines_of(0)
        line = next(received, None)
        if line is None:
            os._exit(ORPHANED)
        threading.Thread(target=self._listen, args=(received,), daemon=True).start()
        try:
            job = json.loads(line)
        except ValueError as error:
            raise InvalidJob(f"the job is no JSON line: {error}") from error
        if not isinstance(job, dict):
            raise InvalidJob("the job is no JSON object")
        return job

    def check_stop(self) -> None:
        """Raises Stopped once the parent has asked for it."""
        if self._stop.is_set():
            raise Stopped

    def _listen(self, received: Iterator[bytes]) -> None:
        for line in received:
            with contextlib.suppress(ValueError, AttributeError):
                if json.loads(line).get("command") == "stop":
                    self._stop.set()
        os._exit(ORPHANED)


def _lines_of(descriptor: int) -> Iterator[bytes]:
    """Lines as they arrive, read without Python's buffered reader: its lock, held by a waiting daemon thread, would
    abort the interpreter when it exits."""
    pending = b""
    while chunk := os.read(descriptor, 65536):
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole


def redirect_output(log_path: Path | None) -> None:
    """Appends all that is printed from now on, by anyone in this process, to the log."""
    if log_path is None:
        return
    log_path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def log(message: str) -> None:
    """A line for the person who reads the run's log."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def field(job: Mapping[str, Any], name: str) -> Any:
    """A required field of a job. Raises InvalidJob."""
    if name not in job:
        raise InvalidJob(f"the job lacks {name!r}; it has {', '.join(job)}")
    return job[name]


def serve(work: Callable[[Lines, dict[str, Any]], None], last_epoch: Callable[[], int] = lambda: 0) -> int:
    """Takes one job and does it; the process's exit code. Failures become a `failed` event of one sentence, with the
    traceback in the log."""
    lines = Lines()
    lines.emit("ready")
    try:
        job = lines.receive_job()
        redirect_output(Path(job["log_path"]) if job.get("log_path") else None)
        work(lines, job)
    except Stopped:
        lines.emit("stopped", epoch=last_epoch())
    except BaseException as error:  # noqa: BLE001 - whatever ends a run is reported, then the process exits
        log(traceback.format_exc())
        lines.emit("failed", cause=" ".join(_cause(error).split()), epoch=last_epoch())
        return 1
    return 0


def _cause(error: BaseException) -> str:
    if isinstance(error, RecModelsError):
        return str(error)
    if is_out_of_memory(error):
        return f"not enough memory ({error}); lower batch_size, negatives or max_len, or run fewer at once"
    return f"{type(error).__name__}: {error}; the run's log has the traceback"
