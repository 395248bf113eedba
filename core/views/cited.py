"""The lessons behind a proposal: why each was found, whether its conditions hold; and what the trial taught."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.memory.records import Lesson, Retrieval
from core.memory.retrieval import WEIGHTS
from core.memory.trust import Prior, confidence, prior_of
from core.records import Study, Trial
from core.store import Store
from core.views.lessons import LEVEL_WORDS, helped_and_hurt, title

PARTS = {
    "text": "speaks of data like this",
    "profile": "learned on data like this",
    "conditions": "conditions met",
    "confidence": "trust",
}


@dataclass(frozen=True)
class Clause:
    """One condition on the profile; `met` is None while the profile lacks the feature."""

    text: str
    value: float | None
    met: bool | None


@dataclass(frozen=True)
class CitedLesson:
    """A lesson that was found while planning; `parts` are (words, share of 1, weight) that make up the score."""

    id: int
    title: str
    claim: str
    level: str
    helped: int
    hurt: int
    trust: float
    cited: bool
    decisive: bool
    score: float
    parts: tuple[tuple[str, float, float], ...]
    pinned: bool
    clauses: tuple[Clause, ...]
    phrase: str
    revision: int
    newest: int

    @property
    def record(self) -> str:
        """Level, record and trust in a line, such as `across datasets · helped 4, hurt 1 · trust 0.78`."""
        return f"{self.level} · helped {self.helped}, hurt {self.hurt} · trust {self.trust:.2f}"


@dataclass(frozen=True)
class Remembered:
    """A lesson the trial wrote or bore witness to."""

    id: int
    title: str
    claim: str
    level: str
    outcome: str  # for, against
    trust: float
    revision: int


def cited_lessons(store: Store, trial: Trial) -> tuple[CitedLesson, ...]:
    """Every lesson shown to the agent for the trial's proposal; the cited ones first, then by score."""
    prior = prior_of(store)
    found = [_cited(store, each, prior) for each in store.proposals.retrievals(trial.id) if each.shown]
    return tuple(sorted(found, key=lambda each: (not each.decisive, not each.cited, -each.score)))


def remembered(store: Store, study: Study, trial: Trial) -> tuple[Remembered, ...]:
    """The lessons that rest on the trial, the narrowest level first."""
    seen, prior = [], prior_of(store)
    for lesson, outcome in store.listings.resting_on(trial.id):
        if lesson.status != "archived" and lesson.backbone == study.backbone:
            seen.append((list(LEVEL_WORDS).index(lesson.level), _remembered(lesson, outcome, prior)))
    return tuple(each for _, each in sorted(seen, key=lambda pair: (pair[0], pair[1].id)))


def _cited(store: Store, found: Retrieval, prior: Prior) -> CitedLesson:
    lesson = store.lessons.get(found.lesson_id)
    helped, hurt = helped_and_hurt(store.lessons.evidence(lesson.id))
    return CitedLesson(
        id=lesson.id,
        title=title(lesson),
        claim=lesson.claim,
        level=LEVEL_WORDS[lesson.level],
        helped=helped,
        hurt=hurt,
        trust=confidence(lesson, prior),
        cited=found.cited,
        decisive=found.decisive,
        score=found.score,
        parts=tuple((words, float(found.parts.get(name, 0.0)), WEIGHTS[name]) for name, words in PARTS.items()),
        pinned=bool(found.parts.get("pin")),
        clauses=tuple(_clause(each) for each in found.parts.get("clauses", ())),
        phrase=str(found.parts.get("phrase", "")),
        revision=found.revision,
        newest=lesson.revision,
    )


def _clause(data: Mapping[str, Any]) -> Clause:
    return Clause(str(data["text"]), data.get("value"), data.get("met"))


def _remembered(lesson: Lesson, outcome: str, prior: Prior) -> Remembered:
    level = LEVEL_WORDS[lesson.level]
    trust = confidence(lesson, prior)
    return Remembered(lesson.id, title(lesson), lesson.claim, level, outcome, trust, lesson.revision)
