"""Training in processes of their own: a spare that has imported torch waits for the next job."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from core.settings import Settings
from core.worker.jobs import threads_per_run
from core.worker.protocols import Message

ROOT = Path(__file__).resolve().parents[2]
TRAINER = "recmodels.trainer"
_DEATH_SECONDS = 10.0


class TrainerProcess:
    """One process of a module that takes one job as a JSON line and answers in JSON lines.

    It ends by itself when this process does: its standard input closes.
    """

    def __init__(self, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C in a terminal reaches the worker alone, which then stops it in order
        )
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._log_path: str | None = None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def give(self, job: Mapping[str, Any]) -> None:
        """Send the one job; a process that is dead already shows as not alive."""
        self._log_path = job.get("log_path")
        self._send(job)

    def poll(self) -> list[Message]:
        """What arrived since the last call, oldest first; never blocks."""
        found: list[Message] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._messages.get_nowait())
        return found

    def wait(self, seconds: float) -> Message | None:
        """The next message; None when none came in time."""
        with contextlib.suppress(queue.Empty):
            return self._messages.get(timeout=seconds)
        return None

    def stop(self) -> None:
        """Ask for an end between two batches."""
        self._send({"command": "stop"})

    def kill(self) -> None:
        """End it now, and wait until it is gone."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: it dies when the disk answers
            self._process.wait(_DEATH_SECONDS)
        self._close()

    @property
    def is_alive(self) -> bool:
        """Whether a message may still come, or lies unread."""
        return self._process.poll() is None or self._reader.is_alive() or not self._messages.empty()

    @property
    def exit_code(self) -> int | None:
        """None while the process runs; negative for a signal."""
        return self._process.poll()

    def _send(self, line: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it ended: its exit code tells
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def _read(self, stdout: IO[bytes]) -> None:
        with stdout:
            for line in stdout:
                message = _decoded(line)
                if message is None:
                    self._log(line)
                else:
                    self._messages.put(message)

    def _log(self, line: bytes) -> None:
        if self._log_path is not None:
            with contextlib.suppress(OSError), open(self._log_path, "ab") as log:
                log.write(b"not understood: " + line)


class Pool:
    """Keeps one spare process that has imported torch; it takes one run and exits, the next spare follows it."""

    def __init__(self, settings: Settings, module: str = TRAINER) -> None:
        self._module = module
        self._environment = training_environment(settings, settings.concurrency)
        self._spare: TrainerProcess | None = TrainerProcess(module, self._environment)

    def start(self, job: Mapping[str, Any]) -> TrainerProcess:
        """Hand the job to the spare, ready or not, and spawn the next one."""
        session = self._spare
        if session is None or session.exit_code is not None:
            session = TrainerProcess(self._module, self._environment)
        self._spare = None
        session.give(job)
        with contextlib.suppress(OSError):  # without a spare the next run starts a process of its own
            self._spare = TrainerProcess(self._module, self._environment)
        return session

    def close(self) -> None:
        """Dismiss the spare."""
        if self._spare is not None:
            self._spare.kill()
            self._spare = None


def run_once(module: str, job: Mapping[str, Any], settings: Settings) -> Iterator[Message]:
    """Messages of a one-shot process, such as the scorer, on the settings' device unless the job names another; one
    that dies is told as a last `failed`.

    Closing the iterator kills the process.
    """
    process = TrainerProcess(module, training_environment(settings, settings.concurrency))
    last: Message = {}
    try:
        process.give({"device": settings.device, **job})
        while process.is_alive:
            if (message := process.wait(0.1)) is not None:
                last = message
                yield message
        if process.exit_code != 0 and last.get("event") != "failed":
            yield {"event": "failed", "cause": f"{module}: {how_it_ended(process.exit_code)}"}
    finally:
        process.kill()


def training_environment(settings: Settings, runs_at_once: int) -> dict[str, str]:
    """The environment of a process that trains; threads are bounded before torch is imported."""
    threads = str(threads_per_run(runs_at_once))
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**settings.environment(), **dict.fromkeys(names, threads), "GOMP_SPINCOUNT": "2000"}


def how_it_ended(exit_code: int | None) -> str:
    """A process's end in words."""
    if exit_code == -9:
        return "the process was killed (signal 9): out of memory? Lower batch_size or CONCURRENCY if it happens again"
    if exit_code is not None and exit_code < 0:
        return f"the process was ended by signal {-exit_code}"
    return f"the process ended with exit code {exit_code} and no last word"


def _decoded(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and isinstance(message.get("event"), str) else None
