"""What the memory keeps beside its lessons: links between them, and what packs of other homes brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ForeignEvidence:
    """What a trial of another home said of a lesson, brought by a pack; `origin` names home, study and trial."""

    lesson_id: int
    origin: str
    dataset: str
    outcome: str  # for, against
    effect: float
    low: float
    high: float
    at: float


@dataclass(frozen=True)
class ForeignProfile:
    """The profile of a dataset that lessons of a pack were learned on; its events are not here."""

    id: str
    name: str
    lineage: str
    profile: Mapping[str, Any]
    pack: str
    at: float


@dataclass(frozen=True)
class LessonLink:
    """How two lessons stand to each other: supports, contradicts, duplicates (open until settled), supersedes."""

    lesson_id: int
    other_id: int
    kind: str
    state: str  # open, settled
    why: str
    actor: str
    at: float
