"""The map of datasets: distances are exact, neighbours stand together, packs bring datasets that are not here."""

from math import pi
from pathlib import Path

import pytest

from core.data.profile import Profile
from core.data.profile_features import distance
from core.views.likeness_map import directions, label_sides, likeness_map
from core.views.rules import matrix
from tests.core.memory.conftest import memory
from tests.core.memory.house import LONG, SHORT, Memory

__all__ = ["memory"]


def profile(**values: float) -> Profile:
    return Profile.from_json({**SHORT, **values})


def test_each_dataset_stands_as_far_from_the_middle_as_it_is_unlike(memory: Memory):
    shop = memory.dataset("shop")
    like, unlike = memory.dataset("like", mean_length=7.0), memory.dataset("films", "films", **LONG)
    spots = likeness_map(memory.store, shop)
    assert [spot.name for spot in spots] == ["like", "films"]
    for spot, other in zip(spots, (like, unlike), strict=True):
        expected = distance(Profile.from_json(shop.profile), Profile.from_json(other.profile))
        assert spot.distance == pytest.approx(expected)


def test_datasets_that_are_like_one_another_stand_in_one_direction():
    near, alike = profile(mean_length=60.0, density=0.02), profile(mean_length=65.0, density=0.02)
    other = profile(items=200_000.0, popularity_gini=0.2)
    first, second, third = directions(profile(), [near, alike, other])
    assert abs(first - second) < pi / 8 and abs(first - third) > pi / 3
    assert first == 0.0 and len(directions(profile(), [])) == 0


def test_a_pack_brings_datasets_and_trials_that_are_marked_as_its_own(memory: Memory, tmp_path: Path):
    from core.memory.packing import pack_memory
    from core.memory.unpacking import Unpacking

    elsewhere = Memory(tmp_path / "there")
    beauty = elsewhere.dataset("beauty", mean_length=7.0)
    rule = elsewhere.learned(beauty)
    _, trial = elsewhere.ended(beauty, "theirs", dropout=0.3)
    elsewhere.witness(rule, trial)
    Unpacking(memory.store).take(pack_memory(elsewhere.store, "p", "Bob"), "Ada")
    shop = memory.dataset("shop")
    [spot] = likeness_map(memory.store, shop)
    assert spot.name == "beauty" and spot.is_foreign and spot.lessons == 1 and "memory pack" in spot.words
    held = matrix(memory.store, "sasrec")
    assert held.datasets == ("shop", "beauty") and held.foreign == {1}
    ours, theirs = held.marks[0]
    assert ours.state == "untested" and (theirs.state, theirs.trials) == ("helped", 1)
    assert theirs.effect == pytest.approx(0.03)


def test_no_name_on_the_map_covers_another_and_one_without_room_is_left_out():
    places = [(1.0, 0.0), (1.05, 0.1), (1.0, -0.1), (-1.0, 0.0)]
    sides = label_sides(places, [0.8] * 4, 0.12, [])
    assert sides[0] and sides[3].endswith("left") and len(set(sides[:3])) == 3
    crowded = label_sides([(1.0, 0.0)] * 6, [0.8] * 6, 0.12, [])
    assert crowded.count("") >= 1
    assert label_sides([(0.0, 1.0)], [0.8], 0.12, [(-2.0, 0.0, 2.0, 2.0)]) == [""]
