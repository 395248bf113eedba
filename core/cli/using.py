"""recommend: what the best model of a study says comes next, to one history or to all."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from core.artifacts import WEIGHTS
from core.cli.output import print_json, print_table, say
from core.errors import InvalidInput
from core.models.seeds import Seeds
from core.models.using import named_run, recommend, recommend_to_all
from core.worker.processes import run_once
from core.workspace import Workspace


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    verb = verbs.add_parser("recommend", help="what the best model of a study recommends after a history")
    verb.add_argument("study", metavar="RUN", help="a study, whose best run is taken, or STUDY/TRIAL")
    asked = verb.add_mutually_exclusive_group(required=True)
    asked.add_argument("--history", help="raw item ids, oldest first, joined by commas")
    asked.add_argument("--all", type=Path, metavar="OUT.parquet", help="write those of every user to a file")
    verb.add_argument("-k", type=int, default=10)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_recommendations)


def show_recommendations(workspace: Workspace, given: argparse.Namespace) -> int:
    """The best k items, with titles where known."""
    if given.k < 1:
        raise InvalidInput(f"-k {given.k} must be at least 1")
    study, trial, run = named_run(workspace.store, workspace.artifacts, given.study)
    folder = workspace.settings.dataset(workspace.store.datasets.get(study.dataset_id).folder)
    weights, scorer = workspace.artifacts.run(trial, run.seed) / WEIGHTS, partial(run_once, settings=workspace.settings)
    if given.all is not None:
        users = recommend_to_all(scorer, weights, folder, study.masking, given.all, given.k)
        print_json({"file": str(given.all), "users": users}) if given.json else say(f"{given.all}: {users:,} users")
        return 0
    history = [raw.strip() for raw in given.history.split(",") if raw.strip()]
    items = recommend(scorer, weights, folder, study.masking, history, given.k)
    if given.json:
        print_json([vars(item) for item in items])
        return 0
    title = f"trial {trial.number}: {Seeds.of(workspace.store, trial).place(run)}"
    rows = [(place, item.raw, item.title, f"{item.score:.4f}") for place, item in enumerate(items, 1)]
    print_table(("", "item", "title", "score"), rows, title, right=("", "score"))
    return 0
