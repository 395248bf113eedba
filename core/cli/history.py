"""audit: what past runs of other tools show, and which of it is worth remembering."""

import argparse
from typing import Any

from core.cli.output import note, print_json, print_table, say
from core.errors import InvalidInput
from core.history.accepting import accept
from core.history.auditing import Audit, audit
from core.history.reading import read_past
from core.workspace import Workspace
from recmodels.registry import BACKBONES


def add_verbs(verbs: Any) -> None:
    """Add this file's verb to the parser."""
    verb = verbs.add_parser("audit", help="past runs (CSV or Optuna): what was never tried, what cannot be trusted")
    verb.add_argument("source", help="a CSV file, or sqlite:///FILE of an Optuna storage")
    verb.add_argument("--backbone", choices=tuple(BACKBONES), help="default: the column `model`")
    verb.add_argument("--metric", default="ndcg@10", help="the column val_METRIC, METRIC or value (%(default)s)")
    verb.add_argument("--domain", help="the dataset whose runs are read, where a CSV has those of several")
    verb.add_argument("--study", help="the study that is read, where an Optuna storage has several")
    verb.add_argument("--minimise", action="store_true", help="lower is better, as with val_loss")
    verb.add_argument("--accept", default="", metavar="N,N", help="keep these drafts as lessons of --dataset")
    verb.add_argument("--dataset", help="the dataset that the runs were of, for --accept")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_audit)


def show_audit(workspace: Workspace, given: argparse.Namespace) -> int:
    """The findings; nothing is imported but the drafts that are accepted."""
    found = audit(
        read_past(given.source, given.backbone, given.metric, given.domain, given.study, minimise=given.minimise)
    )
    lessons = _accepted(workspace, given, found) if given.accept else []
    if given.json:
        print_json(audit_json(found) | {"accepted": lessons})
        return 0
    for sentence in found.sentences:
        say(sentence)
    for text in found.history.notes:
        note(text, "dim")
    if found.history.ignored:
        note(f"columns that name no field: {', '.join(found.history.ignored)[:300]}", "dim")
    rows = [(each.axis, len(each.values), _values(each.values)) for each in found.touched]
    print_table(("field", "values", "value (runs)"), rows, right=("values",), wrap=("value (runs)",))
    for number, draft in enumerate(found.drafts, start=1):
        say(f"draft {number}: {draft.claim}")
    if found.drafts and not lessons:
        say("keep some: --accept 1,2 --dataset NAME; imported numbers carry no stamp and are never the current best")
    for id in lessons:
        say(f"lesson {id} was written")
    return 0


def _accepted(workspace: Workspace, given: argparse.Namespace, found: Audit) -> list[int]:
    if not given.dataset:
        raise InvalidInput("--accept needs --dataset NAME: a lesson of past runs holds for the data they were of")
    try:
        numbers = [int(text) for text in given.accept.split(",")]
    except ValueError as problem:
        raise InvalidInput(f"--accept {given.accept!r}: write the numbers of drafts, such as 1,3") from problem
    dataset = workspace.store.datasets.get(given.dataset)
    return [lesson.id for lesson in accept(workspace.editing, found, numbers, dataset, given.actor)]


def audit_json(found: Audit) -> dict[str, Any]:
    """The audit as plain data."""
    best = found.best
    return {
        "source": found.history.source,
        "backbone": found.history.backbone,
        "metric": found.history.metric,
        "stamp": None,
        "runs": len(found.history.runs),
        "valued": len(found.history.valued),
        "touched": {each.axis: [[value, count] for value, count in each.values] for each in found.touched},
        "untouched": list(found.untouched),
        "smallest_gap_to_trust": found.gap,
        "gap_is_measured": found.is_gap_measured,
        "repeated_configs": found.repeated,
        "best": {"name": best.name, "value": best.value, "params": dict(best.params)} if best else None,
        "not_told_from_the_best": [{"name": run.name, "value": run.value} for run in found.rivals],
        "drafts": [vars(draft) for draft in found.drafts],
        "findings": list(found.sentences),
        "notes": list(found.history.notes),
    }


def _values(values: tuple[tuple[Any, int], ...]) -> str:
    return ", ".join(f"{value} ({count})" for value, count in values[:12])
