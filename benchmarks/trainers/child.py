"""Processes that take commands as JSON lines and answer each with one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


class ChildFailed(RuntimeError):
    """The process ended without an answer."""


class Child:
    """`python -m MODULE`, talked to by lines; ends with the block."""

    def __init__(self, module: str, environment: Mapping[str, str] | None = None) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )

    def send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next line. Raises ChildFailed."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildFailed(f"{self._module} ended with code {self._process.wait()}; its message stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, verb: str, **arguments: Any) -> dict[str, Any]:
        self.send({"do": verb, **arguments})
        return self.receive()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def serve(build: Callable[..., Any], verbs: tuple[str, ...]) -> None:
    """The other end: the first line is what to build, each further one a verb with its arguments."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a stray print cannot break into the answers
    worker = build(**json.loads(sys.stdin.readline()))
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        verb = command.pop("do")
        if verb not in verbs:
            raise ValueError(f"{verb!r} is none of {', '.join(verbs)}")
        print(json.dumps(getattr(worker, verb)(**command)), file=out, flush=True)
