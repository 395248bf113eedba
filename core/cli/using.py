"""recommend: what the best model of a study says comes next."""

import argparse
from functools import partial
from typing import Any

from core.artifacts import WEIGHTS
from core.cli.output import print_json, print_table
from core.using import best_run, recommend
from core.worker.processes import run_once
from core.workspace import Workspace


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    verb = verbs.add_parser("recommend", help="what the best model of a study recommends after a history")
    verb.add_argument("study")
    verb.add_argument("--history", required=True, help="raw item ids, oldest first, joined by commas")
    verb.add_argument("-k", type=int, default=10)
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_recommendations)


def show_recommendations(workspace: Workspace, given: argparse.Namespace) -> int:
    """The best k items, with titles where known."""
    study = workspace.store.studies.get(given.study)
    dataset = workspace.store.datasets.get(study.dataset_id)
    trial, run = best_run(workspace.store, workspace.artifacts, study)
    weights = workspace.artifacts.run(trial, run.seed) / WEIGHTS
    history = [raw.strip() for raw in given.history.split(",") if raw.strip()]
    scorer = partial(run_once, settings=workspace.settings)
    items = recommend(scorer, weights, workspace.settings.dataset(dataset.folder), study.masking, history, given.k)
    if given.json:
        print_json([vars(item) for item in items])
        return 0
    rows = [(place, item.raw, item.title, f"{item.score:.4f}") for place, item in enumerate(items, 1)]
    print_table(("", "item", "title", "score"), rows, f"trial {trial.number}, seed {run.seed}", right=("", "score"))
    return 0
