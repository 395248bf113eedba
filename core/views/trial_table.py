"""The table of a study's trials: what is asked for, one page of rows, and the columns that can be shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.agents.names import agent_word
from core.export import csv_text, trial_rows
from core.figures import objective_words, param_changes, param_value
from core.records import Study
from core.store import Store
from core.store.trial_lines import TrialFilter, TrialLine
from core.workspace import Workspace

PAGE = 20
VALUE = "value"  # the column of the objective, which is named after it
SPREAD, MINUTES = "gain ±", "minutes"
ORDERS: Mapping[str, str] = {
    "number": "trial",
    "value": VALUE,
    "gain": "gain",
    "training": MINUTES,
    "judged": "judged",
}
COLUMNS = (
    "standing",
    "what changed",
    VALUE,
    "gain",
    SPREAD,
    "planned by",
    "axis",
    "seeds",
    MINUTES,
    "judged",
    "tags",
    "note",
)
USUAL = ("standing", "what changed", VALUE, "gain", SPREAD, MINUTES, "tags", "note")
WORDS = {"baseline": "study's start", "person": "a person", "production": "in production today"}


@dataclass(frozen=True)
class Asked:
    """What a person wants to see; `order` is one of ORDERS or the name of a param, `page` counts from 0."""

    wanted: TrialFilter = field(default_factory=TrialFilter)
    order: str = "number"
    descending: bool = True
    page: int = 0


@dataclass(frozen=True)
class TrialTable:
    """One page. `varied` are the params that differ between all the trials asked for, not only those of the page."""

    lines: tuple[TrialLine, ...]
    total: int
    page: int
    pages: int
    varied: tuple[str, ...]
    params: tuple[str, ...]
    authors: tuple[str, ...]
    axes: tuple[str, ...]
    archived: int


def trial_table(store: Store, study: Study, asked: Asked) -> TrialTable:
    """The page asked for, or the last one there is; no curve is read for it."""
    total = store.trial_lines.count(study.id, asked.wanted)
    pages = max(1, -(-total // PAGE))
    page = min(asked.page, pages - 1)
    lines = store.trial_lines.page(study.id, asked.wanted, asked.order, asked.descending, PAGE, page * PAGE)
    authors, axes = store.trial_lines.choices(study.id)
    return TrialTable(
        lines=tuple(lines),
        total=total,
        page=page,
        pages=pages,
        varied=store.trial_lines.varied(study.id, asked.wanted),
        params=tuple(dict.fromkeys(name for line in lines for name in line.params)),
        authors=authors,
        axes=axes,
        archived=store.trial_lines.count(study.id, TrialFilter(archived=True)),
    )


def author_word(author: str) -> str:
    """Who planned a trial, as people say it."""
    return WORDS.get(author) or agent_word(author)


def heading(column: str, study: Study) -> str:
    """A column's name on screen, such as `validation NDCG@10` for the objective."""
    return f"validation {objective_words(study.objective)}" if column == VALUE else column


def cells(line: TrialLine, columns: Sequence[str], study: Study, judged: str) -> dict[str, Any]:
    """A row of the table; `judged` is the moment in the viewer's zone."""
    known: dict[str, Any] = {
        "standing": [line.standing],
        "what changed": changed_words(line),
        VALUE: line.value,
        "gain": line.gain,
        SPREAD: None if line.low is None or line.high is None else (line.high - line.low) / 2,
        "planned by": author_word(line.author),
        "axis": line.axis or "–",
        "seeds": line.seeds,
        MINUTES: line.seconds / 60,
        "judged": judged,
        "tags": list(line.tags),
        "note": line.note.replace("\n", " "),
    }
    row = {"trial": f"{line.number}"}
    return row | {
        heading(name, study): known[name] if name in known else _cell(line.params.get(name)) for name in columns
    }


def _cell(value: Any) -> Any:
    """A param: numbers as numbers, so that they sort and align as such."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else param_value(value)


def order_of(column: str, study: Study) -> str | None:
    """The order, of ORDERS or by a param, that a column's heading stands for; None where there is none."""
    names = {heading(word, study): name for name, word in ORDERS.items()}
    return names.get(column) or (column if column in study.space["searched"] else None)


def changed_words(line: TrialLine) -> str:
    """The differences of its proposal; a config that nobody proposed is named as what it is."""
    if line.changes:
        return param_changes(line.changes)
    return "plain config" if line.kind == "baseline" else "own config"


def table_csv(parts: Workspace, study: Study, asked: Asked) -> str:
    """Every trial asked for, not only the page's, under the export's columns."""
    lines = parts.store.trial_lines.page(study.id, asked.wanted, asked.order, asked.descending, None)
    return csv_text(trial_rows(parts, study, [line.number for line in lines]))


def asked_key(asked: Asked) -> str:
    """Tells one question from another."""
    return json.dumps([vars(asked.wanted), asked.order, asked.descending, asked.page])
