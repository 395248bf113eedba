"""Trials as rows, under the column names of the paper's own tables, so that both can be read by one script."""

import json
from typing import Any

from core.records import Study, Trial
from core.states import Verdict
from core.workspace import Workspace

METRIC_COLUMNS = ("recall@5", "recall@10", "ndcg@5", "ndcg@10")


def trial_rows(workspace: Workspace, study: Study) -> list[dict[str, Any]]:
    """One row for each trial; metrics with six decimals, means over the trial's seeds."""
    dataset = workspace.store.datasets.get(study.dataset_id)
    return [_row(workspace, study, dataset.name, trial) for trial in workspace.store.trials.of_study(study.id)]


def _row(workspace: Workspace, study: Study, domain: str, trial: Trial) -> dict[str, Any]:
    proposal = workspace.store.proposals.proposal(trial.id)
    reflection = workspace.store.proposals.reflection(trial.id)
    runs = [run for run in workspace.store.runs.of_trial(trial.id) if run.value is not None and run.purpose != "fresh"]
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
        "stamp": trial.stamp,
        "params": json.dumps(dict(trial.params), sort_keys=True),
    }
    return row
