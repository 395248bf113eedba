"""Writing the report: `report.md` with its plots beside it, and `report.html`, which holds everything in one file."""

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.errors import StorageFailed
from core.report.collecting import collect
from core.report.page import Page, page
from core.report.text import markdown
from core.workspace import Workspace

TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Report:
    """Where the report was written."""

    markdown: Path
    html: Path
    plots: tuple[Path, ...]


def write_report(workspace: Workspace, study_id: int, target: Path) -> Report:
    """Write the report of a study, at whatever state it is, into the folder `target`.

    An older report there is replaced. Raises NotFound for the study, StorageFailed for the folder.
    """
    study = workspace.store.studies.get(study_id)
    told = page(collect(workspace.store, workspace.artifacts, study, workspace.clock.now()))
    try:
        target.mkdir(parents=True, exist_ok=True)
        drawn = tuple(_write(target / f"{plot.name}.svg", plot.svg) for plot in told.plots)
        text = _write(target / "report.md", as_markdown(told))
        return Report(text, _write(target / "report.html", as_html(told)), drawn)
    except OSError as problem:
        raise StorageFailed(
            f"the report cannot be written to {target} ({problem.strerror}); give another folder with --out"
        ) from problem


def as_markdown(told: Page) -> str:
    """The page as Markdown that refers to the plots as files beside it."""
    return _environment(html=False).get_template("report.md.jinja").render(page=told, code=Verbatim)


def as_html(told: Page) -> str:
    """The page as one HTML file: no script, nothing loaded, every text escaped."""
    return _environment(html=True).get_template("report.html.jinja").render(page=told, svg=Markup)


class Verbatim(str):
    """Text of our own that Markdown shows as code and must not escape."""


def _as_text(value: object) -> object:
    return markdown(value) if isinstance(value, str) and not isinstance(value, Verbatim) else value


def _unbroken(value: object) -> object:
    """Figures keep their signs beside them at a line's end; escaping comes after this."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return re.sub(r" (?=%|±)|(?<=±) |(?<=[■▲▼○◆]) ", "\u00a0", value)


@cache
def _environment(html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=html,
        finalize=_unbroken if html else _as_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _write(path: Path, text: str) -> Path:
    """Through a temporary sibling, so that a reader never sees half a file."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
