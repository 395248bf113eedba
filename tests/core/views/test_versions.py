"""A new version of a dataset says of which, and what moved."""

from pathlib import Path

from core.views.offered import offer
from core.views.versions import version_of
from tests.core.loop.world import World, classic_space


def test_a_new_version_names_the_one_before_and_its_config_is_tried_first(tmp_path: Path):
    world = World(tmp_path)
    first = world.dataset("toy")
    world.finish(world.start("toy", trials=6))
    world.clock.pass_(10.0)
    profile = {**first.profile, "mean_length": 60.0, "p95_length": 200.0}
    newer = world.store.datasets.add("newer", "june", first.lineage, first.folder, first.card, profile, "Ada")
    told = version_of(world.store, newer)
    assert told.startswith("A new version of toy: ") and "mean length 6 → 60" in told
    assert version_of(world.store, first) == ""
    given = offer(world.workspace, newer, classic_space())
    assert given.version == told and given.first[0].of_version and given.known_here
    without = offer(world.workspace, newer, classic_space(), without_lineage=True)
    assert not without.known_here and not any(each.of_version for each in without.first)


def test_a_version_that_hardly_moved_says_so(tmp_path: Path):
    world = World(tmp_path)
    first = world.dataset("toy")
    world.clock.pass_(10.0)
    again = world.store.datasets.add("again", "again", first.lineage, first.folder, first.card, first.profile, "Ada")
    assert version_of(world.store, again) == "A new version of toy: hardly anything moved."
