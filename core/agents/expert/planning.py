"""Which step to try next: the one with the largest expected improvement for its cost.

The relative change of a step is believed to be normal. The literature's belief is shifted by hints from curves and
profile, then updated by lessons and by this study's own trials on the same axis, each weighted by its precision.
Expected improvement: Jones et al. 1998, Journal of Global Optimization 13:455.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.agents.expert.candidates import Candidate
from core.agents.expert.hints import Hint
from core.agents.expert.knowledge import Belief, belief
from core.agents.protocol import Evidence, TrialView
from core.memory.consolidation import AUTHOR as CONSOLIDATION
from core.memory.hits import Hit

STEP_CORRELATION = 0.5  # how much of one step's effect is believed of the next step in the same direction
SAME_STEP_CORRELATION = 0.9  # and of the very same step from another base: most effects add up, nearly
LESSON_SD = 0.02  # spread of an effect carried over by a lesson one is sure of
CHANCE_WORTH_A_TRIAL = 0.05  # of gaining more than the smallest gain worth keeping


@dataclass(frozen=True)
class Estimate:
    """What is believed of one candidate, and from what."""

    candidate: Candidate
    prior: Belief
    mean: float
    sd: float
    value: float  # expected improvement over the smallest gain worth keeping, per root of relative cost
    hints: tuple[Hint, ...]
    lessons: tuple[Hit, ...]
    trials: tuple[TrialView, ...]

    def chance(self, gain: float) -> float:
        """Probability that the relative change is larger than `gain`."""
        return (1 - math.erf((gain - self.mean) / (self.sd * math.sqrt(2)))) / 2


def rank(
    candidates: Iterable[Candidate], evidence: Evidence, hints: Sequence[Hint], hits: Sequence[Hit], min_gain: float
) -> list[Estimate]:
    """Every candidate with its estimate, best first; equal ones in the order of the space. `min_gain` is relative."""
    estimates = [_estimate(candidate, evidence, hints, hits, min_gain) for candidate in candidates]
    return sorted(estimates, key=lambda estimate: -estimate.value)


def best_estimate(evidence: Evidence) -> TrialView | None:
    """The trial to plan from: the incumbent, or a trial inconclusive against it whose shrunken estimate lies above it;
    of a space that was edited to exclude the incumbent, the best trial inside, None where there is none.

    An observed difference d with standard error e is shrunk by t^2 / (t^2 + e^2), with t the spread of true effects
    (a James-Stein weight), so that a lucky seed is not followed far.
    """
    incumbent = evidence.incumbent
    if incumbent is None:
        return None
    if not evidence.space.contains(incumbent.trial.params):  # the space was edited since
        inside = [view for view in evidence.judged if evidence.space.contains(view.trial.params)]
        return max(inside, key=lambda view: view.trial.value or 0.0, default=None)
    best, gain = incumbent, 0.0
    for view in evidence.judged:
        comparison = view.comparison
        if comparison is None or view.trial.verdict != "inconclusive" or not comparison.reference:
            continue
        if comparison.broken_guards:
            continue
        spread = belief(view.proposal.axis, view.proposal.direction).sd if view.proposal else 0.02
        error = comparison.error / comparison.reference
        shrunk = comparison.relative * spread**2 / (spread**2 + error**2)
        is_current = comparison.against == incumbent.trial.number and evidence.space.contains(view.trial.params)
        if is_current and shrunk > max(gain, evidence.study.min_gain / comparison.reference):
            best, gain = view, shrunk
    return best


def _estimate(
    candidate: Candidate, evidence: Evidence, hints: Sequence[Hint], hits: Sequence[Hit], min_gain: float
) -> Estimate:
    prior = belief(candidate.axis, candidate.direction)
    own_hints = tuple(h for h in hints if (h.axis, h.direction) == (candidate.axis, candidate.direction))
    lessons = tuple(h for h in hits if h.lesson.axis == candidate.axis and _speaks_to(h, candidate))
    trials = tuple(v for v in evidence.trials if _tests_it(v) and v.proposal and v.proposal.axis == candidate.axis)
    mean, precision = prior.mean + sum(hint.shift for hint in own_hints), prior.sd**-2
    for seen, sd in [*_from_lessons(lessons, candidate, evidence.study.id), *_from_trials(trials, candidate)]:
        mean = (mean * precision + seen * sd**-2) / (precision + sd**-2)
        precision += sd**-2
    sd = precision**-0.5
    value = expected_improvement(mean - min_gain, sd) / math.sqrt(prior.cost)
    return Estimate(candidate, prior, mean, sd, value, own_hints, lessons, trials)


def _speaks_to(hit: Hit, candidate: Candidate) -> bool:
    """A lesson none of whose conditions holds here says nothing, and is not cited."""
    if hit.lesson.kind == "fact" or hit.conditions == 0:
        return False
    return hit.lesson.direction in (candidate.direction, _opposite(candidate.direction))


def _from_lessons(lessons: Iterable[Hit], candidate: Candidate, study_id: int) -> list[tuple[float, float]]:
    """Each lesson as an observed effect; the less trusted or the less it fits, the wider. What this study's own trials
    taught is left out: the trials themselves are counted."""
    seen = []
    for hit in lessons:
        if hit.lesson.study_id == study_id and hit.lesson.author == CONSOLIDATION:
            continue
        effect = hit.lesson.effect
        if effect is None:
            effect = 0.02 if hit.lesson.kind == "do" else -0.02
        if hit.lesson.direction != candidate.direction:
            effect *= -STEP_CORRELATION
        trust = max(hit.confidence * hit.conditions * max(hit.profile, 0.25), 0.05)
        seen.append((effect, LESSON_SD / trust))
    return seen


def _tests_it(view: TrialView) -> bool:
    """Whether the trial changed its axis, as proposed, and nothing else."""
    return bool(view.step and view.proposal and len(view.proposal.changes) == 1 and "edit" not in view.decisions)


def _from_trials(trials: Iterable[TrialView], candidate: Candidate) -> list[tuple[float, float]]:
    """This study's own steps on the axis as observed effects of this one, each with its spread."""
    seen = []
    for view in trials:
        assert view.proposal and view.step
        share = _correlation(view.proposal.changes[candidate.axis], view.proposal.direction, candidate)
        error = view.step.error / view.step.reference if view.step.reference else 1.0
        if share:
            seen.append((share * view.step.relative, max(error, 0.005) + 0.01))
    return seen


def _correlation(change: tuple[Any, Any], direction: str, candidate: Candidate) -> float:
    """How much of a step's effect is believed of the candidate: the same step again, or back; or a further one."""
    before, after = change
    if (before, after) == (candidate.before, candidate.after):
        return SAME_STEP_CORRELATION
    if (after, before) == (candidate.before, candidate.after):
        return -SAME_STEP_CORRELATION
    if direction == candidate.direction:
        return STEP_CORRELATION
    return -STEP_CORRELATION if direction == _opposite(candidate.direction) else 0.0


def expected_improvement(mean: float, sd: float) -> float:
    """E[max(x, 0)] of a normal x."""
    z = mean / sd
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return mean * (1 + math.erf(z / math.sqrt(2))) / 2 + sd * density


def _opposite(direction: str) -> str:
    return {"up": "down", "down": "up"}.get(direction, "")
