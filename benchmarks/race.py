"""Agents and samplers race on the tables of `benchmarks.grid`: how many trials until 98 % of the best, how much is
given away after 5, 10 and 20.

    python -m benchmarks.race [--tables NAME,NAME] [--repeats 100] [--processes N] [--agent llm --model X] [--quick]

One trial is one full training. Extra seeds count whole, pruned runs by their share of epochs; the baseline's three
seeds are given to all and not counted. Memory is empty. A racer is scored on what it would recommend, by seeds that
nobody saw. Prints a table, writes benchmarks/results/race.json and race.png. Races are kept in
`--work` and run again only where the table or the racer's code has changed. `--quick` races ten repeats on two tables.
"""

import argparse
import itertools
import json
import multiprocessing
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.racing import plot
from benchmarks.racing.kept import Kept
from benchmarks.racing.language import language_agent, settings_for
from benchmarks.racing.scoring import AFTER, Finish, finish, ratios, summary
from benchmarks.racing.track import Moment, Rules, Track
from benchmarks.tables.table import Table, tables
from core.agents.expert import Expert
from core.agents.llm.client import check_model
from core.agents.names import LLM
from core.agents.protocol import Agent
from core.agents.sampling import Sampler

RESULTS = Path(__file__).parent / "results"
SAMPLING = Rules(prunes=False, reseeds=False, by_verdict=False)
RACERS: dict[str, tuple[str, Rules]] = {
    "expert": ("expert", Rules()),
    "expert, no pruning": ("expert", Rules(prunes=False)),
    "expert, no extra seeds": ("expert", Rules(reseeds=False)),
    "expert, no reflection": ("expert", Rules(reflects=False)),
    "tpe": ("tpe", SAMPLING),
    "tpe, pruned": ("tpe", Rules(prunes=True, reseeds=False, by_verdict=False)),
    "gp": ("gp", SAMPLING),
    "random": ("random", SAMPLING),
    "grid": ("grid", SAMPLING),
    LLM: (LLM, Rules()),
}
MADE_ON = frozenset({"short-sasrec"})  # the expert was changed after this one was seen (docs/decisions/0012)


def agent_of(name: str, table: Table, model: str | None = None) -> Agent:
    """The racer itself. Raises InvalidInput for a language model that is not set."""
    if name == LLM:
        return language_agent(table, settings_for(model))
    return Expert() if name == "expert" else Sampler(name)


@cache
def table_of(name: str) -> Table:
    """Loaded once in each process."""
    return tables([name])[0]


def one(job: tuple[str, str, int, str | None]) -> list[Moment]:
    """One repeat of one racer on one table."""
    name, racer, seed, model = job
    agent, rules = RACERS[racer]
    table, moments = table_of(name), list[Moment]()
    for moment in Track(table, agent_of(agent, table, model), rules, seed).race():
        moments.append(moment)
        if moment.cost >= max(AFTER) and any(table.reaches(each.cell) for each in moments):
            break  # nothing more is asked of it
    return moments


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=lambda text: text.split(","))
    known = [racer for racer in RACERS if racer != LLM]
    parser.add_argument("--racers", type=lambda text: text.split(";"), default=known, help="separated by ;")
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--agent", choices=(LLM,), help="race a language model; needs its key and --model")
    parser.add_argument("--model", help="provider:name, as VIRTUALMLE_MODEL")
    parser.add_argument("--work", type=Path, default=Path("~/.cache/virtualmle/race").expanduser(), help="kept races")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    chosen = tables(arguments.tables)[: 2 if arguments.quick else None]
    repeats = 10 if arguments.quick else arguments.repeats
    racers = list(arguments.racers)
    if arguments.agent == LLM:
        check_model(settings_for(arguments.model).model)
        racers.append(LLM)
    races = raced(chosen, racers, repeats, arguments.processes, arguments.model, Kept(arguments.work))
    finishes = {
        table.name: {racer: [finish(each, table) for each in races[table.name][racer]] for racer in racers}
        for table in chosen
    }
    result = _result(chosen, finishes)
    _print(result)
    if not arguments.quick:
        (RESULTS / "race.json").write_text(json.dumps(result, indent=1) + "\n")
        plot.draw(races, chosen, RESULTS / "race.png")


def raced(
    chosen: list[Table], racers: list[str], repeats: int, processes: int, model: str | None, kept: Kept
) -> dict[str, dict[str, list[list[Moment]]]]:
    """Repeats by table and racer; those that were run before are read."""
    races: dict[str, dict[str, list[list[Moment]]]] = {table.name: {} for table in chosen}
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a Gaussian process of one race would take every core
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for table, racer in itertools.product(races, racers):
            known = None if racer == LLM else kept.races(table, racer, repeats)
            if known is None:
                known = pool.map(one, [(table, racer, seed, model) for seed in range(repeats)], chunksize=5)
                kept.keep(table, racer, known)
            races[table][racer] = known
    return races


def _result(chosen: list[Table], finishes: Mapping[str, Mapping[str, list[Finish]]]) -> dict[str, Any]:
    """By table and racer; tables whose default already reaches the target, and those the expert was made on, stand
    apart and out of the ratios."""
    told: dict[str, Any] = {}
    raced = {table.name for table in chosen if not table.reaches(table.default) and table.name not in MADE_ON}
    for table in chosen:
        told[table.name] = {racer: summary(each) for racer, each in finishes[table.name].items()}
        told[table.name].setdefault(LLM, "not run")
    overall = {
        racer: ratios(
            {name: finishes[name]["expert"] for name in raced}, {name: finishes[name][racer] for name in raced}
        )
        for racer in finishes[chosen[0].name]
        if racer != "expert" and "expert" in finishes[chosen[0].name]
    }
    facts = {
        table.name: {
            "default_regret": round(table.regret(table.default), 4),
            "target_share": round(table.target / table.best_value, 4),
            "cells_that_reach": sum(table.reaches(cell) for cell in table.held_out),
            "cells": len(table.runs),
            "default_reaches": table.reaches(table.default),
            "expert_was_made_on_it": table.name in MADE_ON,
            "says": table.meta["says"],
        }
        for table in chosen
    }
    return {**told, "_expert_over": overall, "_tables": facts}


def _print(result: Mapping[str, Any]) -> None:
    for table, racers in result.items():
        if table.startswith("_"):
            continue
        facts = result["_tables"][table]
        apart = "; the default reaches the target, so it stands apart" if facts["default_reaches"] else ""
        apart += "; the expert was made on it, so it stands apart" if facts["expert_was_made_on_it"] else ""
        print(
            f"\n{table}: target {facts['target_share']:.1%} of the best, {facts['cells_that_reach']} cells reach{apart}"
        )
        for racer, told in racers.items():
            if isinstance(told, str):
                print(f"  {racer:24} {told}")
                continue
            trials, regret = told["trials_to_98"], told["regret_after"]
            median = "> 60" if trials["median"] is None else f"{trials['median']:.1f}"
            print(f"  {racer:24} trials {median:>5} {trials['interval']!s:16} regret " + _regret(regret))
    for racer, told in result["_expert_over"].items():
        print(f"expert over {racer}: {told}")


def _regret(regret: Mapping[str, float]) -> str:
    return "  ".join(f"{count}: {value:.1%}" for count, value in regret.items())


if __name__ == "__main__":
    main()
