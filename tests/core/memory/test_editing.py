"""A person's acts on lessons: locks, undo, levels, ranges; and what is refused when it is written."""

from typing import Any

import pytest

from core.errors import Conflict, InvalidInput
from core.memory.editing import LONGEST_CLAIM, lacking
from tests.core.memory.house import Memory
from tests.core.store.building import a_study


def test_a_locked_lesson_is_changed_by_nobody_until_it_is_unlocked(memory: Memory):
    lesson = memory.editing.lock(memory.write(), True, "Ada")
    for act in (
        lambda: memory.editing.edit(lesson, {"claim": "Less."}, "Bob"),
        lambda: memory.editing.set_status(lesson, "archived", "Bob"),
        lambda: memory.editing.restore(lesson, 1, "Bob"),
    ):
        with pytest.raises(Conflict, match=f"locked; unlock it first: python -m core memory unlock {lesson.id}"):
            act()
    free = memory.editing.lock(lesson, False, "Ada")
    assert memory.editing.edit(free, {"claim": "Less."}, "Bob")[0].claim == "Less."


def test_restoring_an_older_revision_does_not_bring_its_lock_back(memory: Memory):
    locked = memory.editing.lock(memory.write(), True, "Ada")
    free = memory.editing.lock(locked, False, "Ada")
    restored, _ = memory.editing.restore(free, locked.revision, "Ada")
    assert not restored.locked


def test_undo_takes_the_newest_revision_back_and_undone_twice_it_is_there_again(memory: Memory):
    edited, _ = memory.editing.edit(memory.write("First."), {"claim": "Second."}, "Ada")
    undone, _ = memory.editing.undo(edited, "Bob")
    assert (undone.claim, undone.revision) == ("First.", 3)
    assert memory.editing.undo(undone, "Bob")[0].claim == "Second."


def test_there_is_nothing_to_undo_in_a_lesson_that_is_as_it_was_written(memory: Memory):
    with pytest.raises(InvalidInput, match="nothing to undo"):
        memory.editing.undo(memory.write(), "Ada")


def test_a_rule_promoted_by_hand_gets_the_conditions_of_its_data(memory: Memory):
    lesson = memory.learned(memory.dataset("beauty"), level="dataset")
    raised, _ = memory.editing.move_level(lesson, "cognition", "Ada")
    assert raised.level == "cognition" and "mean_length < 10" in raised.conditions
    assert memory.editing.move_level(raised, "dataset", "Ada")[0].level == "dataset"


@pytest.mark.parametrize(("level", "way_out"), [("dataset", "--dataset"), ("study", "--study")])
def test_a_rule_below_cognition_belongs_to_something(memory: Memory, level: str, way_out: str):
    with pytest.raises(InvalidInput, match=way_out):
        memory.editing.move_level(memory.write(), level, "Ada")
    with pytest.raises(InvalidInput, match=way_out):
        memory.write(level=level)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"claim": ""}, "empty"),
        ({"claim": "x" * 100_000}, f"at most {LONGEST_CLAIM:,}"),
        ({"direction": "sideways"}, "direction='sideways' is none of dropout's: up, down"),
        ({"axis": "loss", "direction": "hinge"}, "sampled_softmax"),
        ({"axis": "", "direction": "x" * 101}, "has 101 characters; at most 100"),
        ({"claim": "half \ud800"}, "a character that is none"),
        ({"low": 0.5, "high": 0.2}, "low <= high"),
        ({"low": 0.2}, "both ends"),
        ({"low": 0.2, "high": 3.0}, "dropout's own range"),
        ({"axis": "loss", "direction": "bce", "low": 0.0, "high": 1.0}, "has options and no range"),
        ({"axis": "linear_dim", "direction": "up"}, "linear_dim"),
        ({"conditions": "mean_length < 10 or density < 1"}, "joined by"),
        ({"conditions": "session_length < 10"}, "session_length"),
    ],
)
def test_what_planning_could_not_use_is_refused_when_it_is_written(memory: Memory, values: dict[str, Any], fault: str):
    with pytest.raises(InvalidInput, match=fault):
        memory.write(**{"claim": "More.", **values})
    assert memory.store.lessons.all() == []


def test_a_knob_that_some_backbones_lack_is_flagged(memory: Memory):
    assert lacking({"axis": "linear_dim", "backbone": ""}) == ["sasrec", "gru4rec"]
    assert lacking({"axis": "dropout", "backbone": ""}) == []


@pytest.mark.parametrize(
    "claim", ["Bei kurzen Verläufen hilft mehr Dropout.", "短い履歴ではドロップアウトを上げる。", "🎧"]
)
def test_a_lesson_in_another_language_is_kept_and_found_by_its_words(memory: Memory, claim: str):
    lesson = memory.write(claim)
    memory.index_all()
    assert memory.store.lessons.get(lesson.id).claim == claim
    assert memory.retrieval.search(claim)[0][0].id == lesson.id


def test_an_old_revision_that_is_valid_no_more_is_not_restored(memory: Memory):
    lesson = memory.store.lessons.add(
        {"level": "cognition", "kind": "do", "claim": "Old.", "axis": "gone_knob", "direction": "up", "backbone": ""},
        "import",
        "an older version",
    )
    edited, _ = memory.editing.edit(lesson, {"axis": "dropout"}, "Ada")
    with pytest.raises(InvalidInput, match="gone_knob"):
        memory.editing.restore(edited, 1, "Ada")


