"""The expert as an agent: ranks single steps, says why, and reflects with the figures in hand."""

from dataclasses import replace

from core.agents.expert.candidates import Candidate, candidates, failures
from core.agents.expert.hints import hints
from core.agents.expert.instructions import read
from core.agents.expert.planning import CHANCE_WORTH_A_TRIAL, Estimate, best_estimate, combined, rank
from core.agents.expert.reflecting import reflect
from core.agents.opening import opening
from core.agents.protocol import Draft, Evidence, Nothing, Outcome, ReflectionDraft, TrialView
from core.figures import metric, percent, signed, signed_percent


class Expert:
    """Deterministic: the same evidence gives the same draft."""

    name = "expert"

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """What the memory suggests to begin with; then the step with the largest expected improvement for its cost,
        unless none is likely to gain enough."""
        if (first := opening(evidence)) is not None:
            return first
        base = best_estimate(evidence)
        config = dict(base.trial.params) if base else evidence.space.baseline()
        orders = read(evidence.study.instructions, evidence.space.declared)
        steps = _beside([step for step in candidates(evidence, config) if orders.allows(step)], evidence)
        reasons = hints(evidence, base)
        min_gain = _relative_min_gain(evidence, base)
        heard = [hit for hit in evidence.hits if evidence.study.use_memory]
        several = combined(evidence, config, reasons, min_gain)
        several = [
            each
            for each in several
            if not each.candidate.changes.keys() & evidence.axes_under_way
            and all(orders.allows(part) for part in each.candidate.parts)
        ]
        ranked = sorted([*rank(steps, evidence, reasons, heard, min_gain), *several], key=lambda each: -each.value)
        if not ranked:
            return Nothing("nothing left to try in the space")
        if all(step.chance(min_gain) < CHANCE_WORTH_A_TRIAL for step in ranked):
            chance = percent(max(step.chance(min_gain) for step in ranked))
            return Nothing(f"no step left has more than a {chance} chance of a gain worth keeping")
        chosen = ranked[0]
        unaided = max([*rank(steps, evidence, reasons, [], min_gain), *several], key=lambda each: each.value)
        draft = _draft(evidence, base, chosen, was_led=chosen.candidate != unaided.candidate)
        return replace(draft, mechanism=f"{draft.mechanism} {orders.sentence}".strip())

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """What a judged trial teaches, in figures of the record."""
        return reflect(evidence, outcome)


def _beside(steps: list[Candidate], evidence: Evidence) -> list[Candidate]:
    """Steps on axes that nothing under way changes; all of them where no other is left."""
    return [step for step in steps if step.axis not in evidence.axes_under_way] or steps


def _relative_min_gain(evidence: Evidence, base: TrialView | None) -> float:
    value = base.trial.value if base else None
    return evidence.study.min_gain / value if value else 0.0


def _draft(evidence: Evidence, base: TrialView | None, chosen: Estimate, was_led: bool) -> Draft:
    candidate, planned_from = chosen.candidate, base or evidence.baseline
    supporting = sorted(chosen.lessons, key=lambda hit: -hit.score)
    decisive = supporting[0].lesson.id if was_led and supporting else None
    return Draft(
        params=candidate.params,
        changes=candidate.changes,
        axis=candidate.axis,
        direction=candidate.direction,
        claim=_claim(evidence, chosen),
        mechanism=_mechanism(chosen),
        expected=chosen.mean,
        expected_sd=chosen.sd,
        risk=_risk(chosen),
        novelty=_novelty(evidence, candidate),
        falsifier=_falsifier(evidence, base, chosen),
        minutes=_minutes(base, chosen),
        base_trial_id=planned_from.trial.id if planned_from else None,
        cited=tuple(hit.lesson.id for hit in supporting),
        decisive=decisive,
    )


def _claim(evidence: Evidence, chosen: Estimate) -> str:
    steps = chosen.candidate.parts
    change = f"{signed_percent(chosen.mean)} ± {percent(chosen.sd)}"
    told = ", ".join(f"{step.axis} from {step.before} to {step.after}" for step in steps)
    return f"{told} change{'s' if len(steps) == 1 else ''} {evidence.study.objective} by {change}."


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
    tried = evidence.axes_tried.get(candidate.axis, [])
    if not tried:
        return f"{candidate.axis} was not tried in this study"
    times = "once" if len(tried) == 1 else f"{len(tried)} times"
    failed = failures(evidence, candidate.axis)
    step = f", so the step is smaller after {failed} without a gain" if failed else ""
    return f"{candidate.axis} was tried {times} (trial {', '.join(map(str, tried))}){step}"


def _falsifier(evidence: Evidence, base: TrialView | None, chosen: Estimate) -> str:
    objective = evidence.study.objective
    if base is None or base.trial.value is None:
        return f"The 95 % interval of the change of {objective} lies below {signed(evidence.study.min_gain)}."
    floor = base.trial.value * (1 + chosen.mean - 2 * chosen.sd)
    return (
        f"The 95 % interval of the change of {objective} lies below {signed(evidence.study.min_gain)}, "
        f"or its value falls below {metric(floor)}."
    )


def _minutes(base: TrialView | None, chosen: Estimate) -> float | None:
    return base.minutes * chosen.prior.cost if base and base.minutes else None
