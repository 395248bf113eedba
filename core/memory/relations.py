"""How lessons stand to one another: near-duplicates, support and contradiction, found by rule, scope and words."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.data.profile import Profile, values
from core.errors import InvalidInput
from core.memory.conditioning import overlap
from core.memory.conditions import check
from core.memory.records import Lesson
from core.store import Store
from core.store.lessons import LEVELS

ALIKE = 0.8  # share of their words that two claims have in common, from which on they say the same
OPPOSITE = {"up": "down", "down": "up"}


@dataclass(frozen=True)
class Relation:
    """What was found between two lessons, with the reason."""

    kind: str
    why: str


class Relations:
    """Compares lessons of one backbone where their scopes meet; links are kept in SQL until a person settles them, or
    until they hold no more."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def relate(self, lessons: Iterable[Lesson], actor: str) -> int:
        """Link each lesson with those it touches, and close what holds no more; how many links are new."""
        given, seen, fresh = list(lessons), set[tuple[int, int]](), 0
        self._withdraw({lesson.id for lesson in given})
        rivals = self._by_axis({lesson.axis for lesson in given if lesson.status == "active"})
        for lesson in given:
            for other in rivals.get(lesson.axis, ()) if lesson.status == "active" else ():
                pair = (min(lesson.id, other.id), max(lesson.id, other.id))
                if lesson.id == other.id or pair in seen:
                    continue
                seen.add(pair)
                if (found := self._between(lesson, other)) is not None:
                    fresh += self._store.links.add(*pair, found.kind, found.why, actor)
        return fresh

    def relate_all(self, actor: str) -> int:
        """The same over every lesson that is not archived; what was muted since is closed too."""
        return self.relate(self._store.lessons.all(("active", "muted")), actor)

    def _between(self, a: Lesson, b: Lesson) -> Relation | None:
        """Across levels a rule and what it was made from say the same; only that they contradict is worth a word."""
        if a.backbone and b.backbone and a.backbone != b.backbone:
            return None
        if a.level == b.level:
            return relation(a, b) if _same_scope(a, b) else None
        found = relation(a, b)
        return found if found and found.kind == "contradicts" and self._scopes_meet(a, b) else None

    def _scopes_meet(self, a: Lesson, b: Lesson) -> bool:
        """Of two levels: whether some study that is not over hears both."""
        narrow, wide = sorted((a, b), key=lambda each: LEVELS.index(each.level))
        if narrow.level == "study" and (narrow.study_id is None or self._store.studies.get(narrow.study_id).has_ended):
            return False
        if wide.level == "dataset":
            return narrow.dataset_id == wide.dataset_id and _same_stamp(narrow, wide)
        known = {each.id: each for each in self._store.datasets.all()}.get(narrow.dataset_id or "")
        if known is None:
            return False
        clauses = check(wide.conditions, values(Profile.from_json(known.profile)))
        return all(clause.met is True for clause in clauses)

    def _withdraw(self, ids: Collection[int]) -> None:
        """Close what was open between these and others, and is found no more."""
        open_ones = [each for each in self._store.links.unsettled() if each.lesson_id in ids or each.other_id in ids]
        others = self._store.lessons.some(id for link in open_ones for id in (link.lesson_id, link.other_id))
        for link in open_ones:
            one, other = others[link.lesson_id], others[link.other_id]
            in_use = one.status == other.status == "active"
            found = self._between(one, other) if in_use else None
            if found is None or found.kind != link.kind:
                self._store.links.withdraw(link, "holds no more" if in_use else "one of the two is out of use")

    def _by_axis(self, axes: Collection[str]) -> dict[str, list[Lesson]]:
        """Lessons in use about these axes; one by one where there are few, as after an edit."""
        one: dict[str, Any] = {"axis": next(iter(axes))} if len(axes) == 1 else {}
        found: dict[str, list[Lesson]] = {}
        for lesson in self._store.lessons.all(**one) if axes else ():
            found.setdefault(lesson.axis, []).append(lesson)
        return found


def relation(a: Lesson, b: Lesson) -> Relation | None:
    """What two lessons of one scope and axis are to each other; None when they do not touch."""
    if not _can_meet(a.conditions, b.conditions):
        return None
    same_rule = (a.kind, a.direction) == (b.kind, b.direction)
    if same_rule and a.axis and a.lineage and b.lineage and a.lineage != b.lineage:
        return Relation("supports", "the same rule, learned on other data")
    if same_rule and ((a.axis and a.conditions == b.conditions) or _likeness(a, b) >= ALIKE):
        return Relation("duplicates", "they say the same of the same data")
    return _contradiction(a, b) if a.axis and "fact" not in (a.kind, b.kind) else None


def _contradiction(a: Lesson, b: Lesson) -> Relation | None:
    kinds = {a.kind, b.kind}
    if a.direction == b.direction and kinds == {"do", "avoid"}:
        return Relation("contradicts", f"one says to set {a.axis} {a.direction}, the other not to")
    if kinds == {"do"} and OPPOSITE.get(a.direction) == b.direction:
        return Relation("contradicts", f"one raises {a.axis}, the other lowers it, for data that both cover")
    return None


def _same_scope(a: Lesson, b: Lesson) -> bool:
    """Of one level."""
    if a.level == "study":
        return a.study_id == b.study_id
    return a.level == "cognition" or (a.dataset_id == b.dataset_id and _same_stamp(a, b))


def _same_stamp(a: Lesson, b: Lesson) -> bool:
    """Figures under different stamps are never compared, nor what was learned from them."""
    return not a.stamp or not b.stamp or a.stamp == b.stamp


def _likeness(a: Lesson, b: Lesson) -> float:
    mine, theirs = _words(a.claim), _words(b.claim)
    return len(mine & theirs) / max(len(mine | theirs), 1)


@lru_cache(maxsize=16_384)
def _words(claim: str) -> frozenset[str]:
    return frozenset(claim.lower().split())


@lru_cache(maxsize=16_384)
def _can_meet(a: str, b: str) -> bool:
    try:
        return overlap(a, b)
    except InvalidInput:  # written by another version: it applies nowhere that we know of
        return False
