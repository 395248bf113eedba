"""What the index holds: lessons as text, profiles as vectors of features."""

from core.data.profile import Profile
from core.data.profile_features import features
from core.data.profile_words import facets
from core.errors import InvalidInput
from core.memory.conditions import parse
from core.memory.records import Lesson
from core.records import Dataset
from vectorstore.protocol import Document, Scalar, Vector

LESSONS = "lessons"
PROFILES = "profiles"


def lesson_text(lesson: Lesson) -> str:
    """What is embedded: the claim, with its conditions in words, or as they are where another version wrote them."""
    try:
        conditions = ", ".join(clause.text.replace("_", " ") for clause in parse(lesson.conditions))
    except InvalidInput:
        conditions = lesson.conditions
    return f"{lesson.claim} When: {conditions}." if conditions else lesson.claim


def lesson_document(lesson: Lesson, vector: Vector) -> Document:
    """A lesson with the metadata that searches filter by."""
    metadata: dict[str, Scalar] = {
        "level": lesson.level,
        "kind": lesson.kind,
        "axis": lesson.axis,
        "backbone": lesson.backbone,
        "status": lesson.status,
        "revision": lesson.revision,
    }
    optional = {"dataset_id": lesson.dataset_id, "study_id": lesson.study_id, "lineage": lesson.lineage}
    metadata |= {name: value for name, value in optional.items() if value is not None}
    return Document(lesson.document_id, lesson_text(lesson), metadata, vector)


def profile_document(dataset: Dataset) -> Document:
    """A dataset's profile on its fixed scales, with its salient phrases as text."""
    profile = Profile.from_json(dataset.profile)
    metadata = {"name": dataset.name, "lineage": dataset.lineage}
    return Document(dataset.id, ", ".join(facets(profile)), metadata, features(profile).vector)


def is_lesson(document_id: str) -> bool:
    """Whether it can be a lesson's; what somebody else wrote into the index may be called anything."""
    return document_id.removeprefix("lesson-").isdecimal()


def lesson_id(document_id: str) -> int:
    """The inverse of `Lesson.document_id`."""
    return int(document_id.removeprefix("lesson-"))
