"""The memory that ships with the program: the expert studies every committed table of generated data, and what it
learned is packed. Who tunes one of the real files must not find its answers in what ships.

    python -m benchmarks.starting_pack [--trials 30] [--seeds 3] [--look] [--quick]

Real loop, verdicts and distillation, as in `benchmarks.transfer`; each study is planned without memory, so that a rule
rests on its own table alone. Every lesson says from which table it comes. Equal tables and an equal program give equal
bytes: names are derived from the rule and its data, times from its own clock. Writes core/memory/starting_memory.zip.
"""

import argparse
import hashlib
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.racing.home import Home
from benchmarks.tables.specs import named
from benchmarks.tables.table import Table, tables
from core.errors import InvalidInput
from core.memory.pack_file import Pack, pack_bytes
from core.memory.packing import pack_memory
from core.memory.starting import PACK, STARTING
from core.memory.unpacking import check_row

Row = Mapping[str, Any]
NAMED = ("backbone", "axis", "direction", "lineage", "conditions")  # what makes two lessons the same rule


def distilled(known: Sequence[Table], trials: int, seeds: int) -> Pack:
    """What studies on these tables teach, as a pack of lessons across datasets."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), 0)
        for table in known:
            for seed in range(1, seeds + 1):
                home.study(table, trials, use_memory=False, seed=seed, name=f"{table.name}, run {seed}")
        pack = pack_memory(home.workspace.store, PACK.name, STARTING, levels=("cognition",))
        home.close()
    return labelled(pack, {str(table.meta["lineage"]): f"{table.meta['dataset']} (benchmark)" for table in known})


def labelled(pack: Pack, names: Mapping[str, str]) -> Pack:
    """With uids derived from what the rules say, and with the names that people read."""
    home_names = {str(row["name"]): names[str(row["lineage"])] for row in pack.profiles}
    kept = [row for row in (_plain(row) for row in pack.lessons) if _is_usable(row)]
    uids = {str(row["uid"]): _uid(row) for row in kept}
    return Pack(
        pack.name,
        pack.made_by,
        lessons=[_renamed({**row, "uid": uids[str(row["uid"])]}, home_names) for row in kept],
        evidence=_of(pack.evidence, uids, home_names),
        profiles=[_renamed(row, home_names) for row in pack.profiles],
        revisions=_of(pack.revisions, uids, home_names),
    )


def _of(rows: Sequence[Row], uids: Mapping[str, str], names: Mapping[str, str]) -> list[Row]:
    """The rows of the lessons that are kept, under their new names."""
    return [_renamed({**row, "lesson": uids[row["lesson"]]}, names) for row in rows if row["lesson"] in uids]


def _plain(row: Row) -> Row:
    """Without the range where the knob has options and no range: the step alone is the rule then."""
    try:
        check_row(row)
    except InvalidInput:
        return {**row, "low": None, "high": None}
    return row


def _is_usable(row: Row) -> bool:
    try:
        check_row(row)
    except InvalidInput as problem:
        sys.stdout.write(f"left out: {problem}\n")
        return False
    return True


def _uid(row: Row) -> str:
    return hashlib.sha256("/".join(str(row[name]) for name in NAMED).encode()).hexdigest()[:32]


def _renamed(row: Row, names: Mapping[str, str]) -> Row:
    def told(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: told(each) for key, each in value.items()}
        if isinstance(value, str):
            for before, after in names.items():
                value = value.replace(before, after)
        return value

    return {name: told(value) for name, value in row.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=30, help="of each study (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="studies on each table (%(default)s)")
    parser.add_argument("--look", action="store_true", help="show what it would hold, write nothing")
    parser.add_argument("--quick", action="store_true", help="a look after short studies on two tables")
    arguments = parser.parse_args()
    known = [table for table in tables() if named(table.name).regime is not None]
    trials, seeds = arguments.trials, arguments.seeds
    if arguments.quick:
        known, trials, seeds = known[:2], 8, 1
    pack = distilled(known, trials, seeds)
    for row in pack.lessons:
        sys.stdout.write(f"{row['effect'] or 0.0:+.1%}  {row['kind']:5}  {row['claim']}\n")
    data = pack_bytes(pack)
    if not (arguments.look or arguments.quick):
        PACK.write_bytes(data)
    counts = Counter(str(row["kind"]) for row in pack.lessons)
    sys.stdout.write(f"{len(pack.lessons)} lessons {dict(counts)}, {len(pack.evidence)} trials, {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
