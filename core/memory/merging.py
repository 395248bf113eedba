"""Two lessons become one: evidence, links and credit go to the one that is kept, the other is archived and says so."""

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, InvalidInput
from core.memory.consolidation import outcome_of, paid_datasets
from core.memory.editing import Editing
from core.memory.records import ForeignEvidence, Lesson
from core.memory.relations import Relations
from core.records import Trial
from core.store import Store


class Merging:
    """Every step may be repeated: a merge that was cut short is finished by merging again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._editing = Editing(store)
        self._relations = Relations(store)

    def merge(
        self, keep: Lesson, other: Lesson, actor: str, changes: Mapping[str, Any] | None = None
    ) -> tuple[Lesson, list[Trial]]:
        """`keep` with the evidence of both, worded by `changes`; and the trials whose proposals are stale now.

        Raises InvalidInput when they are about different knobs or backbones or say different things, Conflict when one
        is locked or archived, or was edited since it was seen.
        """
        _check(keep, other)
        for each in (keep, other):
            self._check_unchanged(each)
        kept = self._editing.edit(keep, changes, actor, f"merged with {other.id}")[0] if changes else keep
        self._take_evidence(kept, other)
        self._take_credit(kept, other)
        self._store.links.take_over(keep.id, other.id, actor)
        reason = f"merged into lesson {keep.id}"
        _, stale = self._editing.edit(other, {"status": "archived"}, actor, reason)
        self._store.links.add(keep.id, other.id, "supersedes", reason, actor)
        self._relations.relate([self._store.lessons.get(keep.id)], actor)
        why = f"lesson {keep.id}, which it cites, took over what speaks for lesson {other.id}"
        stale += self._store.proposals.mark_stale(keep.id, why, actor)
        return self._store.lessons.get(keep.id), list({trial.id: trial for trial in stale}.values())

    def _check_unchanged(self, seen: Lesson) -> None:
        """Before anything is moved: whoever merges decides on what they saw."""
        now = self._store.lessons.get(seen.id)
        if now.revision != seen.revision:
            raise Conflict(
                f"lesson {seen.id} (you saw revision {seen.revision}) is at revision {now.revision} now; look again, "
                "then merge: nothing was changed"
            )

    def _take_evidence(self, keep: Lesson, other: Lesson) -> None:
        known = {each.trial_id for each in self._store.lessons.evidence(keep.id)}
        for each in self._store.lessons.evidence(other.id):
            if each.trial_id not in known:
                speaks = outcome_of(each.effect, keep.kind)
                self._store.lessons.add_evidence(keep.id, each.trial_id, speaks, each.effect, each.low, each.high)
        for brought in self._store.foreign.evidence(other.id):
            speaks = outcome_of(brought.effect, keep.kind)
            self._store.foreign.add_evidence(
                ForeignEvidence(**{**vars(brought), "lesson_id": keep.id, "outcome": speaks})
            )

    def _take_credit(self, keep: Lesson, other: Lesson) -> None:
        """At most one unit per dataset, as ever: what both earned on one dataset counts once."""
        paid = paid_datasets(self._store, keep.id)
        for event in reversed(self._store.events.newest(1000, lesson_id=other.id)):
            if event.kind != "lesson paid" or event.trial_id is None:
                continue
            dataset_id = self._store.studies.get(self._store.trials.get(event.trial_id).study_id).dataset_id
            if dataset_id not in paid:
                paid.add(dataset_id)
                self._store.lessons.pay(keep.id, event.trial_id, event.detail["won"], event.detail["lost"])


def _check(keep: Lesson, other: Lesson) -> None:
    if keep.id == other.id:
        raise InvalidInput(f"lesson {keep.id} cannot be merged with itself; name two lessons")
    if (keep.axis, keep.backbone) != (other.axis, other.backbone):
        mine, theirs = (f"{each.axis or 'no knob'} of {each.backbone or 'any backbone'}" for each in (keep, other))
        raise InvalidInput(f"lesson {keep.id} is about {mine}, lesson {other.id} about {theirs}; they do not merge")
    if (keep.kind, keep.direction) != (other.kind, other.direction):
        mine, theirs = (f"{each.kind} {each.direction}".strip() for each in (keep, other))
        raise InvalidInput(
            f"lessons {keep.id} and {other.id} say different things of {keep.axis or 'the same'} ({mine}, "
            f"{theirs}); narrow the conditions of one, mute it, or settle them: memory settle"
        )
    for each in (keep, other):
        if each.locked:
            raise Conflict(f"lesson {each.id} is locked; unlock it first: python -m core memory unlock {each.id}")
        if each.status == "archived":
            raise Conflict(
                f"lesson {each.id} is archived; make it active first: python -m core memory activate {each.id}"
            )
