"""What the import form shows and what it gives to the importer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.columns import REQUIRED, ROLES
from core.data.findings import BadRow, Finding
from core.data.importing import Preview
from core.data.options import ImportOptions
from core.errors import InvalidInput
from core.figures import size
from core.settings import Settings

SPLITS = {
    "leave_one_out": ("Leave one out", "each user's last item is tested, the one before it validates"),
    "global_time": ("By time", "train on the past, validate and test on the latest events of everybody"),
}
MASKINGS = {
    None: ("By the data", "seen items are no candidates, unless people often come back to them"),
    "seen": ("Mask seen items", "what a user had before is never recommended"),
    "none": ("Mask nothing", "what a user had before may come again"),
}
LEVELS = {"error": "red", "warning": "orange", "info": "gray"}


@dataclass(frozen=True)
class Answers:
    """The import form as filled in; None and blank mean: as usual."""

    name: str
    columns: Mapping[str, str | None]
    titles: Path | None = None
    split: str = "leave_one_out"
    min_user_events: int | None = None
    min_item_events: int | None = None
    max_user_events: int | None = None
    target_events: str = ""
    drop_duplicates: bool = False
    masking: str | None = None


@dataclass(frozen=True)
class PreviewView:
    """What an import would read. `choices`: role -> the file's columns, the detected one first."""

    headline: str
    would_read: str
    rows: tuple[Mapping[str, str], ...]
    findings: tuple[tuple[str, str], ...]  # level, message
    bad_rows: tuple[tuple[str, str, str], ...]
    choices: Mapping[str, tuple[str, ...]]
    has_events: bool


def preview_view(seen: Preview) -> PreviewView:
    """A preview as it is shown."""
    parts = f", {seen.parts} parts" if seen.parts > 1 else ""
    detected = seen.columns
    choices = {role: _detected_first(seen.names, detected.get(role)) for role in ROLES} if seen.names else {}
    return PreviewView(
        headline=f"{seen.source}: {seen.format}, {size(seen.size_bytes)}{parts}",
        would_read=seen.would_read,
        rows=seen.rows[:8],
        findings=finding_rows(seen.findings),
        bad_rows=bad_rows(seen.bad_rows),
        choices=choices,
        has_events="event" in detected,
    )


def finding_rows(findings: Sequence[Finding]) -> tuple[tuple[str, str], ...]:
    """Errors first, then warnings, then what is good to know."""
    order = list(LEVELS)
    return tuple((each.level, each.message) for each in sorted(findings, key=lambda each: order.index(each.level)))


def bad_rows(rows: Sequence[BadRow]) -> tuple[tuple[str, str, str], ...]:
    """Line, reason, what was found."""
    return tuple((f"{row.line:,}", row.reason, row.found) for row in rows)


def source_of(text: str, settings: Settings) -> Path:
    """A path that a person typed. Raises InvalidInput when it is blank, not there, or one of our own datasets."""
    try:
        path = Path(text.strip()).expanduser()
        is_there = path.exists()
    except (RuntimeError, OSError) as problem:
        raise InvalidInput(f"{text.strip()[:200]!r} cannot be looked at ({problem}); check the path") from problem
    if not text.strip():
        raise InvalidInput("the path is empty; give that of a file, or of a folder of parts, on the server")
    if not path.is_absolute():
        raise InvalidInput(f"{text.strip()!r} is no whole path; begin with / (or ~ for the server user's home)")
    if not is_there:
        raise InvalidInput(f"{path} does not exist on the server; check the path, or upload the file")
    if path.resolve().is_relative_to(settings.datasets.resolve()):
        raise InvalidInput(f"{path} lies inside the prepared datasets, whose test stays sealed; give the original file")
    return path


def suggested_name(file: str, taken: Sequence[str]) -> str:
    """The file's name without endings, numbered when a dataset has it already."""
    wanted = file.partition(".")[0] or "dataset"
    names = [wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def options_of(answers: Answers, seen: Preview, taken: Sequence[str]) -> ImportOptions:
    """The importer's options; columns that were detected so are left to it. Raises InvalidInput, ImportFailed."""
    if not answers.name.strip():
        raise InvalidInput("the dataset has no name; give one, such as the file's")
    if answers.name.strip() in taken:
        raise InvalidInput(f"a dataset named {answers.name.strip()!r} is here already; choose it, or give another name")
    chosen = {role: column for role, column in answers.columns.items() if column and seen.columns.get(role) != column}
    twice = [role for role in REQUIRED if list(answers.columns.values()).count(answers.columns.get(role) or "") > 1]
    if twice:
        raise InvalidInput(f"column {answers.columns[twice[0]]!r} is chosen for two roles; each needs its own")
    targets = tuple(part.strip() for part in answers.target_events.split(",") if part.strip())
    return ImportOptions(
        columns=chosen or None,
        titles=answers.titles,
        split=answers.split,
        min_user_events=answers.min_user_events,
        min_item_events=answers.min_item_events,
        max_user_events=answers.max_user_events,
        target_events=targets or None,
        drop_duplicates=answers.drop_duplicates,
        masking=answers.masking,
    )


def _detected_first(names: Sequence[str], detected: str | None) -> tuple[str, ...]:
    if detected is None:
        return ("", *names)
    return (detected, *(name for name in names if name != detected))
