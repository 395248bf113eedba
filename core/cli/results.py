"""reveal, report, export: what came out of a study."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from core.cli.output import cannot_write, note, print_json, print_table, say
from core.cli.study_json import study_json
from core.errors import InvalidInput
from core.export import csv_text, trial_rows
from core.figures import change, metric
from core.models.export import export_model
from core.models.reveal import RevealFailed
from core.models.seeds import Seeds
from core.models.using import named_run
from core.records import Reveal, Study
from core.report.report import write_report
from core.verdict import Comparison
from core.worker.launch import ensure_worker
from core.worker.processes import run_once
from core.workspace import Workspace

FORMATS = (".csv", ".json")
POLL_SECONDS = 0.5


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    revealed = verbs.add_parser("reveal", help="open the sealed test of a finished study: once, on the record")
    revealed.add_argument("study")
    revealed.add_argument("--name", help="who looks (default: you)")
    revealed.add_argument("--refit", action="store_true", help="also score it refitted on training plus validation")
    revealed.add_argument("--json", action="store_true")
    revealed.set_defaults(run=reveal_study)
    reported = verbs.add_parser("report", help="the one-page report, as Markdown and HTML")
    reported.add_argument("study")
    reported.add_argument("--out", type=Path, help="folder (default: report-STUDY here)")
    reported.set_defaults(run=report_study)
    exported = verbs.add_parser("export", help="the trials of a study as CSV or JSON, or its best model")
    exported.add_argument("study", help="a study; with --model also STUDY/TRIAL")
    where = exported.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, help="a .csv or .json file (default: CSV on standard output)")
    where.add_argument(
        "--model", type=Path, metavar="DIR", help="the best model, as a folder that recommends by itself"
    )
    exported.set_defaults(run=export_study)


def reveal_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """Ask for the reveal, wait for the worker to score it, print it; one that was opened before is shown again."""
    study = workspace.store.studies.get(given.study)
    before = workspace.store.reveals.of_study(study.id)
    if before is None or before.state == "failed":
        reveal = workspace.reveals.request(study, given.name or given.actor, given.refit)
        note(f"look {reveal.look} at this test, by {reveal.actor}; scoring")
    elif before.state == "done":
        note(f"opened before, by {before.actor}: a study's test opens once, and this is what it showed", "dim")
    reveal = _scored(workspace, study)
    if reveal.state == "failed":
        raise RevealFailed(f"{reveal.error}; nothing was shown, so it may be asked for again")
    if given.json:
        print_json({"look": reveal.look, "by": reveal.actor, **(reveal.result or {})})
    else:
        _show_reveal(study, reveal.result or {})
    return 0


def _scored(workspace: Workspace, study: Study) -> Reveal:
    """The reveal once the worker is done with it; a worker that died meanwhile is started again."""
    try:
        while (reveal := workspace.store.reveals.of_study(study.id)) and reveal.state == "requested":
            ensure_worker(workspace.settings)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        note(f"\nthe test is scored without this window; see it: python -m core reveal {study.id}")
        raise
    assert reveal is not None
    return reveal


def _show_reveal(study: Study, result: Mapping[str, Any]) -> None:
    rows = []
    for line in [*result["lines"], *result["refit"]]:
        against = Comparison.from_json(line["chosen_minus_this"]) if line["chosen_minus_this"] else None
        gap = change(against.difference, against.low, against.high) if against else "–"
        values = (metric(line["metrics"][name]) for name in ("ndcg@10", "recall@10", "mrr@10"))
        rows.append((line["label"], line["trial"], line["seeds"], *values, gap))
    columns = ("config", "trial", "seeds", "ndcg@10", "recall@10", "mrr@10", "recommended minus this")
    title = f"test of {study.name} · look {result['look']} at this data's test"
    print_table(columns, rows, title, right=columns[1:], wrap=("config",))
    if result["headline"]:
        head = Comparison.from_json(result["headline"])
        say(f"fresh seeds alone, against the baseline: {change(head.difference, head.low, head.high)}, {head.verdict}")
    elif any(line["label"] == "recommended" for line in result["lines"]):
        say("a finalist has no complete run on fresh seeds: there is no gain free of luck to show")
    else:
        say("the baseline is recommended: there is no gain to show")
    say(result["stamp"], "dim")


def report_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """Write the report."""
    study = workspace.store.studies.get(given.study)
    written = write_report(workspace, study.id, given.out or Path(f"report-{study.id}"))
    say(f"{written.markdown}\n{written.html}")
    return 0


def export_study(workspace: Workspace, given: argparse.Namespace) -> int:
    """The trials as rows, everything as JSON, or the best model."""
    if given.model is not None:
        return _export_model(workspace, given)
    study = workspace.store.studies.get(given.study)
    if given.out is None:
        sys.stdout.write(csv_text(trial_rows(workspace, study)))
        return 0
    if given.out.suffix not in FORMATS:
        raise InvalidInput(f"--out {given.out}: the name must end in {' or '.join(FORMATS)}")
    try:
        with open(given.out, "w", newline="", encoding="utf-8") as file:
            if given.out.suffix == ".json":
                json.dump(study_json(workspace, study), file, indent=2, ensure_ascii=False)
            else:
                file.write(csv_text(trial_rows(workspace, study)))
    except OSError as problem:
        raise cannot_write(given.out, problem) from problem
    say(f"{given.out}")
    return 0


def _export_model(workspace: Workspace, given: argparse.Namespace) -> int:
    study, trial, run = named_run(workspace.store, workspace.artifacts, given.study)
    scorer = partial(run_once, settings=workspace.settings)
    export_model(scorer, workspace.store, workspace.settings, study, trial, run, given.model)
    place = Seeds.of(workspace.store, trial).place(run)
    say(f"{given.model}: trial {trial.number}, {place}; README.md says how to load it")
    return 0
