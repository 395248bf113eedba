"""Races that were run are kept, so that a further table costs only its own races."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.racing.track import Moment
from benchmarks.tables.table import FOLDER

ROOT = Path(__file__).parents[2]
# What decides how a race goes; a change in one of these makes every race anew.
SOURCES = (
    "benchmarks/race.py",
    "benchmarks/racing/track.py",
    "benchmarks/racing/records.py",
    "benchmarks/tables/table.py",
    "core/agents/*.py",
    "core/agents/expert/*.py",
    "core/space.py",
    "core/verdict.py",
)
# What decides what a memory holds, besides.
MEMORY = (
    "benchmarks/transfer.py",
    "benchmarks/racing/home.py",
    "benchmarks/tables/data/*.npz",
    "core/data/profile*.py",
    "core/loop/*.py",
    "core/memory/*.py",
)


class Kept:
    """One file for each table and racer in a folder. Its name tells the table's bytes, the repeats and the `sources`:
    patterns of files."""

    def __init__(self, folder: Path, sources: Sequence[str] = SOURCES) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._code = _digest(path for pattern in sources for path in sorted(ROOT.glob(pattern)))

    def races(self, table: str, racer: str, repeats: int) -> list[list[Moment]] | None:
        """What was kept; None where it was not run yet."""
        path = self._path(table, racer, repeats)
        if not path.exists():
            return None
        return [[Moment(cost, cell) for cost, cell in race] for race in json.loads(path.read_text())]

    def keep(self, table: str, racer: str, races: Sequence[Sequence[Moment]]) -> None:
        """Written whole or not at all."""
        path = self._path(table, racer, len(races))
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps([[(moment.cost, moment.cell) for moment in race] for race in races]))
        scratch.replace(path)

    def _path(self, table: str, racer: str, repeats: int) -> Path:
        name = "-".join(racer.replace(",", "").split())
        return self._folder / f"{table}.{name}.{repeats}.{_digest([FOLDER / f'{table}.npz'])}.{self._code}.json"


def _digest(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:12]
