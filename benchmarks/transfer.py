"""Does memory shorten the next dataset? Leave one lineage out: the expert studies all other tables of the same backbone
in one home, then races on the one left out with that memory and without.

    python -m benchmarks.transfer [--tables NAME,NAME] [--memories 5] [--repeats 20] [--processes N] [--quick]

Arms: `with` memory; `without`; `shuffled`, the same lessons, their conditions, datasets and the datasets' profiles
permuted; `pooled`, one default for all datasets (on each axis the option that most source studies recommend) tried
first; `tpe`. Trials, targets and intervals are counted as in `benchmarks.race`; source studies are not counted. Writes
benchmarks/results/transfer.json.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.race import raced, table_of
from benchmarks.racing.home import Home
from benchmarks.racing.kept import MEMORY, SOURCES, Kept
from benchmarks.racing.scoring import Finish, finish, ratios, regret_differences, summary
from benchmarks.racing.track import Moment, Rules, Track, space_of
from benchmarks.tables.table import Table, tables
from core.agents.expert import Expert
from core.agents.protocol import Evidence
from core.memory.warm_start import Transferred
from core.records import Params

RESULTS = Path(__file__).parent / "results"
LED = ("with", "shuffled", "pooled")  # by a memory, which each has of its own
UNLED = {"without": "expert", "tpe": "tpe"}  # racers of benchmarks.race, kept where they were run there
ARMS = ("with", "without", "shuffled", "pooled", "tpe")
AFTER = (3, 5, 10)  # trials after which regret is told
SOURCE_TRIALS = 20
FEWEST_SOURCES = 4  # below, a figure is told and not counted as proof


@dataclass(frozen=True)
class Job:
    """One memory and its repeats on the table that it has not seen."""

    target: str
    sources: tuple[str, ...]
    memory: int
    repeats: int

    def racer(self, arm: str) -> str:
        """What this memory's races are kept as."""
        return f"{arm} memory {self.memory}"


def one(job: Job) -> dict[str, list[list[Moment]]]:
    """What every arm that a memory leads recommended when, repeat by repeat."""
    target, sources = table_of(job.target), [table_of(name) for name in job.sources]
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder), job.memory)
        recommended = [_recommended(home, table) for table in sources]
        told = home.told(target)
        home.shuffle(sources)
        misled = home.told(target)
        home.close()
    memories = {"with": told, "shuffled": misled, "pooled": _pooled(target, recommended, told)}
    seeds = range(job.memory * job.repeats, (job.memory + 1) * job.repeats)
    return {arm: [_raced(target, Rules(memory=memories[arm]), seed) for seed in seeds] for arm in LED}


def _raced(table: Table, rules: Rules, seed: int) -> list[Moment]:
    moments: list[Moment] = []
    for moment in Track(table, Expert(), rules, seed).race():
        moments.append(moment)
        if moment.cost >= max(AFTER) and any(table.reaches(each.cell) for each in moments):
            break
    return moments


def _recommended(home: Home, table: Table) -> Params:
    """The config that a study of the expert ends with."""
    store = home.workspace.store
    study = home.study(table, SOURCE_TRIALS)
    return store.trials.get(study.recommended_id or study.incumbent_id or 0).params


