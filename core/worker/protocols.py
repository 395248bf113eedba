"""What the worker needs from others: something that trains, something that plans, an index, and reveals."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.records import Reveal, Study

Message = dict[str, Any]  # one event of a training process: {"event": "epoch", ...}


class Session(Protocol):
    """One job in the hands of a trainer. The last message of a session that went well is its last word:
    `complete`, `failed` or `stopped`."""

    def poll(self) -> list[Message]:
        """What arrived since the last call, oldest first; never blocks."""
        ...

    def stop(self) -> None:
        """Ask for an end between two batches; a session that is over ignores it."""
        ...

    def kill(self) -> None:
        """End it now; when this returns, nothing is written any more."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether a message may still come, or lies unread."""
        ...

    @property
    def exit_code(self) -> int | None:
        """0 for an end by plan, negative for a signal, None while it is alive."""
        ...


class Trainer(Protocol):
    """Where runs train: processes of this machine, or a script in a test."""

    def start(self, job: Mapping[str, Any]) -> Session:
        """Begin a job at once; what goes wrong later is told by the session."""
        ...

    def close(self) -> None:
        """Let go of what waits for jobs; sessions that were started go on."""
        ...


class Loop(Protocol):
    """Moves a study on: plans, decides by autonomy, judges, reflects, closes."""

    def advance(self, study: Study) -> None:
        """Do what is due now; called again when the study changed, and every two seconds."""
        ...


class Indexer(Protocol):
    """Brings the vector index up to what SQL says."""

    def apply(self) -> int:
        """Apply the outbox; how many notes were applied."""
        ...

    def is_sound(self) -> bool:
        """Whether the index can be read at all and is this installation's own; quick."""
        ...

    def mend(self) -> Sequence[object]:
        """Compare SQL with the index and mend every difference; what was mended."""
        ...


class Reveals(Protocol):
    """Opens the sealed test when a person asked for it."""

    def perform(self, reveal: Reveal) -> None:
        """Score and write the result; may take minutes."""
        ...
