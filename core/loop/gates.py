"""When a `gated` study asks: cost, several fields for no reason, structure, risk, novelty, a lesson that says
otherwise, or a named field."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from core.agents.expert.knowledge import belief
from core.agents.protocol import Draft, Evidence
from core.agents.tried import axes_tried
from core.loop.costs import times_the_baseline
from core.memory.records import Lesson
from core.records import Study, Trial
from core.space import Param
from core.states import TrialState
from core.store import Store

GATES = {  # name -> when it asks
    "cost": "a trial is expected to take more than twice as long as the baseline",
    "several": "several fields change at once, and no reason is given",
    "structure": "a change is one of the model's structure, such as its loss or position",
    "risk": "the agent itself calls the risk high",
    "novelty": "a field or an option was never tried, and no lesson speaks of it",
    "conflict": "a lesson of the memory says otherwise",
}
EVENT = "gate fired"
COST_FACTOR = 2.0  # asks when a trial takes this many times as long as the baseline


@dataclass(frozen=True)
class Asked:
    """Why a proposal asks, and the gate that says so; a field that the study names asks by no gate."""

    why: str
    gate: str = ""


def fired(draft: Draft, evidence: Evidence) -> list[Asked]:
    """What a draft trips of the gates that are on; empty when nothing needs asking."""
    structural = list(_structure(draft, evidence))
    risky = [] if structural or not draft.risk.startswith("high") else [f"risk is {draft.risk}"]
    tripped = {
        "cost": _cost(draft, evidence),
        "several": _several(draft),
        "structure": structural,
        "risk": risky,
        "novelty": _novelty(draft, evidence),
        "conflict": _conflicts(draft, evidence),
    }
    named = [Asked(why) for why in _named(draft, evidence)]
    return named + [
        Asked(why, gate) for gate in tripped if gate not in evidence.study.gates_off for why in tripped[gate]
    ]


def gates_of(store: Store, study: Study, trial: Trial) -> list[str]:
    """Why a waiting trial asks: what it tripped when it was proposed of the gates that are on now, and the fields its
    study names now."""
    events = [event.detail for event in store.events.newest(50, trial_id=trial.id) if event.kind == EVENT]
    told = [each for detail in events for each in zip_longest(detail["gates"], detail.get("names", ()), fillvalue="")]
    kept = [str(why) for why, gate in told if gate not in study.gates_off]
    proposal = store.proposals.proposal(trial.id)
    named = [_names(axis) for axis in (proposal.changes if proposal else ()) if axis in study.ask_for]
    return list(dict.fromkeys([*kept, *named]))


def _named(draft: Draft, evidence: Evidence) -> Iterator[str]:
    for axis in draft.changes:
        if axis in evidence.study.ask_for:
            yield _names(axis)


def _names(axis: str) -> str:
    return f"{axis} is a field that this study always asks for"


def _cost(draft: Draft, evidence: Evidence) -> Iterator[str]:
    times = times_the_baseline(draft, evidence)
    if times is not None and times > COST_FACTOR:
        yield f"it costs {times:.1f} times the baseline"


def _several(draft: Draft) -> Iterator[str]:
    """Several fields at once teach little about each; a sampler's draw claims nothing."""
    if draft.axis and len(draft.changes) > 1 and not draft.mechanism.strip():
        yield f"{len(draft.changes)} fields change at once, and no reason is given"


def _structure(draft: Draft, evidence: Evidence) -> Iterator[str]:
    for axis, (before, after) in draft.changes.items():
        if belief(axis, direction_of(evidence.space.declared[axis], before, after)).structural:
            yield f"{axis} from {before} to {after} changes the structure"


def _novelty(draft: Draft, evidence: Evidence) -> Iterator[str]:
    """An axis nobody moved in this study, or an option nobody ran, of which the memory does not speak either."""
    tried = axes_tried(evidence)
    for axis, (_, after) in draft.changes.items():
        told = [hit.lesson for hit in evidence.hits if hit.lesson.axis == axis]
        if axis not in tried:
            if not told:
                yield f"{axis} was never tried in this study, and no lesson speaks of it"
        elif not _is_ordered(evidence.space.declared[axis]):
            ran = [view.trial for view in evidence.trials if view.trial.state is TrialState.APPROVED]
            if all(trial.params.get(axis) != after for trial in ran) and all(
                lesson.direction != str(after) for lesson in told
            ):
                yield f"{axis} = {after} was never tried in this study, and no lesson speaks of it"


def _conflicts(draft: Draft, evidence: Evidence) -> Iterator[str]:
    """What the memory says against a change, whether the agent was shown it or not."""
    for hit in (*evidence.hits, *evidence.held_back):
        lesson = hit.lesson
        if not hit.applies or lesson.axis not in draft.changes:
            continue
        direction = direction_of(evidence.space.declared[lesson.axis], *draft.changes[lesson.axis])
        if _speaks_against(lesson, direction):
            yield f"lesson {lesson.id} says otherwise: {lesson.claim}"


def _speaks_against(lesson: Lesson, direction: str) -> bool:
    """To avoid this very step, or to take the field another way."""
    if lesson.kind == "avoid":
        return lesson.direction == direction
    return lesson.kind == "do" and bool(lesson.direction) and lesson.direction != direction


def direction_of(param: Param, before: object, after: object) -> str:
    """As lessons call it: up, down, or the option."""
    is_number = isinstance(before, int | float) and isinstance(after, int | float)
    if param.kind == "flag" or not is_number or isinstance(after, bool):
        return str(after)
    return "up" if after > before else "down"  # type: ignore[operator]


def _is_ordered(param: Param) -> bool:
    return param.kind not in ("choice", "flag") or all(
        isinstance(option, int | float) and not isinstance(option, bool) for option in param.options
    )
