"""An archived study is out of sight and nothing else: what it taught still serves."""

from pathlib import Path

from core.states import StudyState
from core.views.inbox import inbox
from core.views.needs import needs
from tests.core.loop.world import World


def test_the_memory_shows_the_same_before_and_after_its_study_is_archived(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    taught = world.finish(world.start(trials=5))
    world.dataset("other")
    study = world.start("other", autonomy="each", name="learns")
    world.tick(3)
    before = world.workspace.gathering.evidence(study)
    kept = world.store.listings.evidence([hit.lesson.id for hit in before.hits])
    world.store.shelf.archive(taught.id, "Ada")
    after = world.workspace.gathering.evidence(study)
    assert before.hits and after.hits == before.hits
    assert (after.transferred, after.soft_ranges) == (before.transferred, before.soft_ranges)
    assert world.store.listings.evidence([hit.lesson.id for hit in after.hits]) == kept


def test_an_archived_study_asks_for_nothing(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    finished = world.finish(world.start(trials=2, name="finished"))
    waiting = world.start(autonomy="each", name="waiting")
    world.wait_for_proposal(waiting)
    world.store.studies.move(waiting.id, StudyState.CANCELLED, "Ada")
    limits, now = world.workspace.settings.limits, world.clock.now()
    assert "finished" in {need.about for need in needs(world.store, limits, now)}
    for study in (finished, waiting):
        world.store.shelf.archive(study.id, "Ada")
    assert not {"finished", "waiting"} & {need.about for need in needs(world.store, limits, now)}
    assert inbox(world.store).total == 0
