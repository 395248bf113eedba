"""A lesson's conditions held against profiles: clause by clause, dataset by dataset."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.profile import Profile, values
from core.memory.conditions import Clause, check
from core.records import Dataset
from core.views.lessons import clauses_of, number

MOST_DATASETS = 4  # columns of the table of conditions


@dataclass(frozen=True)
class Cell:
    """A profile's value beside a condition; `met` is None where the profile cannot say."""

    value: str
    met: bool | None


@dataclass(frozen=True)
class Conditions:
    """Clauses (rows) by datasets (columns); `others` more datasets are not shown."""

    datasets: tuple[str, ...]
    clauses: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    others: int


def conditions_table(conditions: str, datasets: Sequence[Dataset]) -> Conditions | None:
    """Each clause for the datasets at hand; None without conditions. Raises InvalidInput while it cannot be read."""
    if not conditions.strip():
        return None
    shown = datasets[:MOST_DATASETS]
    checked = [check(conditions, values(Profile.from_json(dataset.profile))) for dataset in shown]
    clauses = [clause.text for clause in (checked[0] if checked else clauses_of(conditions))]
    cells = tuple(tuple(_cell(column[row]) for column in checked) for row in range(len(clauses)))
    return Conditions(tuple(each.name for each in shown), tuple(clauses), cells, len(datasets) - len(shown))


def meets(conditions: str, datasets: Sequence[Dataset]) -> list[tuple[str, bool]]:
    """Each dataset by name, and whether it meets every clause. Raises InvalidInput naming what cannot be read."""
    check(conditions, {})
    profiles = [(dataset.name, values(Profile.from_json(dataset.profile))) for dataset in datasets]
    return [(name, all(clause.met is True for clause in check(conditions, known))) for name, known in profiles]


def _cell(clause: Clause) -> Cell:
    return Cell(number(clause.value), clause.met)
