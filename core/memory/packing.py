"""The memory as a pack: lessons with their evidence, the profiles they were learned on, and their revisions."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from core.memory.pack_file import Pack
from core.memory.records import Evidence, Lesson
from core.records import Trial
from core.store import Store

BODY = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone", "low", "high")
CARRIED = (*BODY, "uid", "effect", "dataset_id", "stamp", "lineage", "status", "author", "created_at", "updated_at")
LEVELS = ("dataset", "cognition")  # what a study alone believes means nothing elsewhere


def pack_memory(
    store: Store, name: str, made_by: str, levels: Sequence[str] = LEVELS, only: Collection[int] | None = None
) -> Pack:
    """Every lesson in use at these levels, or `only` those of them with these ids.

    Pins, locks and credit stay: they are decisions and deeds of this home.
    """
    lessons = [each for each in store.lessons.all(("active", "muted")) if each.level in levels]
    lessons = [each for each in lessons if only is None or each.id in only]
    return Pack(
        name,
        made_by,
        lessons=[{field: getattr(lesson, field) for field in CARRIED} for lesson in lessons],
        evidence=[row for lesson in lessons for row in _evidence(store, lesson)],
        profiles=list(_profiles(store, {lesson.dataset_id for lesson in lessons})),
        revisions=[row for lesson in lessons for row in _revisions(store, lesson)],
    )


def origin_of(store: Store, trial: Trial) -> str:
    """A trial's name in every home: data, study, number and the second it was made."""
    study = store.studies.get(trial.study_id)
    return f"{study.dataset_id}/{study.name[:100]}/{trial.number}/{int(trial.created_at)}"


def _evidence(store: Store, lesson: Lesson) -> Iterator[dict[str, Any]]:
    for each in store.lessons.evidence(lesson.id):
        trial = store.trials.get(each.trial_id)
        dataset = store.datasets.get(store.studies.get(trial.study_id).dataset_id)
        yield {"lesson": lesson.uid, "origin": origin_of(store, trial), "dataset": dataset.name, **_figures(each)}
    for brought in store.foreign.evidence(lesson.id):
        kept = {key: value for key, value in vars(brought).items() if key != "lesson_id"}
        yield {"lesson": lesson.uid, **kept}


def _figures(each: Evidence) -> dict[str, Any]:
    names = ("outcome", "effect", "low", "high", "at")
    return {name: getattr(each, name) for name in names}


def _profiles(store: Store, wanted: Iterable[str | None]) -> Iterator[dict[str, Any]]:
    ids = set(wanted)
    for dataset in store.datasets.all(archived=True):
        if dataset.id in ids:
            yield _profile(dataset.id, dataset.name, dataset.lineage, dataset.profile)
    for brought in store.foreign.profiles():
        if brought.id in ids:
            yield _profile(brought.id, brought.name, brought.lineage, brought.profile)


def _profile(id: str, name: str, lineage: str, profile: Any) -> dict[str, Any]:
    return {"id": id, "name": name, "lineage": lineage, "profile": dict(profile)}


def _revisions(store: Store, lesson: Lesson) -> Iterator[dict[str, Any]]:
    for each in store.lessons.revisions(lesson.id):
        body = {key: value for key, value in each.body.items() if key in BODY}
        yield {
            "lesson": lesson.uid,
            "revision": each.revision,
            "body": body,
            "author": each.author,
            "reason": each.reason,
            "at": each.at,
        }
