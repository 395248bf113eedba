"""The expert as an agent: ranks single steps, says why, and reflects with the figures in hand."""

import math
from collections.abc import Sequence
from dataclasses import replace

from core.agents.expert.candidates import Candidate, candidates, failures
from core.agents.expert.hints import hints
from core.agents.expert.instructions import Instructions, read
from core.agents.expert.planning import CHANCE_WORTH_A_TRIAL, Estimate, best_estimate, combined, rank
from core.agents.expert.reflecting import reflect
from core.agents.expert.surrogate import seed_deviation
from core.agents.opening import opening
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft, TrialView
from core.agents.tried import axes_tried
from core.figures import metric, objective_words, percent, signed, signed_percent

MOST_CITED = 8  # lessons that a proposal names, the best; further ones count all the same


class Expert:
    """Deterministic: the same evidence gives the same draft."""

    name = "expert"

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """What the memory suggests to begin with; then the step with the largest expected improvement for its cost,
        unless none is likely to gain enough."""
        if (first := opening(evidence)) is not None:
            return first
        base = best_estimate(evidence)
        orders = read(evidence.study.instructions, evidence.space.declared)
        min_gain = _relative_min_gain(evidence, base)
        unaided = replace(evidence, hits=(), carried=())
        heard = _ranked(evidence if evidence.study.use_memory else unaided, base, orders)
        if not heard:
            return Nothing("nothing left to try in the space")
        if all(step.chance(min_gain) < CHANCE_WORTH_A_TRIAL for step in heard):
            chance = percent(max(step.chance(min_gain) for step in heard))
            return Nothing(f"no step left has more than a {chance} chance of a gain worth keeping")
        chosen = _retest(evidence, heard) or heard[0]
        is_told = bool(evidence.hits or evidence.carried)
        was_led = is_told and chosen.candidate != _ranked(unaided, base, orders)[0].candidate
        draft = _draft(evidence, base, chosen, was_led)
        return replace(draft, mechanism=f"{draft.mechanism} {orders.sentence}".strip())

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """What a judged trial teaches, in figures of the record."""
        return reflect(evidence, outcome)


def _ranked(evidence: Evidence, base: TrialView | None, orders: Instructions) -> list[Estimate]:
    """Every step that instructions allow, best first: on axes that nothing under way changes, where any is left."""
    config = dict(base.trial.params) if base else evidence.space.baseline()
    reasons, min_gain = hints(evidence, base), _relative_min_gain(evidence, base)
    single = rank(candidates(evidence, config), evidence, reasons, min_gain)
    estimates = [*single, *combined(evidence, config, reasons, min_gain)]
    allowed = [each for each in estimates if all(orders.allows(part) for part in each.candidate.parts)]
    beside = [each for each in allowed if not each.candidate.changes.keys() & evidence.axes_under_way]
    return sorted(beside or allowed, key=lambda each: -each.value)


def _retest(evidence: Evidence, ranked: Sequence[Estimate]) -> Estimate | None:
    """A rule of an earlier version of this data comes first, once, before it is believed here."""
    rules = {(hit.lesson.axis, hit.lesson.direction) for hit in evidence.retests if hit.lesson.kind == "do"}
    tried = axes_tried(evidence)
    return next(
        (
            each
            for each in ranked
            if (each.candidate.axis, each.candidate.direction) in rules
            and not each.candidate.also
            and each.candidate.axis not in tried
        ),
        None,
    )


def _relative_min_gain(evidence: Evidence, base: TrialView | None) -> float:
    value = base.trial.value if base else None
    return evidence.study.min_gain / value if value else 0.0


