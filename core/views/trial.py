"""One trial: what was proposed, what was decided, what came of it, and what may be done with it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.figures import duration, metric, param_value, size
from core.loop.gates import gates_of
from core.loop.judging import SEED_ASKED
from core.records import Decision, Proposal, Reflection, Run, Study, Trial
from core.states import RunState, TrialState
from core.store import Store
from core.verdict import Comparison
from core.views.calls import CallView, calls_of
from core.views.cited import CitedLesson, Remembered, cited_lessons, remembered
from core.views.snapshot import Snapshot, snapshot
from core.views.standing import standing
from core.views.trial_words import detail_of, title_of, verdict_words_of
from core.views.why import Why, why_of

SHOWN = ("ndcg@10", "recall@10", "mrr@10", "coverage@10")
CLAIM_WORDS = {"yes": "claim held", "no": "claim did not hold", "unknown": "claim open"}


@dataclass(frozen=True)
class Change:
    """A field that differs from the trial it was planned from; `proposed` is set where a person edited it."""

    field: str
    before: str
    after: str
    proposed: str | None = None


@dataclass(frozen=True)
class Interval:
    """A change of the objective with its spread: one standard deviation if predicted, 95 % if observed."""

    label: str
    value: float
    low: float | None
    high: float | None
    standing: str  # a verdict, or "predicted"


@dataclass(frozen=True)
class HistoryRow:
    """A decision, or the cancelling, as a line of the history."""

    at: float
    did: str
    actor: str
    via: str
    reason: str
    approval_hash: str


@dataclass(frozen=True)
class Acts:
    """What a person may do with the trial now."""

    decide: bool
    cancel: bool
    clone: bool
    add_seeds: bool
    archive: bool
    retry: tuple[Run, ...]


@dataclass(frozen=True)
class TrialView:
    """Everything the page shows of one trial."""

    trial: Trial
    proposal: Proposal | None
    why: Why | None
    standing: str
    title: str
    changes: tuple[Change, ...]
    against: str
    predicted: Interval | None
    observed: Interval | None
    own_step: Interval | None  # where it was judged against another trial than it was planned from
    verdict_words: str
    detail: tuple[str, ...]
    cost: str
    cited: tuple[CitedLesson, ...]
    remembered: tuple[Remembered, ...]
    reflection: Reflection | None
    claim: str
    history: tuple[HistoryRow, ...]
    runs: tuple[Run, ...]
    calls: tuple[CallView, ...]  # of a language model
    acts: Acts
    gates: tuple[str, ...]  # why it asks, while it waits
    asks_seed: str  # why one more seed is asked for, until a person grants it
    noise_floor: float | None
    min_gain: float

    @property
    def is_stale(self) -> str | None:
        """Why the waiting proposal is out of date."""
        return self.proposal.stale if self.proposal and self.trial.waits else None

    @property
    def is_brief(self) -> bool:
        """Whether its card stays short: nobody predicted what comes of it, and nothing was reflected yet."""
        return not self.trial.waits and self.predicted is None and self.reflection is None


def trial_view(store: Store, study: Study, number: int) -> TrialView:
    """The trial of that number. Raises NotFound."""
    trial = store.trials.by_number(study.id, number)
    proposal = store.proposals.proposal(trial.id)
    runs = store.runs.of_trial(trial.id)
    held = snapshot(store, study)
    noise = held.noise
    comparison = Comparison.from_json(trial.comparison) if trial.comparison else None
    stands = standing(trial, runs)
    reflection = store.proposals.reflection(trial.id)
    base, word = _base(held, trial, proposal)
    acts = _acts(study, trial, runs)
    return TrialView(
        trial=trial,
        proposal=proposal,
        why=why_of(proposal) if proposal else None,
        standing=stands,
        title=title_of(study, trial, stands, comparison),
        changes=_changes(trial, proposal, base),
        against=word,
        predicted=_predicted(proposal),
        observed=_observed(comparison, stands),
        own_step=_own_step(trial, comparison),
        verdict_words=verdict_words_of(study, trial, comparison),
        detail=detail_of(comparison),
        cost=_cost(store, proposal, base),
        cited=cited_lessons(store, trial),
        remembered=remembered(store, study, trial),
        reflection=reflection,
        claim=CLAIM_WORDS[reflection.claim_held] if reflection and proposal else "",
        history=_history(store, trial),
        runs=tuple(runs),
        calls=calls_of(store, trial),
        acts=acts,
        gates=tuple(gates_of(store, study, trial)) if trial.waits else (),
        asks_seed=_asks_seed(store, trial, stands) if acts.add_seeds else "",
        noise_floor=noise.deviation * 2**0.5 if noise.degrees else None,
        min_gain=study.min_gain,
    )


def _base(held: Snapshot, trial: Trial, proposal: Proposal | None) -> tuple[Mapping[str, Any], str]:
    """The config a trial is shown against, and how to name it."""
    planned_from = proposal.base_trial_id if proposal else None
    base = held.ids.get(planned_from) if planned_from else held.baseline
    if base is None or base.id == trial.id:
        return trial.params, ""
    same = sum(base.params.get(name) == value for name, value in trial.params.items())
    return base.params, f"against trial {base.number}; {same} other fields unchanged"


def _changes(trial: Trial, proposal: Proposal | None, base: Mapping[str, Any]) -> tuple[Change, ...]:
    suggested = proposal.params if proposal else trial.params
    names = [n for n in trial.params if base.get(n) != trial.params[n] or suggested.get(n) != trial.params[n]]
    return tuple(
        Change(
            name,
            param_value(base.get(name)),
            param_value(trial.params[name]),
            param_value(suggested.get(name)) if suggested.get(name) != trial.params[name] else None,
        )
        for name in names
    )


def _predicted(proposal: Proposal | None) -> Interval | None:
    if proposal is None:
        return None
    value, sd = proposal.expected.get("absolute"), proposal.expected.get("absolute_sd")
    if value is None or sd is None:
        return None
    return Interval("predicted", value, value - sd, value + sd, "predicted")


def _observed(comparison: Comparison | None, stands: str) -> Interval | None:
    if comparison is None:
        return None
    label = "observed" if comparison.epoch is None else f"by epoch {comparison.epoch}"
    return Interval(label, comparison.difference, comparison.low, comparison.high, stands)


def _own_step(trial: Trial, comparison: Comparison | None) -> Interval | None:
    step = Comparison.from_json(trial.step_comparison) if trial.step_comparison else None
    if step is None or comparison is None or step.against == comparison.against:
        return None
    return Interval(f"from trial {step.against}", step.difference, step.low, step.high, str(step.verdict))


def _cost(store: Store, proposal: Proposal | None, base: Mapping[str, Any]) -> str:
    """Minutes, memory, seeds and money; memory as the trial it was planned from took."""
    if proposal is None:
        return ""
    minutes = proposal.cost.get("minutes")
    parts = [f"**{duration(minutes * 60)}**" if minutes is not None else "time not known yet"]
    runs = store.runs.of_trial(proposal.base_trial_id) if proposal.base_trial_id else []
    peaks = [float(run.metrics["peak_mib"]) for run in runs if run.metrics.get("peak_mib")]
    parts += [f"about {size(round(max(peaks) * 2**20))}"] if peaks else []
    seeds = int(proposal.cost.get("seeds") or 1)
    parts.append(f"{seeds} seed{'s' if seeds != 1 else ''}")
    money = proposal.cost.get("money", 0.0)
    parts.append("model's price not set" if money is None else f"${money:.2f}")
    return " · ".join(parts)


def _history(store: Store, trial: Trial) -> tuple[HistoryRow, ...]:
    """Every decision, and who cancelled it at last."""
    rows = [_row(decision) for decision in store.trials.decisions(trial.id)]
    if trial.state is TrialState.CANCELLED:
        events = store.events.newest(20, trial_id=trial.id)
        ends = [event for event in events if event.kind == "trial cancelled"][:1]
        rows += [HistoryRow(e.at, "cancelled", e.actor, "", str(e.detail.get("reason", "")), "") for e in ends]
    return tuple(rows)


def _row(decision: Decision) -> HistoryRow:
    did = {"approve": "approved", "edit": "edited and approved", "veto": "vetoed", "expire": "let expire"}
    return HistoryRow(
        decision.at, did[decision.kind], decision.actor, decision.via, decision.reason, decision.approval_hash
    )


def _asks_seed(store: Store, trial: Trial, stands: str) -> str:
    if stands != "inconclusive" or trial.looks > 1:
        return ""
    asked = store.events.newest(1, trial_id=trial.id, kind=SEED_ASKED)
    return str(asked[0].detail["why"]) if asked else ""


def _acts(study: Study, trial: Trial, runs: Sequence[Run]) -> Acts:
    open_ = not study.has_ended
    alive = any(not run.has_ended for run in runs)
    approved = trial.state is TrialState.APPROVED
    ended = tuple(run for run in runs if run.state in (RunState.FAILED, RunState.PRUNED))
    return Acts(
        decide=trial.waits and open_,
        cancel=open_ and (trial.waits or (approved and (alive or trial.judged_at is None))),
        clone=open_,
        archive=not (
            alive or trial.waits or trial.kind == "baseline" or trial.id in (study.incumbent_id, study.recommended_id)
        ),
        add_seeds=open_ and approved and trial.kind != "baseline" and trial.judged_at is not None,
        retry=ended if open_ and approved else (),
    )


def shown_metrics(run: Run, objective: str) -> dict[str, str]:
    """The figures of a run that fit a line of a table, the study's own objective first."""
    return {name: metric(run.metrics[name]) for name in dict.fromkeys((objective, *SHOWN)) if name in run.metrics}
