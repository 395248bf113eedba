"""Evidence as an agent is shown it, from a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.agents.curves import CurveSummary, summarise
from core.agents.protocol import Evidence, TrialView
from core.approval import config_hash
from core.memory.carried import carried
from core.memory.hits import Hit
from core.memory.records import Lesson
from core.records import IntermediateValue, Proposal, Run, Study, Trial
from core.space import SearchSpace
from core.states import Autonomy, RunState, StudyState, TrialState, Verdict
from core.verdict import Comparison, SeedNoise

SPACE = SearchSpace.of("sasrec")
BASE = 0.05
OBJECTIVE = "ndcg@10"


def study(**changes: Any) -> Study:
    values: dict[str, Any] = {
        "id": 1,
        "name": "toy-sasrec",
        "dataset_id": "d" * 12,
        "backbone": "sasrec",
        "objective": OBJECTIVE,
        "state": StudyState.ACTIVE,
        "agent": "expert",
        "autonomy": Autonomy.AUTOPILOT,
        "space": SPACE.to_json(),
        "space_version": 1,
        "max_trials": 20,
        "max_epochs": 30,
        "min_gain": 0.0,
        "guards": {},
        "seed": 1,
        "deadline_seconds": None,
        "masking": "seen",
        "stamp": "stamp",
        "instructions": "",
        "use_memory": True,
        "extra_seeds": True,
        "incumbent_id": 1,
        "recommended_id": None,
        "version": 1,
        "created_by": "Ada",
        "created_at": 0.0,
    }
    return Study(**{**values, **changes})


def curve(values: Sequence[float], losses: Sequence[float] | None = None) -> CurveSummary:
    """The summary of a curve of the objective; training losses fall steadily unless given."""
    told = losses or [1.0 / (epoch + 1) for epoch in range(len(values))]
    rows = [
        IntermediateValue(1, epoch, 1, loss, {OBJECTIVE: value}, 60.0)
        for epoch, (value, loss) in enumerate(zip(values, told, strict=True), 1)
    ]
    summary = summarise(rows, OBJECTIVE)
    assert summary is not None
    return summary


RISING = [BASE * (1 - 0.7**epoch) for epoch in range(1, 25)]


def comparison(relative: float, verdict: Verdict, error: float = 0.02, **changes: Any) -> Comparison:
    """A change against trial 1, as shares of the base value."""
    values: dict[str, Any] = {
        "verdict": verdict,
        "difference": relative * BASE,
        "error": error * BASE,
        "low": (relative - 2 * error) * BASE,
        "high": (relative + 2 * error) * BASE,
        "degrees": 20.0,
        "user_error": error * BASE / 2,
        "seed_error": error * BASE / 2,
        "min_gain": 0.0,
        "users": 1000,
        "smallest_detectable": 2.8 * error * BASE,
        "seeds": (1, 3),
        "reference": BASE,
        "against": 1,
    }
    return Comparison(**{**values, **changes})


def baseline(values: Sequence[float] = RISING, **params: Any) -> TrialView:
    return view(1, SPACE.complete(params), kind="baseline", seeds=(1, 2, 3), curve_=curve(values))


def step(
    number: int, axis: str, after: Any, relative: float = 0.0, verdict: Verdict | None = None, **changes: Any
) -> TrialView:
    """A judged trial that changed one axis of the default config; inconclusive unless said otherwise."""
    params = SPACE.complete({axis: after})
    before = SPACE.baseline()[axis]
    ordered = isinstance(after, int | float) and not isinstance(after, bool)
    direction = ("up" if after > before else "down") if ordered else str(after)
    proposal = Proposal(
        id=number,
        trial_id=number,
        author="expert",
        params=params,
        axis=axis,
        changes={axis: (before, after)},
        direction=direction,
        claim="",
        mechanism="",
        risk="low",
        expected={"relative": 0.01, "relative_sd": 0.03, "absolute": None, "absolute_sd": None},
        novelty="",
        falsifier="",
        cost={},
        base_trial_id=1,
        created_at=0.0,
    )
    judged = comparison(relative, verdict or Verdict.INCONCLUSIVE)
    return view(number, params, proposal=proposal, comparison_=judged, value=BASE * (1 + relative), **changes)


def view(
    number: int,
    params: Mapping[str, Any],
    kind: str = "planned",
    seeds: tuple[int, ...] = (1,),
    state: TrialState = TrialState.APPROVED,
    value: float | None = BASE,
    proposal: Proposal | None = None,
    comparison_: Comparison | None = None,
    curve_: CurveSummary | None = None,
    decisions: tuple[str, ...] = ("approve",),
    run: Mapping[str, Any] | None = None,
    step_: Comparison | None = None,
) -> TrialView:
    """`step_` is the comparison with the trial it was planned from; the same as the verdict's unless given."""
    trial = Trial(
        id=number,
        study_id=1,
        number=number,
        kind=kind,
        state=state,
        params=params,
        seeds=seeds,
        space_version=1,
        stamp="stamp",
        config_hash=config_hash(params),
        approval_hash="h",
        value=value,
        verdict=comparison_.verdict if comparison_ else None,
        comparison=None,
        step_comparison=None,
        judged_at=1.0,
        looks=1,
        created_at=0.0,
    )
    runs = tuple(_run(number, seed, value, run or {}) for seed in seeds)
    return TrialView(trial, proposal, runs, curve_, comparison_, step_ or comparison_, decisions)


