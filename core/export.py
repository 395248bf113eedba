"""Trials as rows, under the column names of the paper's own tables, so that both can be read by one script."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.records import Proposal, Reflection, Run, Study, Trial
from core.states import Verdict
from core.workspace import Workspace

METRIC_COLUMNS = ("recall@5", "recall@10", "ndcg@5", "ndcg@10")


def trial_rows(workspace: Workspace, study: Study, numbers: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """One row for each trial, or for those of these numbers in their order; metrics with six decimals, means over
    the trial's seeds."""
    store = workspace.store
    dataset = store.datasets.get(study.dataset_id)
    trials = store.trials.of_study(study.id)
    if numbers is not None:
        known = {trial.number: trial for trial in trials}
        trials = [known[number] for number in numbers]
    ids = [trial.id for trial in trials]
    proposals, reflections = store.listings.proposals(ids), store.listings.reflections(ids)
    runs: dict[int, list[Run]] = {}
    for run in store.runs.of_study(study.id):
        runs.setdefault(run.trial_id, []).append(run)
    return [
        _row(study, dataset.name, trial, runs.get(trial.id, []), proposals.get(trial.id), reflections.get(trial.id))
        for trial in trials
    ]


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with their header; empty without a row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(
    study: Study,
    domain: str,
    trial: Trial,
    seeds: Sequence[Run],
    proposal: Proposal | None,
    reflection: Reflection | None,
) -> dict[str, Any]:
    runs = [run for run in seeds if run.value is not None and run.purpose != "fresh"]
    parameters = [run.metrics["parameters"] for run in runs if "parameters" in run.metrics]
    row: dict[str, Any] = {
        "run_id": f"{study.name}/{trial.number}",
        "model": study.backbone,
        "domain": domain,
        "hypothesis": proposal.claim if proposal else "",
        "changed_dimension": ", ".join(proposal.changes) if proposal else "",
        "model_params_m": f"{parameters[0] / 1e6:.6f}" if parameters else "",
    }
    for name in METRIC_COLUMNS:
        values = [run.metrics[name] for run in runs if name in run.metrics]
        row[f"val_{name}"] = f"{sum(values) / len(values):.6f}" if values else ""
    row |= {
        "status": "pruned" if trial.pruned_at is not None else str(trial.verdict or trial.state),
        "failure_dimension": proposal.axis if proposal and trial.verdict is Verdict.NOT_BETTER else "",
        "reflection": reflection.observed if reflection else "",
        "generalized_rule": reflection.rule if reflection else "",
        "next_action": reflection.next_action if reflection else "",
        "seeds": len(runs),
        "tags": ", ".join(trial.tags),
        "note": trial.note,
        "stamp": trial.stamp,
        "params": json.dumps(dict(trial.params), sort_keys=True),
    }
    return row
