"""What an agent is given and what it must give back. A draft becomes a frozen proposal or reflection in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.agents.curves import CurveSummary
from core.memory.carried import Carried
from core.memory.hits import Hit
from core.memory.warm_start import SoftRange, Transferred
from core.records import Params, Proposal, Reflection, Run, Study, Trial
from core.space import SearchSpace
from core.states import RunState, TrialState
from core.verdict import Comparison, SeedNoise


def is_pruned(runs: Sequence[Run]) -> bool:
    """Whether every run that counts for a verdict was pruned; fresh seeds are for the final figure."""
    counted = [run for run in runs if run.purpose != "fresh"]
    return bool(counted) and all(run.state is RunState.PRUNED for run in counted)


@dataclass(frozen=True)
class TrialView:
    """A trial with what came of it."""

    trial: Trial
    proposal: Proposal | None
    runs: tuple[Run, ...]
    curve: CurveSummary | None  # of its best complete run
    comparison: Comparison | None  # with the current best of that moment
    step: Comparison | None  # with the trial it was planned from: what its own step did
    decisions: tuple[str, ...]  # kinds, oldest first
    reasons: tuple[str, ...] = ()  # why a person vetoed or edited it, in their words
    reflection: Reflection | None = None  # None in a study that goes without

    @property
    def minutes(self) -> float | None:
        """Mean training time of its complete runs."""
        ended = [run.seconds / 60 for run in self.runs if run.value is not None]
        return sum(ended) / len(ended) if ended else None

    @property
    def is_pruned(self) -> bool:
        """Whether it was stopped as hopeless: its comparison is of the epoch it came to, and it has no value."""
        return is_pruned(self.runs)

    @property
    def slices(self) -> dict[str, float]:
        """The objective on each slice of users or targets, by name, averaged over its complete runs."""
        values: dict[str, list[float]] = {}
        for run in self.runs:
            for name, value in run.metrics.get("slices", {}).items():
                if isinstance(value, int | float):
                    values.setdefault(name, []).append(float(value))
        return {name: sum(each) / len(each) for name, each in values.items()}


@dataclass(frozen=True)
class Evidence:
    """Everything an agent may know when it plans: the training part's profile, the trials, the memory's hits."""

    study: Study
    space: SearchSpace
    dataset_name: str
    profile: Mapping[str, float | None]
    facets: tuple[str, ...]
    trials: tuple[TrialView, ...]
    noise: SeedNoise
    hits: tuple[Hit, ...]
    remaining: int
    num_items: int
    held_back: tuple[Hit, ...] = ()  # found and not shown: beyond the best, or all of them where memory is off
    transferred: tuple[Transferred, ...] = ()  # whole configs to try first, each with where it comes from
    soft_ranges: Mapping[str, SoftRange] = field(default_factory=dict)  # axis -> where it did well elsewhere
    carried: tuple[Carried, ...] = ()  # what all lessons of other datasets say together, step by step

    @property
    def baseline(self) -> TrialView | None:
        """The plain config's trial, which may still run."""
        return next((view for view in self.trials if view.trial.kind == "baseline"), None)

    @property
    def incumbent(self) -> TrialView | None:
        """The best trial so far by verdict."""
        return next((view for view in self.trials if view.trial.id == self.study.incumbent_id), None)

    @property
    def judged(self) -> tuple[TrialView, ...]:
        """Trials with a value."""
        return tuple(view for view in self.trials if view.trial.value is not None)

    @property
    def retests(self) -> tuple[Hit, ...]:
        """Rules of another version of this data, best first: what held there is tested again before it is believed."""
        rules = (hit for hit in self.hits if hit.lesson.level == "dataset")
        return tuple(hit for hit in rules if hit.lesson.dataset_id != self.study.dataset_id)

    @property
    def axes_under_way(self) -> frozenset[str]:
        """Which axes are changed by what waits, is queued or runs: to plan beside it, choose another."""
        live = (TrialState.PROPOSED, TrialState.APPROVED)
        open_ = [view for view in self.trials if view.trial.state in live and view.trial.judged_at is None]
        return frozenset(axis for view in open_ if view.proposal for axis in view.proposal.changes)


@dataclass(frozen=True)
class Draft:
    """A proposal before it is frozen; `expected` is a relative change of the objective, with its standard deviation.

    A sampler changes several fields, claims nothing and expects nothing: `axis` is empty, `expected` None.
    """

    params: Params
    changes: Mapping[str, tuple[Any, Any]]
    axis: str
    direction: str
    claim: str
    mechanism: str
    expected: float | None
    expected_sd: float | None
    risk: str
    novelty: str
    falsifier: str
    minutes: float | None
    base_trial_id: int | None
    cited: tuple[int, ...] = ()
    decisive: int | None = None
    author: str = ""  # who really wrote it, where that is not the study's agent
    calls: tuple[int, ...] = ()  # the calls of a language model behind it
    money: float | None = 0.0  # what they cost; None: unknown


@dataclass(frozen=True)
class Nothing:
    """No trial is worth proposing, and why; a study whose trials are all judged ends with these words."""

    reason: str


@dataclass(frozen=True)
class Outcome:
    """A judged trial beside the one it was judged against, and the one it was planned from.

    What several fields did together is no lesson about one of them.
    """

    view: TrialView
    against: TrialView | None
    base: TrialView | None

    @property
    def test_of_claim(self) -> Comparison | None:
        """The comparison that puts the proposal's claim to the test; None without a claim, or after an edit."""
        proposal = self.view.proposal
        return None if proposal is None or not proposal.axis or "edit" in self.view.decisions else self.view.step

    @property
    def test_of_axis(self) -> Comparison | None:
        """The test of a claim about one field: what lessons, rules and credit may rest on."""
        proposal = self.view.proposal
        return self.test_of_claim if proposal is not None and len(proposal.changes) == 1 else None


@dataclass(frozen=True)
class ReflectionDraft:
    """A reflection before it is written; `claim_held` is yes, no or unknown."""

    observed: str
    predicted: str
    why: str
    claim_held: str
    rule: str
    next_action: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    author: str = ""  # who really wrote it, where that is not the study's agent


class Agent(Protocol):
    """Plans and reflects; changes nothing itself."""

    name: str

    def propose(self, evidence: Evidence) -> Draft | Nothing:
        """The next trial worth running."""
        ...

    def reflect(self, evidence: Evidence, outcome: Outcome) -> ReflectionDraft:
        """What a judged trial teaches."""
        ...
