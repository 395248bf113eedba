"""A model's proposal as a draft: every rule that the prompt states is held here, by code."""

from collections.abc import Mapping
from typing import Any

from core.agents.expert.candidates import Candidate, taken
from core.agents.expert.instructions import read as read_instructions
from core.agents.expert.knowledge import belief
from core.agents.llm import prose, telling
from core.agents.llm.answers import InvalidAnswer, ProposalAnswer, ReflectionAnswer
from core.agents.llm.prose import Record
from core.agents.llm.record import numbers_told
from core.agents.protocol import Draft, Evidence, Outcome, ReflectionDraft, TrialView
from core.agents.tried import CLOSE_TO, axes_tried, near
from core.approval import config_hash
from core.records import Params
from core.space import InvalidParams, Param

MOST_CLAIM, MOST_PROSE = 400, 1500  # characters kept of a claim, of other prose
MOST_NUMBER = 10**15  # beyond it whole numbers may not fit a float
RISKS = ("low", "medium", "high")
NOTHING = Record()


def draft(
    evidence: Evidence, base: TrialView | None, config: Params, answer: ProposalAnswer, looked_up: Record = NOTHING
) -> Draft:
    """The proposal, checked against space, history, wishes, lessons and record. Raises InvalidAnswer."""
    params, changes = _changed(evidence, config, answer)
    axis = answer.axis
    before, after = changes[axis]
    direction = _direction(evidence.space.declared[axis], before, after)
    _check_wishes(evidence, changes, params)
    _check_under_way(evidence, config, changes)
    cited = _cited(evidence, answer)
    record = numbers_told(evidence) | looked_up | prose.record([params], [answer.expected_relative, answer.expected_sd])
    texts = {
        name: _checked(text, most, record)
        for name, text, most in (
            ("claim", answer.claim, MOST_CLAIM),
            ("mechanism", _mechanism(answer), MOST_PROSE),
            ("falsifier", answer.falsifier, MOST_CLAIM),
            ("risk", answer.risk_reason, MOST_CLAIM),
        )
    }
    origin = base or evidence.baseline
    step = belief(axis, direction)
    return Draft(
        params=params,
        changes=changes,
        axis=axis,
        direction=direction,
        claim=texts["claim"],
        mechanism=texts["mechanism"],
        expected=answer.expected_relative,
        expected_sd=answer.expected_sd,
        risk=_risk(evidence, answer, texts["risk"], changes),
        novelty=_novelty(evidence, axis, params),
        falsifier=texts["falsifier"],
        minutes=base.minutes * step.cost if base and base.minutes else None,
        base_trial_id=origin.trial.id if origin else None,
        cited=cited,
        decisive=_decisive(evidence, answer, cited, axis, direction),
    )


def reflection(
    evidence: Evidence, outcome: Outcome, computed: ReflectionDraft, answer: ReflectionAnswer
) -> ReflectionDraft:
    """The model's reasons around the computed figures; where code draws no rule, neither does the model."""
    record = numbers_told(evidence) | prose.record([computed.observed, computed.predicted, computed.why])
    why, wrong = prose.check(telling.short(answer.why, MOST_PROSE), record)
    rule, wrong_too = prose.check(telling.short(answer.rule, MOST_CLAIM) if computed.rule else "", record)
    action, wrong_also = prose.check(telling.short(answer.next_action, MOST_CLAIM), record)
    return ReflectionDraft(
        observed=computed.observed,
        predicted=computed.predicted,
        why=why,
        claim_held=computed.claim_held,
        rule=f"{rule} {_scope(evidence)}" if rule else computed.rule,
        next_action=action,
        facts={**computed.facts, "unverified": [*wrong, *wrong_too, *wrong_also]},
    )


def _scope(evidence: Evidence) -> str:
    """Where a rule was seen to hold, in the words a lesson's claim has for it."""
    where = ", ".join(evidence.facets) or "any profile"
    return f"Seen with {evidence.study.backbone} on data with {where}."


def _changed(
    evidence: Evidence, config: Params, answer: ProposalAnswer
) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    space, asked = evidence.space, dict(answer.changes)
    if answer.axis not in asked:
        raise InvalidAnswer(f"axis {answer.axis[:50]!r} is none of the changed fields {', '.join(asked)}")
    if len(asked) > 1 and len(answer.reason_for_several.strip()) < 10:
        raise InvalidAnswer(f"{len(asked)} fields change ({', '.join(asked)}): give reason_for_several, or change one")
    try:
        values = {name: _value(space.searched, name, value) for name, value in asked.items()}
        params = space.complete({**config, **values})
    except InvalidParams as problem:
        raise InvalidAnswer(telling.short(str(problem))) from problem
    changes = {name: (config[name], params[name]) for name in values if config[name] != params[name]}
    if idle := [name for name in values if name not in changes]:
        raise InvalidAnswer(f"{', '.join(idle)} would not change: now {[config[name] for name in idle]}")
    if config_hash(params) in taken(evidence):
        raise InvalidAnswer("that config was tried, waits, or was vetoed; propose another")
    return params, changes


