"""Which step to try next: the one with the largest expected improvement for its cost.

The relative change of a step is believed to be normal. The literature's beliefs, all trials of the study and the
lessons meet in a surrogate; hints from curves and profile then shift what is expected, as far as the trials leave it
open; of a step smaller than a first one, tried after failures, by its share.
Expected improvement: Jones et al. 1998, Journal of Global Optimization 13:455.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.agents.expert.candidates import Candidate, single_steps, together
from core.agents.expert.hints import Hint
from core.agents.expert.knowledge import Belief, belief, joint_cost
from core.agents.expert.places import share_of_a_step
from core.agents.expert.surrogate import Gain, Surrogate, Told
from core.agents.protocol import Evidence, TrialView
from core.memory.carried import effect_of, speaks
from core.memory.consolidation import AUTHOR as CONSOLIDATION
from core.memory.hits import Hit
from core.records import Params
from core.states import Verdict

MOST_TOGETHER = 5  # steps of which combinations are considered
LESSON_SD = 0.02  # spread of an effect that a lesson one is sure of saw on this very data
CHANCE_WORTH_A_TRIAL = 0.05  # of gaining more than the smallest gain worth keeping


@dataclass(frozen=True)
class Estimate:
    """What is believed of one candidate, and from what."""

    candidate: Candidate
    prior: Belief
    mean: float
    sd: float
    value: float  # expected improvement over the smallest gain worth keeping, for what the trial uses of the budget
    hints: tuple[Hint, ...]
    lessons: tuple[Hit, ...]
    trials: tuple[TrialView, ...]

    def chance(self, gain: float) -> float:
        """Probability that the relative change is larger than `gain`."""
        return (1 - math.erf((gain - self.mean) / (self.sd * math.sqrt(2)))) / 2


def rank(candidates: Iterable[Candidate], evidence: Evidence, hints: Sequence[Hint], min_gain: float) -> list[Estimate]:
    """Every candidate with its estimate, best first; equal ones in the order of the space. `min_gain` is relative."""
    offered = list(candidates)
    if not offered:
        return []
    gains = Surrogate(evidence, _told(evidence)).gains([(each.params, each.base) for each in offered])
    estimates = [
        _estimate(candidate, gain, evidence, hints, min_gain) for candidate, gain in zip(offered, gains, strict=True)
    ]
    return sorted(estimates, key=lambda estimate: -estimate.value)


def combined(evidence: Evidence, base: Params, hints: Sequence[Hint], min_gain: float) -> list[Estimate]:
    """Steps on axes that were each tried alone, together; the most promising ones, as far as they may add up."""
    tried = {view.proposal.axis for view in evidence.trials if _tests_it(view) and view.proposal}
    steps = [step for step in single_steps(evidence, base) if step.axis in tried]
    ranked = rank(steps, evidence, hints, min_gain)
    hopeful: dict[str, Candidate] = {}
    for estimate in sorted(ranked, key=lambda each: -each.mean):
        if estimate.mean + estimate.sd > 0:
            hopeful.setdefault(estimate.candidate.axis, estimate.candidate)
    return rank(together(evidence, base, list(hopeful.values())[:MOST_TOGETHER]), evidence, hints, min_gain)


def best_estimate(evidence: Evidence) -> TrialView | None:
    """The trial to plan from: the incumbent, or a trial inconclusive against it of which all trials together expect
    more; of a space that was edited to exclude the incumbent, the best trial inside, None where there is none.

    What is expected of a trial is what its own runs showed, drawn towards what its parts are worth elsewhere
    (core/agents/expert/surrogate.py), so that a lucky seed is not followed far. Beliefs and lessons say where to look;
    what was found is told by trials alone.
    """
    incumbent = evidence.incumbent
    if incumbent is None:
        return None
    if not evidence.space.contains(incumbent.trial.params):  # the space was edited since
        inside = [view for view in evidence.judged if evidence.space.contains(view.trial.params)]
        return max(inside, key=lambda view: view.trial.value or 0.0, default=None)
    rivals = [view for view in evidence.judged if _may_be_better(view) and evidence.space.contains(view.trial.params)]
    if not rivals:
        return incumbent
    value, params = incumbent.trial.value, incumbent.trial.params
    enough = max(0.0, evidence.study.min_gain / value if value else 0.0)
    gains = Surrogate(evidence, by_trials_alone=True).gains([(view.trial.params, params) for view in rivals])
    best, gain = max(zip(rivals, gains, strict=True), key=lambda each: each[1].mean)
    return best if gain.mean > enough else incumbent


def _may_be_better(view: TrialView) -> bool:
    broken = view.comparison is not None and bool(view.comparison.broken_guards)
    return view.trial.verdict is Verdict.INCONCLUSIVE and not broken


def _estimate(
    candidate: Candidate,
    gain: Gain,
    evidence: Evidence,
    hints: Sequence[Hint],
    min_gain: float,
) -> Estimate:
    parts = {(part.axis, part.direction) for part in candidate.parts}
    own_hints = tuple(hint for hint in hints if (hint.axis, hint.direction) in parts)
    lessons = () if candidate.also else _lessons(evidence, candidate)
    trials = tuple(v for v in evidence.trials if _tests_it(v) and v.proposal and v.proposal.axis in candidate.changes)
    shares = {part.axis: share_of_a_step(evidence.space.declared[part.axis], *part.change) for part in candidate.parts}
    shift = sum(hint.shift * shares[hint.axis] for hint in own_hints)
    mean, sd = gain.mean + shift * (gain.deviation / gain.before) ** 2, gain.deviation
    prior = _belief(candidate, gain.before)
    value = expected_improvement(mean - min_gain, sd) / (0.5 + 0.5 * prior.cost)
    return Estimate(candidate, prior, mean, sd, value, own_hints, lessons, trials)


def _belief(candidate: Candidate, deviation: float) -> Belief:
    """The literature's belief of a step, or of several together."""
    beliefs = [belief(part.axis, part.direction) for part in candidate.parts]
    if len(beliefs) == 1:
        return beliefs[0]
    return Belief(
        sum(each.mean for each in beliefs),
        deviation,
        "Each of these axes was tried alone in this study; together they are expected to add up.",
        joint_cost(beliefs),
        any(each.structural for each in beliefs),
    )


