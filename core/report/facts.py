"""Everything the report speaks of, as frozen data read from the store and the artifacts; nothing is worded here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.data.card import Card
from core.figures import objective_words
from core.memory.records import Lesson
from core.records import Dataset, Decision, IntermediateValue, Proposal, Reflection, Reveal, Run, Study, Trial
from core.states import RunState, Verdict
from core.store.calls import Spent
from core.verdict import Comparison, SeedNoise

Changes = Mapping[str, tuple[Any, Any]]  # field -> (value before, value in this trial)
Curve = tuple[IntermediateValue, ...]
REPRODUCED_SEEDS = 3  # what a study gives its baseline (core/studies/starting.py)


@dataclass(frozen=True)
class TrialFacts:
    """A trial with what came of it. `against` is the number of the incumbent it was judged against."""

    trial: Trial
    changes: Changes
    against: int | None
    comparison: Comparison | None
    proposal: Proposal | None
    reflection: Reflection | None
    decisions: tuple[Decision, ...]
    runs: tuple[Run, ...]

    @property
    def number(self) -> int:
        """Its number in the study."""
        return self.trial.number

    @property
    def veto(self) -> Decision | None:
        """The decision that refused it."""
        return next((decision for decision in self.decisions if decision.kind == "veto"), None)

    @property
    def edited_by(self) -> str | None:
        """Who changed the proposed config before it ran."""
        return next((decision.actor for decision in self.decisions if decision.kind == "edit"), None)

    @property
    def was_refused(self) -> bool:
        """Whether a guard kept a better trial from becoming the current best."""
        return bool(self.comparison and self.comparison.verdict is Verdict.BETTER and self.comparison.broken_guards)

    @property
    def fresh_seeds(self) -> tuple[int, ...]:
        """Seeds kept for the final figure that ran to their end."""
        return tuple(r.seed for r in self.runs if r.purpose == "fresh" and r.state is RunState.COMPLETE)


@dataclass(frozen=True)
class Cost:
    """`training_seconds` counts every run, failed ones too; `fresh_seconds` is its part on fresh seeds."""

    training_seconds: float
    fresh_seconds: float
    wall_seconds: float
    trials: int
    runs: Mapping[RunState, int]
    model: Spent  # on calls of a language model


@dataclass(frozen=True)
class Facts:
    """A study at one moment. `final` is the recommended trial against the baseline on fresh seeds alone."""

    study: Study
    dataset: Dataset
    card: Card
    words: tuple[str, ...]
    trials: tuple[TrialFacts, ...]
    incumbents: tuple[int, ...]  # trial ids, oldest first
    curves: Mapping[int, tuple[Curve, ...]]  # of baseline and best: trial id -> complete runs
    noise: SeedNoise
    final: Comparison | None
    final_problem: str
    recommended_why: str
    reveal: Reveal | None
    lessons: tuple[Lesson, ...]
    cost: Cost
    written_at: float

    @property
    def objective(self) -> str:
        """As people write it: `NDCG@10`."""
        return objective_words(self.study.objective)

    def by_id(self, id: int | None) -> TrialFacts | None:
        """A trial by its id."""
        return next((each for each in self.trials if each.trial.id == id), None)

    @property
    def baseline(self) -> TrialFacts | None:
        """The plain config."""
        return next((each for each in self.trials if each.trial.kind == "baseline"), None)

    @property
    def best(self) -> TrialFacts | None:
        """What the study recommends, or the best so far by verdict; None before the baseline has a value."""
        return self.by_id(self.study.recommended_id) or self.by_id(self.study.incumbent_id)

    @property
    def is_baseline_best(self) -> bool:
        """Whether nothing took the baseline's place."""
        return self.best is not None and self.best.trial.kind == "baseline"

    @property
    def judged(self) -> tuple[TrialFacts, ...]:
        """Trials with a comparison, those under a second look too."""
        return tuple(each for each in self.trials if each.comparison is not None)

    def with_verdict(self, verdict: Verdict) -> tuple[TrialFacts, ...]:
        """Judged trials of one verdict."""
        return tuple(each for each in self.judged if each.comparison and each.comparison.verdict is verdict)


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields whose values differ, in the order of `after`."""
    names = [*after, *(name for name in before if name not in after)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
