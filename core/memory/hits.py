"""A lesson found for a study, with its score in parts."""

from dataclasses import dataclass
from typing import Any

from core.memory.conditions import Clause
from core.memory.records import Lesson


@dataclass(frozen=True)
class Hit:
    """Each part is in [0, 1]; `score` is their weighted sum (core/memory/retrieval.py)."""

    lesson: Lesson
    score: float
    text: float
    profile: float
    conditions: float  # share of clauses met; 1 without conditions
    confidence: float
    clauses: tuple[Clause, ...] = ()
    phrase: str = ""  # the facet that found it

    @property
    def parts(self) -> dict[str, Any]:
        """Plain data for SQL and the screen."""
        clauses = [{"text": clause.text, "value": clause.value, "met": clause.met} for clause in self.clauses]
        parts = {"text": self.text, "profile": self.profile, "conditions": self.conditions}
        return {
            **parts,
            "confidence": self.confidence,
            "pin": self.lesson.pinned,
            "clauses": clauses,
            "phrase": self.phrase,
        }

    @property
    def applies(self) -> bool:
        """Whether every clause is met."""
        return self.conditions == 1.0
