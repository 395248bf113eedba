"""What an import has to say about a file: findings, bad rows, and the one error that stops it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.errors import VirtualMLEError

Level = Literal["error", "warning", "info"]
KEPT_BAD_ROWS = 20


@dataclass(frozen=True)
class Finding:
    """One named observation. `count` is in rows, users or items, as the message says."""

    code: str
    level: Level
    message: str
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A row that was left out. `line` is 1-based, header included; `file` matters for a folder of parts."""

    file: str
    line: int
    reason: str
    found: str = ""


class ImportFailed(VirtualMLEError):
    """The file cannot become a dataset; the message names the file, what was found and the way out."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class BadRows:
    """Counts every bad row and keeps the first twenty by file and line."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[BadRow] = []

    def add(self, file: str, line: int, reason: str, found: str = "") -> None:
        self.count += 1
        # Rows arrive nearly in order (parsers read ahead), so ten times the limit is enough to sort from.
        if len(self._kept) < 10 * KEPT_BAD_ROWS:
            self._kept.append(BadRow(file, int(line), reason, found[:200]))

    def add_unlisted(self, count: int) -> None:
        """Rows of a batch beyond those worth listing."""
        self.count += count

    @property
    def first(self) -> tuple[BadRow, ...]:
        return tuple(sorted(self._kept, key=lambda row: (row.file, row.line))[:KEPT_BAD_ROWS])
