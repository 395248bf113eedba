"""What the memory keeps: lessons with revisions and evidence, what was found for whom, links, what packs brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Lesson:
    """An entry of the memory at its current revision."""

    id: int
    level: str  # study, dataset, cognition
    kind: str  # do, avoid, fact
    claim: str
    axis: str
    direction: str
    effect: float | None  # mean relative change of the objective seen
    backbone: str
    dataset_id: str | None
    study_id: int | None
    stamp: str | None
    conditions: str
    lineage: str | None
    status: str  # active, muted, archived
    pinned: bool
    author: str
    revision: int
    wins: float
    losses: float
    created_at: float
    updated_at: float
    uid: str = ""  # its name in every home that a pack brings it to
    low: float | None = None  # values of the axis that did well; soft limits for a first config
    high: float | None = None
    locked: bool = False  # nobody changes it before a person unlocks it

    @property
    def document_id(self) -> str:
        """Its name in the vector index."""
        return f"lesson-{self.id}"


@dataclass(frozen=True)
class LessonRevision:
    """One version of what a person or the agent can edit of a lesson."""

    lesson_id: int
    revision: int
    body: Mapping[str, Any]
    author: str
    reason: str
    at: float


@dataclass(frozen=True)
class Evidence:
    """A trial that speaks for or against a lesson, with its effect."""

    lesson_id: int
    trial_id: int
    outcome: str  # for, against
    effect: float
    low: float
    high: float
    at: float


@dataclass(frozen=True)
class Retrieval:
    """A lesson that was found for a proposal, with its score in parts, and whether it was shown and cited."""

    proposal_id: int
    lesson_id: int
    revision: int
    score: float
    parts: Mapping[str, Any]
    shown: bool
    cited: bool
    decisive: bool


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
