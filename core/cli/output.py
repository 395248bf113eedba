"""How verbs print: tables for people, JSON for programs. Everything foreign is printed as plain text."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

from core.errors import StorageFailed

UNBOUNDED = 2_000  # columns of a "terminal" that is a file or a pipe: nothing is cut or wrapped there
_UNPRINTABLE = dict.fromkeys((*range(9), *range(11, 32), 127, *range(128, 160)), "�")  # escapes of terminals


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else UNBOUNDED)


out = _console(stderr=False)
notes = _console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str = "",
    right: Iterable[str] = (),
    wrap: Iterable[str] = (),
    console: Console = out,
) -> None:
    """A table; columns named in `right` are aligned there, those in `wrap` give way in a narrow terminal."""
    shown = _plain(title) if title else None
    table = Table(title=shown, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    right, wrap = frozenset(right), frozenset(wrap)
    for column in columns:
        justify: Any = "right" if column in right else "left"
        table.add_column(_plain(column), justify=justify, no_wrap=column not in wrap, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else _plain("–" if cell is None else str(cell)) for cell in row))
    console.print(table)


def say(text: str, style: str = "") -> None:
    """A line on standard output, as plain text."""
    out.print(_plain(text, style), soft_wrap=True)


def note(text: str, style: str = "") -> None:
    """A line on standard error, which a pipe does not see."""
    notes.print(_plain(text, style), soft_wrap=True)


def error(text: str) -> None:
    """What went wrong, on standard error."""
    notes.print(Text.assemble(("error: ", "bold red"), _plain(text)), soft_wrap=True)


def progress(*further: ProgressColumn) -> Progress:
    """A bar on standard error that goes when it is done; nothing at all where nobody looks."""
    description = TextColumn("{task.description}", markup=False)
    return Progress(
        description, BarColumn(bar_width=16), *further, console=notes, transient=True, disable=not sys.stderr.isatty()
    )


def close_quietly() -> None:
    """After the reader of a pipe has gone: let the interpreter flush into nothing, without a word."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def cannot_write(place: object, problem: OSError) -> StorageFailed:
    """The error for an output file that a person named."""
    return StorageFailed(f"{place} cannot be written ({problem.strerror}); give another place with --out")


def _plain(text: str, style: str = "") -> Text:
    """Text without markup and without the escapes that would steer a terminal."""
    return Text(text.translate(_UNPRINTABLE), style=style)
