"""The first proposals of a study: whole configs that the memory suggests, before one axis is moved at a time.

The hook through which memory sets a study's first config (core/memory/warm_start.py). At most two, and the second only
while the first is not clear: once it proved better, or not better, the study's own evidence leads.
"""

from core.agents.expert.candidates import Candidate, taken
from core.agents.expert.instructions import read
from core.agents.protocol import Draft, Evidence, TrialView
from core.approval import config_hash
from core.figures import objective_words, percent, signed, signed_percent
from core.memory.records import Lesson
from core.memory.warm_start import Transferred
from core.states import Verdict

MOST = 2
SHARE = 0.5  # of the sum of the effects seen elsewhere: they overlap, and the data is another
UNKNOWN_GAIN, SPREAD = 0.02, 0.04  # of a config whose effect nobody measured; of every such expectation


def opening(evidence: Evidence) -> Draft | None:
    """The next config that the memory suggests as a whole; None when there is none, or the study has moved on."""
    if evidence.baseline is None:
        return None
    tried = taken(evidence)
    made = [view for view in evidence.trials if view.proposal and _is_opening(view, evidence)]
    is_led = any(view.trial.verdict is Verdict.BETTER for view in evidence.judged)
    if len(made) >= MOST or is_led or any(view.trial.verdict is Verdict.NOT_BETTER for view in made):
        return None
    for each in evidence.transferred:
        if config_hash(each.params) not in tried and _is_allowed(evidence, each):
            return _draft(evidence, evidence.baseline, each)
    return None


def _is_opening(view: TrialView, evidence: Evidence) -> bool:
    hashes = {config_hash(each.params) for each in evidence.transferred}
    return view.proposal is not None and config_hash(view.proposal.params) in hashes


def _is_allowed(evidence: Evidence, each: Transferred) -> bool:
    """Whether it lies in the space as it is now and the owner's wishes forbid none of its fields."""
    if not evidence.space.contains(each.params):
        return False
    orders = read(evidence.study.instructions, evidence.space.declared)
    steps = [
        Candidate(axis, direction_of(before, after), before, after, each.params)
        for axis, (before, after) in each.changes.items()
    ]
    return bool(steps) and all(orders.allows(step) for step in steps)


def _draft(evidence: Evidence, baseline: TrialView, each: Transferred) -> Draft:
    lessons = {hit.lesson.id: hit.lesson for hit in evidence.hits}
    named = [lessons[id] for id in each.lessons.values() if id in lessons]
    axis = _leading(each, named)
    before, after = each.changes[axis]
    expected = _expected(named)
    is_one_step = len(each.changes) == 1
    return Draft(
        params=each.params,
        changes=each.changes,
        axis=axis,
        direction=direction_of(before, after),
        claim=_claim(evidence, each, expected),
        mechanism=_mechanism(each, named),
        expected=expected,
        expected_sd=SPREAD,
        risk="low" if is_one_step else "medium: several fields change at once, so it tells little about each",
        novelty="what other datasets taught; nothing of it was tried in this study",
        falsifier=(
            f"The 95 % interval of the change of {objective_words(evidence.study.objective)} lies below "
            f"{signed(evidence.study.min_gain)}: then what held elsewhere does not hold here."
        ),
        minutes=baseline.minutes,
        base_trial_id=baseline.trial.id,
        cited=tuple(lesson.id for lesson in named),
        decisive=named[0].id if is_one_step and named else None,
    )


def direction_of(before: object, after: object) -> str:
    """As lessons call it: up, down, or the option."""
    numbers = [value for value in (before, after) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2:
        return str(after)
    return "up" if numbers[1] > numbers[0] else "down"


def _leading(each: Transferred, named: list[Lesson]) -> str:
    """The field whose lesson saw the largest effect, else the first that changes."""
    effects = {lesson.axis: lesson.effect or 0.0 for lesson in named if lesson.axis in each.changes}
    return max(effects, key=lambda axis: effects[axis]) if effects else next(iter(each.changes))


def _expected(named: list[Lesson]) -> float:
    effects = [lesson.effect for lesson in named if lesson.effect is not None and lesson.effect > 0]
    return SHARE * sum(effects) if effects else UNKNOWN_GAIN


def _claim(evidence: Evidence, each: Transferred, expected: float) -> str:
    changes = ", ".join(f"{axis} from {before} to {after}" for axis, (before, after) in each.changes.items())
    by = f"{signed_percent(expected)} ± {percent(SPREAD)}"
    return (
        f"{changes} change{'s' if len(each.changes) == 1 else ''} {objective_words(evidence.study.objective)} by {by}."
    )


def _mechanism(each: Transferred, named: list[Lesson]) -> str:
    told = [f"Lesson {lesson.id}: {lesson.claim.rstrip('.')}." for lesson in named[:3]]
    return " ".join([each.sentence[0].upper() + each.sentence[1:], *told])
