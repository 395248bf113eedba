"""Every error this package raises on purpose. Each message names the value, the limit and the way out."""


class RecModelsError(Exception):
    """Base of all the errors below."""


class InvalidParams(RecModelsError, ValueError):
    """A hyper-parameter is unknown, of the wrong type, out of its range, or does not go with another."""


class UnknownBackbone(RecModelsError, LookupError):
    """No backbone of that name is registered."""


class DatasetUnreadable(RecModelsError):
    """The open part of a dataset folder is missing, damaged or holds nothing to train on."""


class OtherVersion(RecModelsError):
    """An exported model was written by another version of this package, and this one cannot read it."""


class TrainingDiverged(RecModelsError):
    """The loss or the scores became infinite or not a number."""

    def __init__(self, epoch: int, cause: str) -> None:
        super().__init__(f"training diverged in epoch {epoch}: {cause}")
        self.epoch = epoch
        self.cause = cause


class OutOfMemory(RecModelsError):
    """Not even a single history can be trained on, or read, at once."""


class CorruptCheckpoint(RecModelsError):
    """A checkpoint or weights file is truncated, damaged or belongs to another run."""


class CheckpointNotWritten(RecModelsError):
    """The disk refused a checkpoint; the one before it is untouched."""


class SealedTestAccess(RecModelsError):
    """A training process tried to open the sealed test."""


class InvalidJob(RecModelsError, ValueError):
    """A job given to a trainer or scorer process lacks a field or names something that does not exist."""
