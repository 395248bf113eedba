"""What a draft will cost: the time its base took from nothing, times what each changed field does to it."""

import math
from collections.abc import Mapping
from typing import Any

from core.agents.expert.knowledge import belief
from core.agents.opening import direction_of
from core.agents.protocol import Draft, Evidence
from core.loop.kin import has_priors
from core.records import Params
from core.worker.reuse import trained

Changes = Mapping[str, tuple[Any, Any]]


def minutes_of(draft: Draft, evidence: Evidence) -> float | None:
    """Expected training time; from the baseline's where its base has none yet, None while neither has ended."""
    base = next((view for view in evidence.trials if view.trial.id == draft.base_trial_id), None)
    if base is not None and base.minutes:
        return base.minutes * _relative(draft, draft.changes)
    baseline = evidence.baseline
    if baseline is not None and baseline.minutes:
        return baseline.minutes * _relative(draft, _changes(baseline.trial.params, draft.params))
    return None


def times_the_baseline(draft: Draft, evidence: Evidence) -> float | None:
    """Expected cost as a multiple of the baseline's; by belief alone while the baseline still runs."""
    baseline = evidence.baseline
    if baseline is None:
        return None
    if baseline.minutes and draft.minutes:
        return draft.minutes / baseline.minutes
    return _relative(draft, _changes(baseline.trial.params, draft.params))


def _relative(draft: Draft, changes: Changes) -> float:
    """What the changes multiply the cost by; of priors alone a sweep, since the weights are taken over."""
    costs = {axis: belief(axis, direction_of(before, after)).cost for axis, (before, after) in changes.items()}
    shaping = trained(costs)
    if costs and not shaping and has_priors(draft.params):
        return max(costs.values())
    return math.prod(shaping.values())


def _changes(before: Params, after: Params) -> Changes:
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}
