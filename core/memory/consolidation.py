"""From verdicts to lessons: conclusive ones become study lessons; what a study's end makes of them is promotion.

Code writes only what code wrote: a lesson that a person worded or locked keeps its words, and gathers evidence.
"""

from collections.abc import Mapping
from typing import Any

from core.agents.protocol import Outcome
from core.memory.conditioning import conditions_of
from core.memory.records import Lesson
from core.memory.wording import claim, reworded
from core.records import Dataset, Study
from core.states import Verdict
from core.store import Store
from core.verdict import Comparison

AUTHOR = "consolidation"
IN_USE = ("active", "muted")


class Consolidation:
    """Writes lessons and evidence; never from an inconclusive verdict."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def learn(self, study: Study, dataset: Dataset, outcome: Outcome) -> Lesson | None:
        """The study lesson a conclusive verdict writes or strengthens; None for any other."""
        proposal, comparison = outcome.view.proposal, outcome.test_of_axis
        if proposal is None or not is_conclusive(comparison):
            self._forget(study, outcome.view.trial.id)
            return None
        assert comparison is not None
        lesson = self._same(study, proposal.axis, proposal.direction) or self.write(
            study,
            dataset,
            "study",
            proposal.axis,
            proposal.direction,
            f"trial {outcome.view.trial.number}",
            comparison.relative,
        )
        self._witness(lesson, outcome.view.trial.id, comparison)
        return self.restate(lesson)

    def pay(self, dataset: Dataset, outcome: Outcome) -> None:
        """Credit the lesson that chose axis and direction: one unit per dataset at most, nothing when inconclusive.

        A warning learns only when it was overridden: somebody took the step it speaks against.
        """
        comparison = outcome.test_of_axis
        if comparison is None or not is_conclusive(comparison):
            return
        trial, proposal = outcome.view.trial, outcome.view.proposal
        helped = comparison.verdict is Verdict.BETTER
        for retrieval in self._store.proposals.retrievals(trial.id):
            lesson = self._store.lessons.get(retrieval.lesson_id)
            is_step = proposal is not None and (lesson.axis, lesson.direction) == (proposal.axis, proposal.direction)
            is_overridden = lesson.kind == "avoid" and retrieval.shown and is_step
            is_choice = lesson.kind != "avoid" and retrieval.decisive and is_step
            if not (is_overridden or is_choice) or self._was_paid(lesson.id, dataset):
                continue
            won = helped if is_choice else not helped
            self._store.lessons.pay(lesson.id, trial.id, float(won), float(not won))

    def write(
        self, study: Study, dataset: Dataset, level: str, axis: str, direction: str, reason: str, effect: float
    ) -> Lesson:
        """A rule at a level, in words, with its scope."""
        values = {
            "level": level,
            "kind": "do" if effect > 0 else "avoid",
            "claim": claim(study, dataset, level, axis, direction, effect),
            "axis": axis,
            "direction": direction,
            "effect": effect,
            "backbone": study.backbone,
            "dataset_id": dataset.id,
            "study_id": study.id if level == "study" else None,
            "stamp": None if level == "cognition" else study.stamp,
            "conditions": conditions_of(dataset, axis) if level == "cognition" else "",
            "lineage": dataset.lineage,
        }
        return self._store.lessons.add(values, AUTHOR, reason)

    def restate(self, lesson: Lesson) -> Lesson:
        """Turn a rule round when its evidence has turned; a person's wording is never overwritten."""
        now = self._store.lessons.get(lesson.id)
        kind = "do" if (now.effect or 0.0) > 0 else "avoid"
        if now.effect is None or kind == now.kind or not self.is_ours(now):
            return now
        for each in self._store.lessons.evidence(now.id):
            speaks = outcome_of(each.effect, kind)
            self._store.lessons.add_evidence(now.id, each.trial_id, speaks, each.effect, each.low, each.high)
        changes = {"kind": kind, "claim": reworded(now), "low": None, "high": None}
        return self.rewrite(now, changes, "evidence turned")

    def rewrite(self, lesson: Lesson, changes: Mapping[str, Any], reason: str) -> Lesson:
        """The next revision by code; what cites the lesson and waits is stale then, as after a person's edit."""
        edited = self._store.lessons.edit(lesson.id, lesson.revision, changes, AUTHOR, reason)
        why = f"lesson {lesson.id}, which it cites, was changed (revision {edited.revision}): {reason}"
        self._store.proposals.mark_stale(lesson.id, why, AUTHOR)
        return edited

    def is_ours(self, lesson: Lesson) -> bool:
        """Whether only code ever wrote it, and nobody locked it."""
        return not lesson.locked and all(each.author == AUTHOR for each in self._store.lessons.revisions(lesson.id))

    def _same(self, study: Study, axis: str, direction: str) -> Lesson | None:
        equal = {"study_id": study.id, "level": "study", "axis": axis, "direction": direction}
        return next(iter(self._store.lessons.all(IN_USE, **equal)), None)

    def _forget(self, study: Study, trial_id: int) -> None:
        """A trial that was judged again and says nothing clear any more is no evidence any more."""
        for lesson in self._store.lessons.all(IN_USE, study_id=study.id, level="study"):
            if any(each.trial_id == trial_id for each in self._store.lessons.evidence(lesson.id)):
                self._store.lessons.drop_evidence(lesson.id, trial_id)
                self.restate(lesson)
                if not self._store.lessons.evidence(lesson.id) and self.is_ours(lesson):
                    reason = "its only trial was judged again and is clear no more"
                    self.rewrite(self._store.lessons.get(lesson.id), {"status": "archived"}, reason)

    def _witness(self, lesson: Lesson, trial_id: int, comparison: Comparison) -> None:
        assert comparison.low is not None and comparison.high is not None
        scale = comparison.reference or 1.0
        self._store.lessons.add_evidence(
            lesson.id,
            trial_id,
            outcome_of(comparison.relative, lesson.kind),
            comparison.relative,
            comparison.low / scale,
            comparison.high / scale,
        )

    def _was_paid(self, lesson_id: int, dataset: Dataset) -> bool:
        return dataset.id in paid_datasets(self._store, lesson_id)


def is_conclusive(comparison: Comparison | None) -> bool:
    """Whether a comparison says something of its step: clear, and within the study's guards."""
    if comparison is None or comparison.verdict is Verdict.INCONCLUSIVE:
        return False
    return not comparison.broken_guards


def outcome_of(effect: float, kind: str) -> str:
    """Whether a trial with this effect speaks for a rule or against it; a warning is borne out by a loss."""
    return "for" if (effect > 0) == (kind == "do") else "against"


def paid_datasets(store: Store, lesson_id: int) -> set[str]:
    """The datasets on which a lesson earned or lost its unit."""
    events = store.events.newest(1000, lesson_id=lesson_id)
    paid = [event.trial_id for event in events if event.kind == "lesson paid" and event.trial_id is not None]
    studies = {store.trials.get(trial_id).study_id for trial_id in paid}
    return {store.studies.get(id).dataset_id for id in studies}