def _draft(evidence: Evidence, base: TrialView | None, chosen: Estimate, was_led: bool) -> Draft:
    candidate, planned_from = chosen.candidate, base or evidence.baseline
    spread = _spread_of_what_is_seen(evidence, planned_from, chosen)
    supporting = sorted(chosen.lessons, key=lambda hit: -hit.score)[:MOST_CITED]
    decisive = supporting[0].lesson.id if was_led and supporting else None
    return Draft(
        params=candidate.params,
        changes=candidate.changes,
        axis=candidate.axis,
        direction=candidate.direction,
        claim=_claim(evidence, chosen, spread),
        mechanism=_mechanism(chosen),
        expected=chosen.mean,
        expected_sd=spread,
        risk=_risk(chosen),
        novelty=_novelty(evidence, candidate),
        falsifier=_falsifier(evidence, base, chosen, spread),
        minutes=_minutes(base, chosen),
        base_trial_id=planned_from.trial.id if planned_from else None,
        cited=tuple(hit.lesson.id for hit in supporting),
        decisive=decisive,
    )


def _spread_of_what_is_seen(evidence: Evidence, base: TrialView | None, chosen: Estimate) -> float:
    """Doubt of the true change, and the noise between one seed and the base's: what is predicted is what is seen."""
    seeds = sum(run.value is not None and run.purpose != "fresh" for run in base.runs) if base else 0
    return math.hypot(chosen.sd, seed_deviation(evidence) * math.sqrt(1 + 1 / max(seeds, 1)))


def _claim(evidence: Evidence, chosen: Estimate, spread: float) -> str:
    steps = chosen.candidate.parts
    change = f"{signed_percent(chosen.mean)} ± {percent(spread)}"
    told = ", ".join(f"{step.axis} from {step.before} to {step.after}" for step in steps)
    return f"{told} change{'s' if len(steps) == 1 else ''} {objective_words(evidence.study.objective)} by {change}."


def _mechanism(chosen: Estimate) -> str:
    sentences = [chosen.prior.mechanism, *(hint.reason for hint in chosen.hints)]
    sentences += [f"Lesson {hit.lesson.id}: {hit.lesson.claim.rstrip('.')}." for hit in chosen.lessons[:2]]
    for view in chosen.trials[-max(2, len(chosen.candidate.parts)) :]:
        if view.step and view.proposal:
            before, after = view.proposal.changes[view.proposal.axis]
            seen = signed_percent(view.step.relative)
            axis = view.proposal.axis if chosen.candidate.also else "it"
            sentences.append(f"Trial {view.trial.number} moved {axis} from {before} to {after}: {seen}.")
    return " ".join(sentences)


def _risk(chosen: Estimate) -> str:
    if chosen.prior.structural:
        return "high: changes the structure, so other settings may fit less well"
    if chosen.mean - 2 * chosen.sd < -0.05:
        return "medium: may lose more than 5 %"
    return "low"


def _novelty(evidence: Evidence, candidate: Candidate) -> str:
    if candidate.also:
        return f"{len(candidate.parts)} axes at once, each tried alone before: {', '.join(candidate.changes)}"
    tried = axes_tried(evidence).get(candidate.axis, [])
    if not tried:
        return f"{candidate.axis} was not tried in this study"
    times = "once" if len(tried) == 1 else f"{len(tried)} times"
    failed = failures(evidence, candidate.axis)
    step = f", so the step is smaller after {failed} without a gain" if failed else ""
    return f"{candidate.axis} was tried {times} (trial {', '.join(map(str, tried))}){step}"


def _falsifier(evidence: Evidence, base: TrialView | None, chosen: Estimate, spread: float) -> str:
    objective = objective_words(evidence.study.objective)
    if base is None or base.trial.value is None:
        return f"The 95 % interval of the change of {objective} lies below {signed(evidence.study.min_gain)}."
    floor = base.trial.value * (1 + chosen.mean - 2 * spread)
    return (
        f"The 95 % interval of the change of {objective} lies below {signed(evidence.study.min_gain)}, "
        f"or its value falls below {metric(floor)}."
    )


def _minutes(base: TrialView | None, chosen: Estimate) -> float | None:
    return base.minutes * chosen.prior.cost if base and base.minutes else None
