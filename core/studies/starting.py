"""Starting a study: the plan a person gives, checked, with its baseline approved and queued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.agents.names import AGENTS, LLM
from core.errors import Conflict, InvalidInput
from core.loop.gates import GATES
from core.memory.warm_start import knows_lineage
from core.records import Dataset, Study
from core.space import SearchSpace
from core.stamp import Protocol
from core.states import Autonomy
from core.store import Store
from core.studies.caps import check_caps
from core.studies.guards import check_guards
from recmodels.ranking.metrics import METRICS

BASELINE_SEEDS = 3
MOST_PARALLEL = 16


@dataclass(frozen=True)
class StudyPlan:
    """What a person chooses; all else follows from the dataset."""

    dataset: str
    backbone: str = "sasrec"
    name: str | None = None
    objective: str = "ndcg@10"
    trials: int = 20
    epochs: int = 100
    autonomy: str = "each"
    agent: str = "expert"
    min_gain: float = 0.0
    guards: Mapping[str, float] = field(default_factory=dict)
    deadline_seconds: float | None = None
    seed: int = 1
    space: SearchSpace | None = None
    instructions: str = ""
    use_memory: bool = True
    extra_seeds: bool = True
    use_reflection: bool = True
    use_pruning: bool = True
    ask_for: Sequence[str] = ()  # fields whose change always asks, in gated
    parallel: int = 1  # proposals at a time
    production: Mapping[str, Any] | None = None
    memory_off_share: float = 0.0
    without_lineage: bool = False
    without_lessons: Sequence[int] = ()  # offered by the memory and rejected
    caps: Mapping[str, float] = field(default_factory=dict)
    gates_off: Sequence[str] = ()  # gates of gated that never ask


def start_study(store: Store, plan: StudyPlan, actor: str, model: str | None = None) -> Study:
    """Write the study and queue its baseline with three seeds (and the production config, if one is given).

    `model` is the language model of the settings, without which the agent llm is refused.

    Raises NotFound, UnknownBackbone, InvalidInput, InvalidParams, Conflict, each naming the value and the way out.
    """
    dataset = store.datasets.get(plan.dataset)
    space = plan.space or SearchSpace.of(plan.backbone)
    space = space if dataset.card.get("has_timestamps", True) else space.without_times()
    space = space if dataset.card.get("has_event_types") else space.fix("event_type_discount", 0.0)
    _check(plan, space, dataset)
    _check_agent(plan.agent, model)
    baseline = space.baseline()
    production = space.complete(plan.production) if plan.production else None
    study = store.studies.create(_fields(store, plan, space, dataset), actor)
    seeds = tuple(range(plan.seed, plan.seed + BASELINE_SEEDS))
    store.trials.add_approved(study, "baseline", baseline, seeds, actor, "start", "the plain baseline")
    _say_what_is_known(store, study, dataset, actor)
    if production and production != baseline:
        reason = "the config in production, for comparison"
        store.trials.add_approved(study, "production", production, seeds, actor, "start", reason)
    return study


def _fields(store: Store, plan: StudyPlan, space: SearchSpace, dataset: Dataset) -> dict[str, Any]:
    """The study's row, without what the store adds."""
    return {
        "name": plan.name or _free_name(store, f"{dataset.name}-{plan.backbone}"),
        "dataset_id": dataset.id,
        "backbone": plan.backbone,
        "objective": plan.objective,
        "agent": plan.agent,
        "autonomy": Autonomy(plan.autonomy),
        "space": space.to_json(),
        "max_trials": plan.trials,
        "max_epochs": plan.epochs,
        "min_gain": plan.min_gain,
        "guards": check_guards(plan.guards),
        "deadline_seconds": plan.deadline_seconds,
        "seed": plan.seed,
        "masking": dataset.card["masking"],
        "stamp": Protocol.of(dataset.card, plan.objective, dataset.card["masking"]).stamp,
        "instructions": plan.instructions,
        "use_memory": plan.use_memory,
        "extra_seeds": plan.extra_seeds,
        "use_reflection": plan.use_reflection,
        "use_pruning": plan.use_pruning,
        "ask_for": check_ask_for(plan.ask_for, space),
        "parallel": plan.parallel,
        "memory_off_share": plan.memory_off_share,
        "without_lineage": plan.without_lineage,
        "without_lessons": _known_lessons(store, plan.without_lessons),
        "caps": check_caps(plan.caps),
        "gates_off": check_gates(plan.gates_off),
    }


