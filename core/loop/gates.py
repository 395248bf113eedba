"""When a `gated` study asks a person: cost, risk, novelty, or a lesson that says otherwise."""

from core.agents.protocol import Draft, Evidence

COST_FACTOR = 2.0  # asks when a trial takes this many times as long as the baseline


def fired(draft: Draft, evidence: Evidence) -> list[str]:
    """The gates a draft trips, each as a reason; empty when nothing needs asking."""
    reasons = []
    baseline = next((view.minutes for view in evidence.trials if view.trial.kind == "baseline"), None)
    if baseline and draft.minutes and draft.minutes > COST_FACTOR * baseline:
        reasons.append(f"it costs {draft.minutes / baseline:.1f} times the baseline")
    if draft.risk.startswith("high"):
        reasons.append(f"risk is {draft.risk}")
    for hit in evidence.hits:
        lesson = hit.lesson
        if (lesson.kind, lesson.axis, lesson.direction) == ("avoid", draft.axis, draft.direction) and hit.applies:
            reasons.append(f"lesson {lesson.id} says otherwise: {lesson.claim}")
    return reasons
