"""From verdicts to lessons: conclusive ones become study lessons, those are promoted when the study ends.

A cognition lesson carries the buckets of the profile it was learned under as executable conditions.
"""

from collections.abc import Iterable
from math import inf

from core.agents.protocol import Outcome
from core.data.profile import Profile, values
from core.data.profile_words import BUCKETS, bucket
from core.figures import signed_percent
from core.memory.retrieval import confidence
from core.records import Dataset, Evidence, Lesson, Study
from core.states import Verdict
from core.store import Store
from core.verdict import Comparison

AUTHOR = "consolidation"
CONDITION_FACETS = ("mean_length", "density", "repeat_rate")  # what a rule about training most plausibly depends on


class Consolidation:
    """Writes lessons and evidence; never from an inconclusive verdict."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def learn(self, study: Study, dataset: Dataset, outcome: Outcome) -> Lesson | None:
        """The study lesson a conclusive verdict writes or strengthens; None for any other."""
        proposal, comparison = outcome.view.proposal, outcome.test_of_axis
        if proposal is None or comparison is None or comparison.verdict is Verdict.INCONCLUSIVE:
            return None
        if comparison.broken_guards:
            return None
        lesson = self._same(study, "study", proposal.axis, proposal.direction) or self._write(
            study,
            dataset,
            "study",
            proposal.axis,
            proposal.direction,
            f"trial {outcome.view.trial.number}",
            comparison.relative,
        )
        self._witness(lesson, outcome.view.trial.id, comparison)
        return self._restate(lesson, dataset)

    def pay(self, dataset: Dataset, outcome: Outcome) -> None:
        """Credit the lesson that chose axis and direction: one unit per dataset at most, nothing when inconclusive."""
        comparison = outcome.test_of_axis
        if comparison is None or comparison.verdict is Verdict.INCONCLUSIVE:
            return
        trial = outcome.view.trial
        for retrieval in self._store.proposals.retrievals(trial.id):
            if not retrieval.decisive or self._was_paid(retrieval.lesson_id, dataset):
                continue
            won = comparison.verdict is Verdict.BETTER
            self._store.lessons.pay(retrieval.lesson_id, trial.id, float(won), float(not won))

    def promote(self, study: Study, dataset: Dataset) -> list[Lesson]:
        """At the study's end: its lessons become rules of the dataset, and rules with conditions across datasets."""
        promoted = []
        for lesson in self._store.lessons.all(study_id=study.id, level="study"):
            for level in ("dataset", "cognition"):
                target = self._same_rule(lesson, dataset, level) or self._write(
                    study, dataset, level, lesson.axis, lesson.direction, f"study {study.name}", lesson.effect or 0.0
                )
                for each in self._store.lessons.evidence(lesson.id):
                    self._store.lessons.add_evidence(
                        target.id, each.trial_id, each.outcome, each.effect, each.low, each.high
                    )
                promoted.append(self._restate(target, dataset))
        return promoted

    def _same(self, study: Study, level: str, axis: str, direction: str) -> Lesson | None:
        equal = {"study_id": study.id, "level": level, "axis": axis, "direction": direction}
        return next(iter(self._store.lessons.all(("active", "muted"), **equal)), None)

    def _same_rule(self, lesson: Lesson, dataset: Dataset, level: str) -> Lesson | None:
        equal = {"level": level, "axis": lesson.axis, "direction": lesson.direction, "backbone": lesson.backbone}
        if level == "dataset":
            equal["dataset_id"] = dataset.id
        else:
            equal["conditions"] = conditions_of(dataset)
        return next(iter(self._store.lessons.all(("active", "muted"), **equal)), None)

    def _write(
        self, study: Study, dataset: Dataset, level: str, axis: str, direction: str, reason: str, effect: float
    ) -> Lesson:
        values = {
            "level": level,
            "kind": "do" if effect > 0 else "avoid",
            "claim": _claim(study, dataset, level, axis, direction, effect),
            "axis": axis,
            "direction": direction,
            "effect": effect,
            "backbone": study.backbone,
            "dataset_id": dataset.id,
            "study_id": study.id if level == "study" else None,
            "stamp": None if level == "cognition" else study.stamp,
            "conditions": conditions_of(dataset) if level == "cognition" else "",
            "lineage": dataset.lineage,
        }
        return self._store.lessons.add(values, AUTHOR, reason)

    def _witness(self, lesson: Lesson, trial_id: int, comparison: Comparison) -> None:
        assert comparison.low is not None and comparison.high is not None
        scale = comparison.reference or 1.0
        agrees = (comparison.relative > 0) == (lesson.kind == "do")
        self._store.lessons.add_evidence(
            lesson.id,
            trial_id,
            "for" if agrees else "against",
            comparison.relative,
            comparison.low / scale,
            comparison.high / scale,
        )

    def _restate(self, lesson: Lesson, dataset: Dataset) -> Lesson:
        """Turn a rule round when its evidence has turned; a person's wording is never overwritten."""
        now = self._store.lessons.get(lesson.id)
        written_by_people = any(revision.author != AUTHOR for revision in self._store.lessons.revisions(now.id))
        kind = "do" if (now.effect or 0.0) > 0 else "avoid"
        if written_by_people or kind == now.kind:
            return now
        for each in self._store.lessons.evidence(now.id):
            outcome = "for" if (each.effect > 0) == (kind == "do") else "against"
            self._store.lessons.add_evidence(now.id, each.trial_id, outcome, each.effect, each.low, each.high)
        claim = _reworded(now, dataset)
        return self._store.lessons.edit(now.id, now.revision, {"kind": kind, "claim": claim}, AUTHOR, "evidence turned")

    def _was_paid(self, lesson_id: int, dataset: Dataset) -> bool:
        events = self._store.events.newest(1000, lesson_id=lesson_id)
        paid = [event.trial_id for event in events if event.kind == "lesson paid" and event.trial_id is not None]
        studies = {self._store.trials.get(trial_id).study_id for trial_id in paid}
        return any(self._store.studies.get(id).dataset_id == dataset.id for id in studies)