def _say_what_is_known(store: Store, study: Study, dataset: Dataset, actor: str) -> None:
    """A study whose own data taught the memory starts with answers; that is told, so that nobody calls it transfer."""
    known = knows_lineage(store, study, dataset) if study.use_memory and not study.without_lineage else 0
    if known:
        store.events.note("memory knows this data", actor, {"lessons": known}, study_id=study.id)


def _check(plan: StudyPlan, space: SearchSpace, dataset: Dataset) -> None:
    if space.backbone != plan.backbone:
        raise InvalidInput(f"the search space is one of {space.backbone}, the study's backbone is {plan.backbone}")
    if dataset.archived_at is not None:
        raise Conflict(f"dataset {dataset.name!r} is archived; restore it or choose another")
    if plan.objective not in METRICS:
        raise InvalidInput(f"no metric is called {plan.objective!r}; there are {', '.join(METRICS)}")
    if plan.autonomy not in list(Autonomy):
        raise InvalidInput(f"autonomy {plan.autonomy!r} does not exist; choose {', '.join(Autonomy)}")
    for name, value, low in (("trials", plan.trials, 1), ("epochs", plan.epochs, 1), ("min_gain", plan.min_gain, 0)):
        if value < low:
            raise InvalidInput(f"{name}={value} is too small; give at least {low}")
    check_parallel(plan.parallel)
    if not 0 <= plan.memory_off_share <= 1:
        raise InvalidInput(f"memory_off_share={plan.memory_off_share} is no share; give 0 (never) to 1 (always)")
    if plan.deadline_seconds is not None and plan.deadline_seconds <= 0:
        raise InvalidInput(f"a deadline of {plan.deadline_seconds} s is no time to decide in; give more, or none")
    if not dataset.card["counts"]["validation_targets"]:
        raise InvalidInput(f"dataset {dataset.name!r} has no user to validate on; import one with users of 3 events")


def _check_agent(name: str, model: str | None) -> None:
    if name not in AGENTS:
        raise InvalidInput(f"no agent is called {name!r}; there are {', '.join(AGENTS)}")
    if name == LLM:
        from core.agents.llm.client import check_model  # only where it is wanted: pydantic takes time

        check_model(model)


def _known_lessons(store: Store, ids: Sequence[int]) -> list[int]:
    """Rejected lessons, each once. Raises NotFound for one that is not there."""
    wanted = list(dict.fromkeys(ids))
    known = store.lessons.some(wanted)
    return [known[id].id if id in known else store.lessons.get(id).id for id in wanted]


def check_ask_for(fields: Sequence[str], space: SearchSpace) -> list[str]:
    """The fields that always ask, each once. Raises InvalidInput naming one that the backbone lacks."""
    names = list(dict.fromkeys(name.strip() for name in fields if name.strip()))
    if unknown := [name for name in names if name not in space.declared]:
        raise InvalidInput(
            f"{', '.join(unknown)}: no field of {space.backbone}, so it cannot be asked for; "
            f"there are {', '.join(space.declared)}"
        )
    return names


def check_gates(names: Sequence[str]) -> list[str]:
    """Names of gates, each once. Raises InvalidInput naming one that does not exist."""
    if unknown := [name for name in names if name not in GATES]:
        raise InvalidInput(f"no gate is called {', '.join(unknown)}; there are {', '.join(GATES)}")
    return list(dict.fromkeys(names))


def check_parallel(proposals: int) -> int:
    """How many proposals at a time. Raises InvalidInput."""
    if not 1 <= proposals <= MOST_PARALLEL:
        raise InvalidInput(f"parallel={proposals}: give 1 to {MOST_PARALLEL} proposals at a time")
    return proposals


def _free_name(store: Store, wanted: str) -> str:
    taken = {study.name for study in store.studies.all()}
    names = [wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