def _run(trial: int, seed: int, value: float | None, changes: Mapping[str, Any]) -> Run:
    values: dict[str, Any] = {
        "id": 10 * trial + seed,
        "trial_id": trial,
        "study_id": 1,
        "seed": seed,
        "purpose": "trial",
        "state": RunState.COMPLETE,
        "attempt": 1,
        "losses": 0,
        "worker": None,
        "lease_until": None,
        "epoch": 20,
        "best_epoch": 15,
        "value": value,
        "metrics": {OBJECTIVE: value},
        "error": None,
        "seconds": 120.0,
        "created_at": 0.0,
    }
    return Run(**{**values, **changes})


def evidence(*views: TrialView, hits: Sequence[Hit] = (), space: SearchSpace = SPACE, **changes: Any) -> Evidence:
    """A baseline and these trials; `changes` are of the study, `profile` of the profile."""
    profile = changes.pop("profile", {"mean_length": 20.0, "p95_length": 60.0, "popularity_gini": 0.5})
    whole = views if any(each.trial.kind == "baseline" for each in views) else (baseline(), *views)
    return Evidence(
        study=study(**{"space": space.to_json(), **changes}),
        space=space,
        dataset_name="toy",
        profile=profile,
        facets=(),
        trials=whole,
        noise=SeedNoise(1e-6, 2),
        hits=tuple(hits),
        remaining=10,
        num_items=100,
        carried=carried(hits),
    )


def lesson_hit(axis: str, direction: str, kind: str = "do", trust: float = 0.5, **changes: Any) -> Hit:
    """A lesson across datasets, found for the study; `trust` is its confidence."""
    values: dict[str, Any] = {
        "id": 7,
        "level": "cognition",
        "kind": kind,
        "claim": f"{axis} {direction}: {kind}",
        "axis": axis,
        "direction": direction,
        "effect": None,
        "backbone": "sasrec",
        "dataset_id": None,
        "study_id": None,
        "stamp": None,
        "conditions": "",
        "lineage": None,
        "status": "active",
        "pinned": False,
        "author": "Ada",
        "revision": 1,
        "wins": 0.0,
        "losses": 0.0,
        "created_at": 0.0,
        "updated_at": 0.0,
    }
    return Hit(Lesson(**{**values, **changes}), score=0.6, text=0.5, profile=1.0, conditions=1.0, confidence=trust)