def conditions_of(dataset: Dataset) -> str:
    """The profile's buckets as an executable condition, such as `mean_length < 10 and density < 0.005`."""
    known = values(Profile.from_json(dataset.profile))
    clauses: list[str] = []
    for facet in CONDITION_FACETS:
        value = known[facet]
        if value is None:
            continue
        held = bucket(facet, value)
        floor = max((each.below for each in BUCKETS[facet] if each.below < held.below), default=-inf)
        clauses += [f"{facet} >= {floor:g}"] if floor > -inf else []
        clauses += [f"{facet} < {held.below:g}"] if held.below < inf else []
    return " and ".join(clauses)


def _phrases(dataset: Dataset) -> str:
    known = values(Profile.from_json(dataset.profile))
    found: Iterable[str] = (
        bucket(facet, value).phrase for facet in CONDITION_FACETS if (value := known[facet]) is not None
    )
    return ", ".join(found)


def _claim(study: Study, dataset: Dataset, level: str, axis: str, direction: str, effect: float) -> str:
    verb = "helps" if effect > 0 else "does not help"
    step = {"up": f"raising {axis}", "down": f"lowering {axis}"}.get(direction, f"{axis} = {direction}")
    where = {"study": "in this study", "dataset": f"on {dataset.name}"}.get(level, f"on data with {_phrases(dataset)}")
    return f"{step.capitalize() if direction in ('up', 'down') else step} {verb} {study.backbone} {where}."


def _reworded(lesson: Lesson, dataset: Dataset) -> str:
    before, after = (" does not help ", " helps ") if (lesson.effect or 0.0) > 0 else (" helps ", " does not help ")
    return lesson.claim.replace(before, after, 1)


def record_of_lesson(lesson: Lesson, evidence: Iterable[Evidence]) -> str:
    """A lesson's record in one line: `helped 2, hurt 0 · mean +2.1 % · trust 0.75`."""
    seen = list(evidence)
    helped = sum(each.effect > 0 for each in seen)
    return (
        f"helped {helped}, hurt {len(seen) - helped} · mean {signed_percent(lesson.effect)} · "
        f"trust {confidence(lesson):.2f}"
    )