def test_a_revision_is_not_restored_over_what_somebody_wrote_meanwhile(memory: Memory):
    edited, _ = memory.editing.edit(memory.write("First."), {"claim": "Second."}, "Ada")
    memory.editing.edit(edited, {"claim": "Third."}, "Bob")
    with pytest.raises(Conflict, match="you saw revision 2"):
        memory.editing.restore(edited, 1, "Ada")
    assert memory.store.lessons.get(edited.id).claim == "Third."


def test_a_level_that_is_edited_is_checked_as_one_that_is_moved(memory: Memory):
    lesson = memory.learned(memory.dataset("beauty"), level="dataset")
    with pytest.raises(InvalidInput, match="belongs to a study"):
        memory.editing.edit(lesson, {"level": "study"}, "Ada")
    raised, _ = memory.editing.edit(lesson, {"level": "cognition"}, "Ada")
    assert "mean_length < 10" in raised.conditions


def test_a_lesson_by_hand_on_some_data_is_left_out_with_its_lineage(memory: Memory):
    dataset = memory.dataset("beauty")
    lesson = memory.write(level="dataset", dataset_id=dataset.id)
    assert lesson.lineage == dataset.lineage
    memory.index_all()
    assert [hit.lesson.id for hit in memory.retrieval.ranked(memory.asks(dataset), dataset)] == [lesson.id]
    assert memory.retrieval.ranked(memory.asks(dataset, without_lineage=True), dataset) == []


def test_a_study_that_leaves_its_lineage_out_still_hears_its_own_lessons(memory: Memory):
    dataset = memory.dataset("beauty")
    study = a_study(memory.store, "own", dataset_id=dataset.id)
    own = memory.learned(dataset, level="study", study_id=study.id)
    memory.index_all()
    asks = memory.asks(dataset, id=study.id, without_lineage=True)
    assert [hit.lesson.id for hit in memory.retrieval.ranked(asks, dataset)] == [own.id]


def test_what_another_version_wrote_can_still_be_put_away(memory: Memory):
    dataset = memory.dataset("beauty")
    lesson = memory.learned(dataset, axis="warp_drive", conditions="phase_of_moon > 3")
    muted, _ = memory.editing.set_status(lesson, "muted", "Ada")
    assert muted.status == "muted"


def test_a_locked_lesson_is_not_deleted(memory: Memory):
    archived, _ = memory.editing.set_status(memory.write(), "archived", "Ada")
    locked = memory.editing.lock(archived, True, "Ada")
    with pytest.raises(Conflict, match="locked"):
        memory.store.lessons.delete(locked.id, "Bob")


@pytest.mark.parametrize("changes", [{"direction": "down"}, {"axis": "lr"}, {"kind": "avoid"}])
def test_a_range_does_not_outlive_the_step_it_was_found_with(memory: Memory, changes: dict[str, Any]):
    lesson = memory.write(low=0.3, high=0.5)
    edited, _ = memory.editing.edit(lesson, changes, "Ada")
    assert (edited.low, edited.high) == (None, None)
    undone, _ = memory.editing.undo(edited, "Ada")
    assert (undone.low, undone.high, undone.direction) == (0.3, 0.5, "up")


def test_a_rule_with_a_range_can_become_one_of_options(memory: Memory):
    lesson = memory.write(low=0.3, high=0.5)
    edited, _ = memory.editing.edit(lesson, {"axis": "loss", "direction": "bce"}, "Ada")
    assert (edited.axis, edited.low) == ("loss", None)


def test_a_range_stays_with_its_step_and_a_new_step_may_bring_its_own(memory: Memory):
    lesson = memory.write(low=0.3, high=0.5)
    reworded, _ = memory.editing.edit(lesson, {"claim": "More.", "direction": "up"}, "Ada")
    assert (reworded.low, reworded.high) == (0.3, 0.5)
    turned, _ = memory.editing.edit(reworded, {"direction": "down", "low": 0.0, "high": 0.1}, "Ada")
    assert (turned.low, turned.high) == (0.0, 0.1)


def test_the_effect_of_a_lesson_without_trials_is_edited_and_undone(memory: Memory):
    lesson = memory.write(effect=0.02)
    edited, _ = memory.editing.edit(lesson, {"effect": 0.05}, "Ada")
    assert edited.effect == 0.05
    assert memory.editing.undo(edited, "Ada")[0].effect == 0.02
    for effect in (7.0, float("nan"), "much"):
        with pytest.raises(InvalidInput, match="beyond what a step can do"):
            memory.editing.edit(memory.store.lessons.get(lesson.id), {"effect": effect}, "Ada")


def test_where_trials_speak_nobody_says_the_effect_by_hand_and_an_undo_leaves_it(memory: Memory):
    lesson = memory.write("First.")
    edited, _ = memory.editing.edit(lesson, {"claim": "Second."}, "Ada")
    _, trial = memory.ended(memory.dataset("beauty"), "one", dropout=0.3)
    memory.witness(lesson, trial, 0.04)
    with pytest.raises(InvalidInput, match="mean over its trials"):
        memory.editing.edit(edited, {"effect": 0.5}, "Ada")
    undone, _ = memory.editing.undo(edited, "Ada")
    assert (undone.claim, undone.effect) == ("First.", 0.04)
