"""How verbs print: tables for people, JSON for programs. Everything foreign is printed as plain text."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "", right: Iterable[str] = ()
) -> None:
    """A table; columns named in `right` are aligned there."""
    table = Table(title=Text(title) if title else None, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text("–" if cell is None else str(cell)) for cell in row))
    out.print(table)


def say(text: str, style: str = "") -> None:
    """A line on standard output, as plain text."""
    out.print(Text(text, style=style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """A line on standard error, which a pipe does not see."""
    notes.print(Text(text, style=style), soft_wrap=True)
