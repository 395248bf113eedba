"""How far a look at a third of the epochs may be trusted: every recorded run of the grids of `benchmarks.grid` beside
the default and beside the best cell, as pruning would have seen it.

    python -m benchmarks.screening [--tables NAME,NAME] [--quick]

A run is called wrongly stopped where its cell, by the mean of its recorded seeds, is worth more than the one it was
held against. Writes benchmarks/results/screening.json. `--quick` reads two tables.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tables.table import Table, tables
from core.agents.reliability import Look, look, reliability
from core.verdict import pool_seed_noise

RESULT = Path(__file__).parent / "results" / "screening.json"


def looks(table: Table, rival: int) -> list[Look]:
    """Every run of every other cell beside the first recorded run of `rival`, a cell."""
    held = table.runs[rival][0].curve.tolist()
    noise = pool_seed_noise([run.value for run in runs] for runs in table.runs.values())
    found = []
    for cell, runs in table.runs.items():
        worth = table.mean(cell) / table.mean(rival) - 1.0
        for run in runs if cell != rival else ():
            seen = look(run.curve.tolist(), held, noise.deviation * 2**0.5)
            if seen is not None:
                found.append(replace(seen, lag_at_end=worth))
    return found


def measured(table: Table) -> dict[str, Any]:
    """Both sides of one table."""
    best = max(table.runs, key=table.mean)
    return {
        f"beside the {name}": _rounded(asdict(reliability(looks(table, cell))))
        for name, cell in (("default", table.default), ("best", best))
    }


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=lambda text: text.split(","))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    found = {table.name: measured(table) for table in tables(given.tables)[: 2 if given.quick else None]}
    print(f"{'table':18} {'beside the':10} {'runs':>5} {'stopped':>8} {'wrongly':>8} {'saved':>6} {'tau':>5}")
    for name, sides in found.items():
        for side, told in sides.items():
            print(
                f"{name:18} {side.split()[-1]:10} {told['runs']:5} {told['stopped']:8} {told['wrong']:8} "
                f"{told['saved']:6.1%} {np.nan if told['tau'] is None else told['tau']:5.2f}"
            )
    if given.tables is None and not given.quick:
        RESULT.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
