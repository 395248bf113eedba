"""A study as JSON, for programs."""

from typing import Any

from core.loop.closing import final_comparison
from core.records import Proposal, Study, Trial
from core.workspace import Workspace
from recmodels.ranking.metrics import METRICS


def study_json(workspace: Workspace, study: Study) -> dict[str, Any]:
    """The study with every trial: params, decision, proposal, runs, metrics, stamp, verdict, reflection, lessons."""
    trials = workspace.store.trials.of_study(study.id)
    final = final_comparison(workspace.store, workspace.artifacts, study) if study.has_ended else None
    numbers = {trial.id: trial.number for trial in trials}
    return {
        "study": {
            "id": study.id,
            "name": study.name,
            "state": str(study.state),
            "dataset": study.dataset_id,
            "backbone": study.backbone,
            "objective": study.objective,
            "autonomy": str(study.autonomy),
            "agent": study.agent,
            "memory": study.use_memory,
            "reflection": study.use_reflection,
            "pruning": study.use_pruning,
            "ask_for": list(study.ask_for),
            "gates_off": list(study.gates_off),
            "epochs": study.max_epochs,
            "guards": dict(study.guards),
            "caps": dict(study.caps),
            "archived": study.archived_at is not None,
            "parallel": study.parallel,
            "incumbent": numbers.get(study.incumbent_id or 0),
            "recommended": numbers.get(study.recommended_id or 0),
            "fresh_seeds": final.to_json() if final else None,  # the recommended trial against the baseline
        },
        "trials": [_trial(workspace, trial) for trial in trials],
    }


def _trial(workspace: Workspace, trial: Trial) -> dict[str, Any]:
    store = workspace.store
    proposal, reflection = store.proposals.proposal(trial.id), store.proposals.reflection(trial.id)
    decisions = store.trials.decisions(trial.id)
    runs = store.runs.of_trial(trial.id)
    complete = [run.metrics for run in runs if run.value is not None and run.purpose != "fresh"]
    found = store.proposals.retrievals(trial.id)
    return {
        "number": trial.number,
        "kind": trial.kind,
        "state": str(trial.state),
        "params": dict(trial.params),
        "decision": _plain(decisions[0], "kind", "actor", "via", "reason", "approval_hash", "at")
        if decisions
        else None,
        "proposal": proposal_json(proposal) if proposal else None,
        "runs": [
            _plain(run, "id", "seed", "purpose", "state", "best_epoch", "epoch", "value", "seconds", "error")
            for run in runs
        ],
        "metrics": {name: sum(m[name] for m in complete) / len(complete) for name in METRICS} if complete else {},
        "stamp": trial.stamp,
        "verdict": str(trial.verdict) if trial.verdict else None,
        "comparison": trial.comparison,
        "step_comparison": trial.step_comparison,
        "reflection": _plain(reflection, *_REFLECTION) if reflection else None,
        "lessons_cited": [hit.lesson_id for hit in found if hit.cited],
        "lessons_shown": [hit.lesson_id for hit in found if hit.shown],
    }


_REFLECTION = ("observed", "predicted", "why", "claim_held", "rule", "next_action", "facts", "author")
_PROPOSAL = (
    "id",
    "author",
    "changes",
    "claim",
    "mechanism",
    "expected",
    "risk",
    "novelty",
    "falsifier",
    "cost",
    "stale",
)


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """A proposal as plain data."""
    return {**_plain(proposal, *_PROPOSAL), "params": dict(proposal.params)}


def _plain(record: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
