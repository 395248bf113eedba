"""What can go wrong in the domain, as errors that name the value, the limit and the way out."""


class VirtualMLEError(Exception):
    """Base of every error a person may see; its text is a whole sentence with the cause and the way out."""


class NotFound(VirtualMLEError):
    """No such dataset, study, trial, run or lesson."""


class Conflict(VirtualMLEError):
    """Somebody else changed the thing first; says who and when. `at` is when, where the text names it by `in_utc`."""

    def __init__(self, text: str, at: float | None = None) -> None:
        super().__init__(text)
        self.at = at


class IllegalMove(VirtualMLEError):
    """A change of state that design forbids, such as approving a vetoed trial."""


class StaleAttempt(VirtualMLEError):
    """A write by an attempt that no longer owns its run."""


class NewerSchema(VirtualMLEError):
    """The database was written by a newer version of this program."""


class StorageFailed(VirtualMLEError):
    """The database or the disk refused; names the place and the way out."""


class WorkerRunning(VirtualMLEError):
    """A second worker was started on the same home."""


class InvalidInput(VirtualMLEError):
    """A value given by a person is wrong; names it and what would be right."""
