"""A lesson that was rejected before a study starts is neither found for it nor used in its first config."""

import pytest

from core.errors import NotFound
from core.memory.preview import preview
from core.memory.warm_start import from_rules
from core.space import SearchSpace
from core.studies.starting import StudyPlan, start_study
from tests.core.loop.world import World
from tests.core.memory.house import Memory


def test_a_rejected_lesson_sets_no_field_and_no_range(memory: Memory):
    rejected, kept = memory.write(low=0.3, high=0.4), memory.write("Wider.", axis="hidden_dim", direction="up")
    pinned = memory.editing.pin(memory.write("Longer.", axis="max_len", direction="up"), True, "Ada")
    shop = memory.dataset("shop")
    study = memory.asks(shop, without_lessons=(rejected.id, pinned.id))
    hits = memory.retrieval.for_study(study, shop)
    assert [hit.lesson.id for hit in hits] == [kept.id]
    first = from_rules(SearchSpace.of("sasrec"), hits)
    assert first is not None and set(first.changes) == {"hidden_dim"}
    shown = preview(memory.store, memory.retrieval, shop, "sasrec", rejected=(rejected.id, pinned.id))
    assert [hit.lesson.id for hit in shown.hits] == [kept.id] and "dropout" not in shown.soft_ranges


def test_the_study_keeps_what_was_rejected_and_its_agent_is_never_shown_it(world: World):
    world.dataset("toy")
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    rejected = world.workspace.editing.add({**body, "claim": "More dropout helps."}, "Ada")
    study = world.start("toy", trials=4, without_lessons=(rejected.id, rejected.id))
    assert world.store.studies.get(study.id).without_lessons == (rejected.id,)
    world.finish(study)
    for trial in world.store.trials.of_study(study.id):
        assert rejected.id not in {found.lesson_id for found in world.store.proposals.retrievals(trial.id)}


def test_a_lesson_that_is_not_there_cannot_be_rejected(world: World):
    world.dataset("toy")
    with pytest.raises(NotFound, match="no lesson 99"):
        start_study(world.store, StudyPlan("toy", without_lessons=[99]), "Ada")
