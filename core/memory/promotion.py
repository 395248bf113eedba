"""What a study's end makes of its lessons: rules of the dataset, rules across datasets with conditions, a summary.

Repeated or confirmed rules go to the dataset; every conclusive one goes across datasets, where conditions and the trust
it has to earn hold it back. The evidence table is the source of every figure.
"""

from collections.abc import Callable, Sequence

from core.memory.conditioning import conditions_of
from core.memory.consolidation import AUTHOR, IN_USE, Consolidation, outcome_of
from core.memory.records import Lesson
from core.memory.relations import Relations
from core.memory.wording import Row, Summary, summary
from core.records import Dataset, Study
from core.states import Verdict
from core.store import Store
from core.verdict import Comparison

REPEATS = 2  # conclusive trials that agree
Distil = Callable[[Study, Dataset, Sequence[Row], float | None], Summary]


class Promotion:
    """Reads a study's lessons with their evidence, writes those above them; `distil` puts the table into words."""

    def __init__(self, store: Store, consolidation: Consolidation, distil: Distil = summary) -> None:
        self._store = store
        self._consolidation = consolidation
        self._distil = distil

    def promote(self, study: Study, dataset: Dataset, final: Comparison | None = None) -> list[Lesson]:
        """The lessons written or strengthened; `final` is the recommended trial against the baseline on fresh seeds."""
        lessons = self._store.lessons.all(study_id=study.id, level="study")
        lessons = [lesson for lesson in lessons if lesson.axis and self._store.lessons.evidence(lesson.id)]
        confirmed = self._confirmed(study, final)
        promoted = []
        for lesson in lessons:
            if lesson.axis in confirmed or self._is_repeated(lesson, study):
                promoted.append(self._raise(lesson, study, dataset, "dataset"))
            promoted.append(self._raise(lesson, study, dataset, "cognition"))
        if lessons:
            promoted.append(self._summarise(study, dataset, lessons, final))
        Relations(self._store).relate(promoted, AUTHOR)
        return promoted

    def _confirmed(self, study: Study, final: Comparison | None) -> set[str]:
        """The fields that the recommended config changed, when fresh seeds say that it is better."""
        if final is None or final.verdict is not Verdict.BETTER or study.recommended_id is None:
            return set()
        baseline = next(each for each in self._store.trials.of_study(study.id) if each.kind == "baseline")
        params = self._store.trials.get(study.recommended_id).params
        return {name for name, value in params.items() if baseline.params.get(name) != value}

    def _is_repeated(self, lesson: Lesson, study: Study) -> bool:
        """By trials of one stamp alone: figures under different stamps are never compared."""
        agreeing = [each.trial_id for each in self._store.lessons.evidence(lesson.id) if each.outcome == "for"]
        if sum(self._store.trials.get(id).stamp == study.stamp for id in agreeing) >= REPEATS:
            return True
        equal = {"axis": lesson.axis, "direction": lesson.direction, "kind": lesson.kind, "backbone": lesson.backbone}
        others = self._store.lessons.all(IN_USE, dataset_id=study.dataset_id, stamp=study.stamp, **equal)
        return any(other.level != "cognition" and other.study_id != lesson.study_id for other in others)

    def _raise(self, lesson: Lesson, study: Study, dataset: Dataset, level: str) -> Lesson:
        """The rule at a wider level, with the evidence of this one and the values that did well."""
        target = self._same_rule(lesson, study, dataset, level) or self._consolidation.write(
            study, dataset, level, lesson.axis, lesson.direction, f"study {study.name}", lesson.effect or 0.0
        )
        for each in self._store.lessons.evidence(lesson.id):
            speaks = outcome_of(each.effect, target.kind)
            self._store.lessons.add_evidence(target.id, each.trial_id, speaks, each.effect, each.low, each.high)
        return self._with_range(self._consolidation.restate(target))

    def _same_rule(self, lesson: Lesson, study: Study, dataset: Dataset, level: str) -> Lesson | None:
        """Of one lineage alone: a rule that mixed them could not be left out by lineage any more. Below cognition of
        one stamp alone."""
        equal = {"level": level, "axis": lesson.axis, "direction": lesson.direction, "backbone": lesson.backbone}
        if level == "dataset":
            equal |= {"dataset_id": dataset.id, "stamp": study.stamp}
        else:
            equal |= {"conditions": conditions_of(dataset, lesson.axis), "lineage": dataset.lineage}
        return next(iter(self._store.lessons.all(IN_USE, **equal)), None)

    def _with_range(self, lesson: Lesson) -> Lesson:
        """The span of the values that helped, as soft limits; none for a warning or an option."""
        winners = [
            self._store.trials.get(each.trial_id).params.get(lesson.axis)
            for each in self._store.lessons.evidence(lesson.id)
            if each.effect > 0
        ]
        numbers = [float(value) for value in winners if isinstance(value, int | float) and not isinstance(value, bool)]
        if lesson.kind != "do" or lesson.direction not in ("up", "down") or not numbers:
            return lesson
        changes = {"low": min(numbers), "high": max(numbers)}
        if (lesson.low, lesson.high) == (changes["low"], changes["high"]) or not self._consolidation.is_ours(lesson):
            return lesson
        return self._consolidation.rewrite(lesson, changes, "the values that helped")

    def _summarise(self, study: Study, dataset: Dataset, lessons: list[Lesson], final: Comparison | None) -> Lesson:
        """One fact per dataset and backbone, told anew by each study that ends there."""
        equal = {"level": "cognition", "kind": "fact", "axis": "", "dataset_id": dataset.id, "author": AUTHOR}
        known = next(iter(self._store.lessons.all(IN_USE, backbone=study.backbone, **equal)), None)
        if known is not None and not self._consolidation.is_ours(known):
            return known
        rows = [self._row(lesson) for lesson in lessons]
        told = self._distil(study, dataset, rows, final.relative if final else None)
        reason = "; ".join(filter(None, (f"study {study.name}", told.how)))
        if known is not None and known.claim == told.text:
            return known
        if known is not None:
            return self._consolidation.rewrite(known, {"claim": told.text}, reason)
        values = {"level": "cognition", "kind": "fact", "claim": told.text, "axis": "", "direction": ""}
        values |= {"backbone": study.backbone, "dataset_id": dataset.id, "lineage": dataset.lineage}
        values |= {"conditions": conditions_of(dataset)}
        return self._store.lessons.add(values, AUTHOR, reason)

    def _row(self, lesson: Lesson) -> Row:
        seen = self._store.lessons.evidence(lesson.id)
        low, high = min(each.low for each in seen), max(each.high for each in seen)
        return Row(lesson.axis, lesson.direction, lesson.effect or 0.0, len(seen), low, high, lesson.claim)