def _lessons(evidence: Evidence, candidate: Candidate) -> tuple[Hit, ...]:
    """What speaks of a step or of the one back: the lessons shown, and those that only count beside them."""
    behind = (hit for each in evidence.carried for hit in each.hits)
    known = {hit.lesson.id: hit for hit in (*evidence.hits, *behind)}
    ways = (candidate.direction, _opposite(candidate.direction))
    return tuple(
        h for h in known.values() if speaks(h) and h.lesson.axis == candidate.axis and h.lesson.direction in ways
    )


def _told(evidence: Evidence) -> list[Told]:
    """Observed effects: what other datasets say together, and each lesson of this very data, the less trusted the
    wider. What this study's own trials taught is left out: the trials themselves are counted."""
    told = [
        Told(each.axis, each.direction, each.effect, each.deviation(belief(each.axis, each.direction).sd))
        for each in evidence.carried
    ]
    for hit in evidence.hits:
        lesson = hit.lesson
        is_own = lesson.study_id == evidence.study.id and lesson.author == CONSOLIDATION
        if lesson.level == "cognition" or is_own or not speaks(hit):
            continue
        trust = max(hit.confidence * hit.conditions * hit.profile, 0.05)
        told.append(Told(lesson.axis, lesson.direction, effect_of(hit), LESSON_SD / trust))
    return told


def _tests_it(view: TrialView) -> bool:
    """Whether the trial changed its axis, as proposed, and nothing else."""
    return bool(view.step and view.proposal and len(view.proposal.changes) == 1 and "edit" not in view.decisions)


def expected_improvement(mean: float, sd: float) -> float:
    """E[max(x, 0)] of a normal x."""
    z = mean / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return mean * (1 + math.erf(z / math.sqrt(2))) / 2 + sd * density


def _opposite(direction: str) -> str:
    return {"up": "down", "down": "up"}.get(direction, "")
