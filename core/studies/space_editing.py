"""Editing the search space of a running study: old trials stay, what waits outside the new space goes stale."""

from core.errors import Conflict
from core.records import Study, Trial
from core.space import SearchSpace
from core.store import Store


def edit_space(
    store: Store, study: Study, revision: int, space: SearchSpace, actor: str, reason: str = ""
) -> tuple[Study, list[Trial]]:
    """The study with the new space, and the trials whose waiting proposals lie outside it and are stale now.

    `revision` is the one the editor had in front of them. Raises Conflict when the study has ended, is of another
    backbone, or was edited since.
    """
    if study.has_ended:
        raise Conflict(f"study {study.id} is {study.state}; its search space stays as it is: start another study")
    if space.backbone != study.backbone:
        raise Conflict(f"the search space is one of {space.backbone}, study {study.id} tunes {study.backbone}")
    edited = store.studies.edit(study.id, revision, {"space": space.to_json()}, actor, reason)
    outside = [trial for trial in store.trials.waiting(study.id) if not space.contains(trial.params)]
    why = f"it lies outside the search space that {actor} edited"
    return edited, store.proposals.mark_outside([trial.id for trial in outside], why, actor)
