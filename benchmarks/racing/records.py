"""A race's trials as the program's own records, so that agents and verdicts need not know that it is one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.tables.cells import OBJECTIVE
from benchmarks.tables.table import Recorded, Table
from core.agents.curves import CurveSummary, summarise
from core.agents.protocol import Draft, TrialView
from core.approval import config_hash
from core.records import IntermediateValue, Proposal, Run, Study, Trial
from core.space import SearchSpace
from core.states import Autonomy, RunState, StudyState, TrialState
from core.verdict import Comparison

MOST_TRIALS = 60.0  # a race ends here whoever is still running


def study_of(table: Table, space: SearchSpace, seed: int, incumbent: int, use_memory: bool) -> Study:
    return Study(
        id=1,
        name=table.name,
        dataset_id=str(table.meta["lineage"]),
        backbone=table.backbone,
        objective=OBJECTIVE,
        state=StudyState.ACTIVE,
        agent="",
        autonomy=Autonomy.AUTOPILOT,
        space={},
        space_version=1,
        max_trials=int(MOST_TRIALS),
        max_epochs=1,
        min_gain=0.0,
        guards={},
        deadline_seconds=None,
        seed=seed,
        masking=str(table.meta["masking"]),
        stamp=str(table.meta["stamp"]),
        instructions="",
        use_memory=use_memory,
        extra_seeds=True,
        incumbent_id=incumbent,
        recommended_id=None,
        version=1,
        created_by="race",
        created_at=0.0,
    )


def view_of(
    number: int,
    params: Mapping[str, Any],
    kind: str,
    runs: Sequence[Recorded],
    draft: Draft | None,
    comparison: Comparison | None,
    step: Comparison | None,
) -> TrialView:
    value = float(np.mean([run.value for run in runs])) if runs else None
    trial = Trial(
        id=number,
        study_id=1,
        number=number,
        kind=kind,
        state=TrialState.APPROVED,
        params=params,
        seeds=tuple(range(len(runs))),
        space_version=1,
        stamp="",
        config_hash=config_hash(params),
        approval_hash="",
        value=value,
        verdict=comparison.verdict if comparison else None,
        comparison=None,
        step_comparison=None,
        judged_at=0.0,
        looks=1,
        created_at=0.0,
    )
    best = max(runs, key=lambda run: run.value, default=None)
    return TrialView(
        trial=trial,
        proposal=_proposal(number, draft) if draft else None,
        runs=tuple(_run_record(number, run) for run in runs),
        curve=_curve(best) if best is not None else None,
        comparison=comparison,
        step=step,
        decisions=("approve",),
    )


def _proposal(number: int, draft: Draft) -> Proposal:
    return Proposal(
        id=number,
        trial_id=number,
        author=draft.author,
        params=draft.params,
        changes=draft.changes,
        axis=draft.axis,
        direction=draft.direction,
        claim=draft.claim,
        mechanism=draft.mechanism,
        expected={"relative": draft.expected, "relative_sd": draft.expected_sd},
        risk=draft.risk,
        novelty=draft.novelty,
        falsifier=draft.falsifier,
        cost={},
        base_trial_id=draft.base_trial_id,
        created_at=0.0,
    )


def _run_record(number: int, run: Recorded) -> Run:
    epochs = len(run.curve)
    return Run(
        id=number * 1000 + run.seed,
        trial_id=number,
        study_id=1,
        seed=run.seed,
        purpose="trial",
        state=RunState.COMPLETE,
        attempt=1,
        losses=0,
        worker=None,
        lease_until=None,
        epoch=epochs,
        best_epoch=int(run.curve.argmax()) + 1 if epochs else None,
        value=run.value,
        metrics={"slices": dict(run.slices)},
        error=None,
        seconds=60.0,
        created_at=0.0,
    )


def _curve(run: Recorded) -> CurveSummary | None:
    rows = [
        IntermediateValue(1, epoch, 1, None, {OBJECTIVE: float(value)}, 1.0) for epoch, value in enumerate(run.curve, 1)
    ]
    return summarise(rows, OBJECTIVE)