def _value(searched: Mapping[str, Param], name: str, value: Any) -> Any:
    """A value in the field's own type; models write whole numbers as 64.0 and numbers as texts."""
    if name not in searched:
        raise InvalidParams(f"{name[:50]!r} is not searched in this study; choose one of the given fields")
    param = searched[name]
    if isinstance(value, str) and param.kind != "choice":
        return param.parse(value[:50])
    if param.kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | dict):
        raise InvalidParams(f"{name} takes one value")
    if isinstance(value, int) and abs(value) > MOST_NUMBER:
        raise InvalidParams(f"{name} is far too large a number")
    return param.check(value)


def _direction(param: Param, before: Any, after: Any) -> str:
    """As the expert and lessons call it: up, down, or the option."""
    is_text = any(isinstance(value, str | bool) or value is None for value in (before, after))
    return str(after) if is_text or param.kind == "flag" else "up" if after > before else "down"


def _check_wishes(evidence: Evidence, changes: Mapping[str, tuple[Any, Any]], params: Params) -> None:
    orders = read_instructions(evidence.study.instructions, evidence.space.declared)
    for axis, (before, after) in changes.items():
        direction = _direction(evidence.space.declared[axis], before, after)
        if not orders.allows(Candidate(axis, direction, before, after, params)):
            raise InvalidAnswer(f"the owner's wishes forbid {axis} ({direction}). {orders.sentence}"[:600])


def _check_under_way(evidence: Evidence, config: Params, changes: Mapping[str, tuple[Any, Any]]) -> None:
    """Proposals that run side by side change different fields, as long as space and wishes leave others."""
    live, axes = evidence.axes_under_way, evidence.space.active_axes(config).keys()
    orders = read_instructions(evidence.study.instructions, evidence.space.declared)
    free = any(orders.allows(Candidate(axis, "", None, None, config)) for axis in axes - live)
    if free and (busy := sorted(live & changes.keys())):
        raise InvalidAnswer(f"{', '.join(busy)} is under way in a trial without a verdict: choose another field")


def _cited(evidence: Evidence, answer: ProposalAnswer) -> tuple[int, ...]:
    shown = {hit.lesson.id for hit in evidence.hits}
    if unknown := sorted(set(answer.cited_lessons) - shown):
        raise InvalidAnswer(f"lessons {unknown[:5]} were not shown; cite only {sorted(shown)}, or none")
    return tuple(dict.fromkeys(answer.cited_lessons))


def _decisive(
    evidence: Evidence, answer: ProposalAnswer, cited: tuple[int, ...], axis: str, direction: str
) -> int | None:
    """A lesson is paid only where it speaks of this field in this direction."""
    for hit in evidence.hits:
        lesson = hit.lesson
        if lesson.id == answer.decisive_lesson and lesson.id in cited and lesson.kind == "do":
            return lesson.id if (lesson.axis, lesson.direction) == (axis, direction) else None
    return None


def _mechanism(answer: ProposalAnswer) -> str:
    several = f" Several fields at once: {answer.reason_for_several}" if len(answer.changes) > 1 else ""
    return f"{answer.mechanism}{several}"


def _checked(text: str, most: int, record: Record) -> str:
    return prose.check(telling.short(text, most), record)[0]


def _risk(evidence: Evidence, answer: ProposalAnswer, reason: str, changes: Mapping[str, tuple[Any, Any]]) -> str:
    """The model may see more risk than the rules do, never less."""
    declared, several = evidence.space.declared, len(changes) > 1
    structural = any(belief(name, _direction(declared[name], *pair)).structural for name, pair in changes.items())
    least = "high" if structural else "medium" if several else "low"
    level = max(answer.risk, least, key=RISKS.index)
    why = "changes the structure" if structural else "changes several fields at once" if several else ""
    told = "; ".join(filter(None, (why if level != answer.risk else "", reason)))
    return f"{level}: {told}" if told else level


def _novelty(evidence: Evidence, axis: str, params: Params) -> str:
    close = near((view.trial for view in evidence.trials), params)
    beside = f"; {CLOSE_TO} {close}" if close else ""
    tried = axes_tried(evidence).get(axis, [])
    if not tried:
        return f"{axis} was not tried in this study{beside}"
    times = "once" if len(tried) == 1 else f"{len(tried)} times"
    return f"{axis} was tried {times} (trial {', '.join(map(str, tried))}){beside}"
