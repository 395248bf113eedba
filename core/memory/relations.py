"""How lessons stand to one another: near-duplicates, support and contradiction, found by rule, scope and words."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from core.errors import InvalidInput
from core.memory.conditioning import overlap
from core.memory.records import Lesson
from core.store import Store

ALIKE = 0.8  # share of their words that two claims have in common, from which on they say the same
OPPOSITE = {"up": "down", "down": "up"}


@dataclass(frozen=True)
class Relation:
    """What was found between two lessons, with the reason."""

    kind: str
    why: str


class Relations:
    """Compares lessons of one backbone and level; links are kept in SQL until a person settles them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def relate(self, lessons: Iterable[Lesson], actor: str) -> int:
        """Link each lesson with those it touches; how many links are new."""
        rivals, seen, fresh = self._by_axis(), set[tuple[int, int]](), 0
        for lesson in lessons:
            for other in rivals.get((lesson.level, lesson.axis), ()):
                pair = (min(lesson.id, other.id), max(lesson.id, other.id))
                if lesson.id == other.id or pair in seen or not _same_scope(lesson, other):
                    continue
                seen.add(pair)
                if (found := relation(lesson, other)) is not None:
                    fresh += self._store.links.add(*pair, found.kind, found.why, actor)
        return fresh

    def relate_all(self, actor: str) -> int:
        """The same over every lesson in use."""
        return self.relate(self._store.lessons.all(), actor)

    def _by_axis(self) -> dict[tuple[str, str], list[Lesson]]:
        found: dict[tuple[str, str], list[Lesson]] = {}
        for lesson in self._store.lessons.all():
            found.setdefault((lesson.level, lesson.axis), []).append(lesson)
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
    if a.backbone and b.backbone and a.backbone != b.backbone:
        return False
    if a.level == "study":
        return a.study_id == b.study_id
    return a.level == "cognition" or a.dataset_id == b.dataset_id


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