def _pooled(target: Table, recommended: Sequence[Params], told: Evidence) -> Evidence:
    """On each axis the option that most source studies recommend, where it is one of the target's."""
    baseline = space_of(target).baseline()
    params = dict(baseline)
    for axis, options in target.axes.items():
        votes = Counter(config[axis] for config in recommended if config[axis] in options)
        params[axis] = votes.most_common(1)[0][0] if votes else baseline[axis]
    changes = {name: (baseline[name], value) for name, value in params.items() if baseline[name] != value}
    first = (Transferred("rules", params, changes, {}, "One default for all datasets", 1.0),) if changes else ()
    return replace(told, hits=(), carried=(), soft_ranges={}, transferred=first)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=lambda text: text.split(","), help="those left out in turn (default: all)")
    parser.add_argument("--memories", type=int, default=5, help="times that the source studies are done anew")
    parser.add_argument("--repeats", type=int, default=20, help="races with each memory")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path, default=Path("~/.cache/virtualmle/race").expanduser(), help="kept races")
    parser.add_argument("--quick", action="store_true", help="one table, one memory, three repeats")
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    known = tables()
    chosen = [table for table in known if not arguments.tables or table.name in arguments.tables]
    jobs = _jobs(chosen, known, arguments.memories, arguments.repeats)
    if arguments.quick:
        jobs = [replace(jobs[0], repeats=3)]
    targets = [table_of(name) for name in dict.fromkeys(job.target for job in jobs)]
    repeats = sum(job.repeats for job in jobs if job.target == targets[0].name)
    unled = raced(targets, list(UNLED.values()), repeats, arguments.processes, None, Kept(arguments.work))
    finishes: dict[str, dict[str, list[Finish]]] = {
        table.name: {
            arm: [finish(each, table, AFTER) for each in unled[table.name][racer]] for arm, racer in UNLED.items()
        }
        for table in targets
    }
    for job, led in _led(jobs, arguments.processes, Kept(arguments.work, (*SOURCES, *MEMORY))):
        for arm, races in led.items():
            made = [finish(moments, table_of(job.target), AFTER) for moments in races]
            finishes[job.target].setdefault(arm, []).extend(made)
    result = _result(finishes, {job.target: job.sources for job in jobs})
    _print(result)
    if not arguments.quick:
        (RESULTS / "transfer.json").write_text(json.dumps(result, indent=1) + "\n")


def _led(jobs: Sequence[Job], processes: int, kept: Kept) -> Iterator[tuple[Job, Mapping[str, list[list[Moment]]]]]:
    """Each memory's races, those of an earlier run read."""
    found = {job: {arm: kept.races(job.target, job.racer(arm), job.repeats) for arm in LED} for job in jobs}
    missing = [job for job, led in found.items() if None in led.values()]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for job, led in zip(missing, pool.imap(one, missing), strict=True):
            for arm, races in led.items():
                kept.keep(job.target, job.racer(arm), races)
            print(f"{job.target}, memory {job.memory + 1}", flush=True)
            yield job, led
    for job in jobs:
        if job not in missing:
            yield job, {arm: races for arm, races in found[job].items() if races is not None}


def _jobs(chosen: Sequence[Table], known: Sequence[Table], memories: int, repeats: int) -> list[Job]:
    """Raises SystemExit where no table has a source."""
    jobs = []
    for target in chosen:
        sources = tuple(
            each.name
            for each in known
            if each.backbone == target.backbone and each.meta["lineage"] != target.meta["lineage"]
        )
        jobs += [Job(target.name, sources, memory, repeats) for memory in range(memories) if sources]
    if not jobs:
        raise SystemExit(
            "no table has another one of its backbone to learn from; make more by python -m benchmarks.grid"
        )
    return jobs


def _result(finishes: Mapping[str, Mapping[str, list[Finish]]], sources: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, arms in finishes.items():
        figures = {arm: _figures(summary(each)) for arm, each in arms.items()}
        told[_place(name)] = {**figures, "sources": [_place(each) for each in sources[name]]}
    proven = [name for name in finishes if len(sources[name]) >= FEWEST_SOURCES]
    ours = {name: finishes[name]["with"] for name in proven}
    over, regret = {}, {}
    for arm in ARMS[1:]:
        theirs = {name: finishes[name][arm] for name in proven}
        over[arm], regret[arm] = ratios(ours, theirs), regret_differences(ours, theirs)
    enough = [_place(name) for name in proven]
    return {**told, "_with_over": over, "_regret_with_minus": regret, "_enough_sources": enough}


def _figures(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told["trials_to_98"], **{name: value for name, value in told.items() if name != "trials_to_98"}}


def _place(table: str) -> str:
    """A table's dataset and backbone, as `cold/sasrec`."""
    return table.replace("-", "/")


def _print(result: Mapping[str, Any]) -> None:
    for name, arms in result.items():
        if name.startswith("_"):
            continue
        print(f"\n{name}, memory of {', '.join(arms['sources'])}")
        for arm in ARMS:
            median = arms[arm]["median"]
            trials = "> 60" if median is None else f"{median:.1f}"
            regret = "  ".join(f"{count}: {value:.1%}" for count, value in arms[arm]["regret_after"].items())
            print(f"  {arm:10} trials {trials:>5} {arms[arm]['interval']!s:18} regret {regret}")
    few = "" if result["_enough_sources"] else f"no table has {FEWEST_SOURCES} sources yet, so nothing is proven"
    print(few or result["_with_over"], result["_regret_with_minus"])


if __name__ == "__main__":
    main()
