"""Two lessons side by side: what they say, what they rest on, and what waits for a person between them."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.memory.records import Lesson, LessonLink
from core.memory.trust import Prior, prior_of
from core.store import Store
from core.store.links import OPEN
from core.views.lessons import (
    LEVEL_WORDS,
    Trust,
    backbone_words,
    effect,
    helped_and_hurt,
    rule_words,
    span_words,
    title,
    trust,
)

WORDS = {
    "duplicates": "says the same as",
    "contradicts": "contradicts",
    "supports": "is supported by",
    "supersedes": "took over from",
}
MOST_SHOWN = 3  # trials named beside a lesson


@dataclass(frozen=True)
class Side:
    """One of the two; `evidence` in words, the newest trials first."""

    lesson: Lesson
    title: str
    trust: Trust
    helped: int
    hurt: int
    evidence: tuple[str, ...]

    @property
    def record(self) -> str:
        """`▲ 4  ▼ 1`, or that no trial spoke."""
        return f"▲ {self.helped}  ▼ {self.hurt}" if self.helped + self.hurt else "no trial yet"


@dataclass(frozen=True)
class Line:
    """One property of both; `differs` where they do not say the same."""

    label: str
    one: str
    other: str

    @property
    def differs(self) -> bool:
        """Whether a merge has to choose."""
        return self.one != self.other


@dataclass(frozen=True)
class Pair:
    """Two lessons, with what links them; `why` is empty for two that a person put together."""

    one: Side
    other: Side
    lines: tuple[Line, ...]
    kind: str = ""
    why: str = ""

    @property
    def mergeable(self) -> str:
        """Why they cannot become one; empty where they can."""
        a, b = self.one.lesson, self.other.lesson
        if (a.axis, a.backbone) != (b.axis, b.backbone):
            return "They are about different knobs or backbones, so they do not merge."
        if a.direction != b.direction or a.kind != b.kind:
            return "They say different things; resolve them as a contradiction instead."
        return ""


@dataclass(frozen=True)
class Related:
    """A link of a lesson as its card shows it; `is_open` where a person is asked."""

    other: Lesson
    title: str
    kind: str
    words: str
    why: str
    is_open: bool

    def is_about(self, link: LessonLink) -> bool:
        """Whether it shows this link."""
        return link.kind == self.kind and self.other.id in (link.lesson_id, link.other_id)


def pair_of(store: Store, one: Lesson, other: Lesson, link: LessonLink | None = None) -> Pair:
    """Both, side by side."""
    prior = prior_of(store)
    lines = tuple(Line(label, str(a), str(b)) for label, a, b in _lines(one, other))
    sides = (_side(store, one, prior), _side(store, other, prior))
    return Pair(*sides, lines, link.kind if link else "", link.why if link else "")


def open_pairs(store: Store) -> list[Pair]:
    """What waits for a person: contradictions first, then lessons that say the same."""
    links = sorted(store.links.open(), key=lambda link: link.kind != "contradicts")
    lessons = store.lessons.some(id for link in links for id in (link.lesson_id, link.other_id))
    return [pair_of(store, lessons[link.lesson_id], lessons[link.other_id], link) for link in links]


def related(store: Store, lesson: Lesson) -> tuple[Related, ...]:
    """The lessons it is linked to, those that wait for a person first."""
    links = sorted(store.links.of(lesson.id), key=lambda link: link.state != OPEN)
    others = store.lessons.some(_other(link, lesson) for link in links)
    return tuple(_related(link, lesson, others[_other(link, lesson)]) for link in links)


def same_rule(store: Store, lesson: Lesson) -> list[Lesson]:
    """Lessons it could be merged with: of its level, about the same step of the same backbone."""
    equal = {"level": lesson.level, "axis": lesson.axis, "direction": lesson.direction, "backbone": lesson.backbone}
    found = store.lessons.all(("active", "muted"), kind=lesson.kind, **equal) if lesson.axis else []
    return [each for each in found if each.id != lesson.id]


def _related(link: LessonLink, lesson: Lesson, other: Lesson) -> Related:
    words = WORDS[link.kind]
    if link.kind == "supersedes" and link.other_id == lesson.id:
        words = "was merged into"
    is_open = link.state == OPEN and "archived" not in (lesson.status, other.status)
    return Related(other, title(other), link.kind, words, link.why, is_open)


def _other(link: LessonLink, lesson: Lesson) -> int:
    return link.other_id if link.lesson_id == lesson.id else link.lesson_id


def _side(store: Store, lesson: Lesson, prior: Prior) -> Side:
    evidence = store.lessons.evidence(lesson.id)
    helped, hurt = helped_and_hurt(evidence)
    newest = [effect(each) for each in reversed(evidence)][:MOST_SHOWN]
    more = [f"and {len(evidence) - MOST_SHOWN} more"] if len(evidence) > MOST_SHOWN else []
    return Side(lesson, title(lesson), trust(lesson, prior), helped, hurt, (*newest, *more))


def _lines(one: Lesson, other: Lesson) -> Iterable[tuple[str, str, str]]:
    for label, write in (
        ("says", lambda each: each.claim),
        ("rule", lambda each: rule_words(each.axis, each.direction, each.kind == "avoid") if each.axis else "no knob"),
        ("applies where", lambda each: each.conditions or "everywhere"),
        ("level", lambda each: LEVEL_WORDS[each.level]),
        ("backbone", lambda each: backbone_words(each.backbone)),
        ("did well", lambda each: span_words(each.low, each.high) or "–"),
        ("written by", lambda each: each.author),
        ("status", lambda each: each.status),
    ):
        yield label, write(one), write(other)
