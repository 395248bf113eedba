"""What the Transfer page shows: like datasets, carried lessons and their fate, rules by datasets."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.memory.records import ForeignEvidence
from core.space import SearchSpace
from core.views.rules import matrix
from core.views.transfer import origin_words, study_or_newest, transfer
from tests.core.loop.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Lessons of `toy` are carried into `like`, which has judged some trials and has one waiting."""
    world = World(Path(tmp_path_factory.mktemp("home")))
    world.dataset("toy", items=1000)
    world.finish(world.start("toy", name="first", trials=8))
    world.dataset("like", items=1100)
    world.dataset("films", mean_length=300.0, density=0.2, items=1000)
    study = world.start("like", name="second", autonomy="each")
    for _ in range(2):
        trial = world.wait_for_proposal(study)
        world.deciding.approve(trial, "Ada", "test", accept_stale=True)
        world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)  # noqa: B023
    world.wait_for_proposal(study)
    while world.workspace.indexer.apply():
        pass
    return world


def test_the_most_like_dataset_comes_first_and_says_in_what(world: World):
    view = transfer(world.workspace, world.store.studies.get("second"))
    assert [near.dataset.name for near in view.nearest] == ["toy", "films"]
    near, far = view.nearest
    assert near.likeness > far.likeness and not near.unlike
    assert "mean length (6, here 6)" in near.alike
    assert "mean length (300, here 6)" in far.unlike
    assert next(each.offset for each in far.features if each.name == "mean_length") > 1


def test_a_carried_lesson_tells_where_it_is_from_and_what_became_of_it(world: World):
    view = transfer(world.workspace, world.store.studies.get("second"))
    rule = next(each for each in view.carried if (each.lesson.axis, each.lesson.direction) == ("dropout", "up"))
    assert rule.origin == "learned on toy" and rule.cited >= 1 and rule.shown >= rule.cited
    assert rule.fate in ("helped", "inconclusive", "hurt")
    assert rule.tested[0].number == 2


def test_it_is_said_plainly_where_a_lesson_comes_from(world: World):
    rule = next(iter(transfer(world.workspace, world.store.studies.get("second")).carried)).lesson
    names = {"a": "beauty", rule.dataset_id or "": "toy"}

    def words(author: str, dataset_id: str | None) -> str:
        return origin_words(replace(rule, author=author, dataset_id=dataset_id), names)

    assert words("expert", "a") == words("consolidation", "a") == "learned on beauty"
    assert words("starting memory", "a") == "starting memory, learned on beauty"
    assert words("import of shop.zip by Ada", "a") == "memory pack shop.zip, learned on beauty"
    assert words("import of by hand.zip by Ada", "gone") == "memory pack by hand.zip"
    assert words("Ada", None) == words("Ada", "a") == "written by Ada"
    assert words("consolidation", None) == "learned from trials"


def test_lessons_of_the_same_dataset_are_not_called_carried(world: World):
    assert transfer(world.workspace, world.store.studies.get("first")).carried == ()


def test_the_matrix_marks_what_helped_where_and_what_was_not_tried(world: World):
    held = transfer(world.workspace, world.store.studies.get("second")).matrix
    row = dict(zip(held.datasets, held.marks[held.rules.index("raise dropout")], strict=True))
    assert row["toy"].state == "helped" and "over" in row["toy"].words
    assert row["films"].state == "untested"


def test_rules_of_two_backbones_are_never_put_together(tmp_path: Path):
    world = World(tmp_path)
    world.dataset("toy")
    made = []
    for backbone, effect in (("sasrec", 0.05), ("hstu", -0.04)):
        study = world.start("toy", name=backbone, backbone=backbone, space=SearchSpace.of(backbone))
        [trial] = world.store.trials.of_study(study.id)
        rule = {"level": "dataset", "kind": "do", "axis": "dropout", "direction": "up", "claim": f"For {backbone}."}
        values = {**rule, "backbone": backbone, "dataset_id": study.dataset_id}
        lesson = world.workspace.editing.add(values, "Ada")
        world.store.lessons.add_evidence(lesson.id, trial.id, "for", effect, effect - 0.01, effect + 0.01)
        made.append(lesson)
    origin = ForeignEvidence(made[1].id, "abc/their study/7/1700000000", "beauty", "for", 0.03, 0.01, 0.05, 1.0)
    world.store.foreign.add_evidence(origin)
    held = {name: matrix(world.store, name) for name in ("sasrec", "hstu")}
    assert [held[name].marks[0][0].state for name in held] == ["helped", "hurt"]
    assert held["sasrec"].marks[0][0].effect == pytest.approx(0.05) and held["sasrec"].datasets == ("toy",)
    assert held["hstu"].datasets == ("toy", "beauty") and held["hstu"].foreign == {1}
    assert held["hstu"].marks[0][1].state == "helped" and held["hstu"].backbones == ("hstu", "sasrec")
    assert held["hstu"].first(1, 1).datasets == ("toy",) and held["hstu"].first(1, 1).foreign == frozenset()


def test_the_first_better_trial_stands_beside_that_of_the_study_without_memory(world: World):
    control = world.start("like", name="without", use_memory=False, trials=4)
    world.finish(control)
    view = transfer(world.workspace, world.store.studies.get("second"))
    assert view.control is not None and view.control.name == "without"
    assert view.control_first_better is None or view.control_first_better >= 1


def test_without_an_index_datasets_are_compared_one_by_one_and_it_is_said(tmp_path: Path):
    world = World(tmp_path)
    world.dataset("toy")
    world.dataset("films", mean_length=300.0)
    study = world.start("toy")
    view = transfer(world.workspace, study)
    assert [near.dataset.name for near in view.nearest] == ["films"]
    assert "memory rebuild" in view.notice


def test_a_single_dataset_has_no_neighbours(tmp_path: Path):
    world = World(tmp_path)
    world.dataset("toy")
    view = transfer(world.workspace, world.start("toy"))
    assert view.nearest == () and view.carried == () and view.matrix.rules == ()


def test_without_a_link_the_newest_study_is_shown(world: World):
    newest = study_or_newest(world.store, None)
    assert newest is not None and newest.id == max(study.id for study in world.store.studies.all())
    found = study_or_newest(world.store, "1")
    assert found is not None and found.name == "first"
