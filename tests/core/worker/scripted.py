"""A trainer in this process, for tests that step through time: each poll trains one epoch."""

from collections.abc import Mapping
from typing import Any

from tests.core.worker.story import Story


class ScriptedSession:
    """Tells its story one message a poll."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.job = job
        self._story = Story(job)
        self._waiting = list(self._story.begin())
        self._is_stopped = False
        self.exit_code: int | None = None

    def poll(self) -> list[dict[str, Any]]:
        """The next message; nothing once it is over."""
        if self.exit_code is not None:
            return []
        message = self._next()
        if message["event"] in ("complete", "failed", "stopped"):
            self.exit_code = 1 if message["event"] == "failed" else 0
        return [message]

    def stop(self) -> None:
        """The next poll says stopped."""
        self._is_stopped = True

    def kill(self) -> None:
        """Silence from now on."""
        self.exit_code = -9 if self.exit_code is None else self.exit_code

    @property
    def is_alive(self) -> bool:
        """Until its last word."""
        return self.exit_code is None

    def _next(self) -> dict[str, Any]:
        if self._is_stopped:
            return {"event": "stopped", "epoch": self._story.epoch}
        if self._waiting:
            return self._waiting.pop(0)
        return self._story.end() if self._story.is_told else self._story.next_epoch()


class ScriptedTrainer:
    """Keeps every session it started in `sessions`."""

    def __init__(self) -> None:
        self.sessions: list[ScriptedSession] = []

    def start(self, job: Mapping[str, Any]) -> ScriptedSession:
        """A session that begins with the next poll."""
        self.sessions.append(ScriptedSession(job))
        return self.sessions[-1]

    def close(self) -> None:
        """Nothing waits."""
