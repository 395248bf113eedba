"""Past runs as plain data, whatever tool wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PastRun:
    """One run of somebody's history; `params` holds the backbone's own fields alone, `value` is higher-is-better."""

    name: str
    params: Mapping[str, Any]
    value: float | None
    rule: str = ""  # what its owner concluded from it, in their words
    changed: str = ""  # the field that it was about, if told
    of: str = ""  # the dataset or study that it belongs to, if told: runs of another one are no seeds of its config


@dataclass(frozen=True)
class History:
    """Everything read from one source; `ignored` are columns that name no field, `notes` what a reader should know."""

    source: str
    backbone: str
    metric: str
    runs: tuple[PastRun, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def valued(self) -> tuple[PastRun, ...]:
        """Runs with a value."""
        return tuple(run for run in self.runs if run.value is not None)
