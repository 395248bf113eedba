"""Duplicates are offered for merge, contradictions for resolution; a merge loses no evidence."""

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.memory.relations import Relations
from core.memory.trust import confidence
from tests.core.memory.house import Memory


def kinds(memory: Memory) -> list[str]:
    Relations(memory.store).relate_all("test")
    return [link.kind for link in memory.store.links.open()]


def test_the_same_rule_for_the_same_data_is_offered_once(memory: Memory):
    memory.write("More dropout helps.")
    memory.write("Dropout should be higher.")
    assert kinds(memory) == ["duplicates"]
    assert kinds(memory) == ["duplicates"]


def test_opposite_rules_contradict_where_their_conditions_overlap(memory: Memory):
    memory.write(conditions="mean_length < 10")
    memory.write("Less dropout.", direction="down", conditions="mean_length < 30")
    assert kinds(memory) == ["contradicts"]


def test_opposite_rules_for_different_data_do_not_contradict(memory: Memory):
    memory.write(conditions="mean_length < 10")
    memory.write("Less dropout.", direction="down", conditions="mean_length >= 40")
    memory.write("Avoid more dropout.", kind="avoid", conditions="mean_length >= 10")
    assert kinds(memory) == []


def test_a_warning_contradicts_the_advice_it_warns_of(memory: Memory):
    memory.write()
    memory.write("More dropout hurts.", kind="avoid")
    assert kinds(memory) == ["contradicts"]


def test_a_rule_learned_on_two_datasets_is_support_and_waits_for_nobody(memory: Memory):
    one, two = memory.learned(memory.dataset("beauty")), memory.learned(memory.dataset("sports"))
    assert kinds(memory) == []
    assert [link.kind for link in memory.store.links.of(one.id)] == ["supports"]
    assert memory.store.links.of(two.id) == memory.store.links.of(one.id)


def test_what_was_settled_is_not_offered_again(memory: Memory):
    one, two = memory.write(), memory.write("More dropout hurts.", kind="avoid")
    assert kinds(memory) == ["contradicts"]
    memory.store.links.settle(two.id, one.id, "one for each season", "Ada")
    assert kinds(memory) == []
    with pytest.raises(NotFound, match="memory conflicts"):
        memory.store.links.settle(one.id, two.id, "again", "Ada")


def test_a_merge_keeps_the_evidence_of_both_and_archives_the_other(memory: Memory):
    beauty = memory.dataset("beauty")
    keep, other = memory.write(), memory.write("Dropout should be higher.")
    _, first = memory.ended(beauty, "one", dropout=0.3)
    _, second = memory.ended(beauty, "two", dropout=0.4)
    memory.witness(keep, first, 0.02)
    memory.witness(other, second, 0.04)
    merged, _ = memory.merging.merge(keep, other, "Ada", {"claim": "More dropout helps, as both say."})
    assert {each.trial_id for each in memory.store.lessons.evidence(merged.id)} == {first.id, second.id}
    assert merged.effect == pytest.approx(0.03) and merged.claim.endswith("as both say.")
    assert memory.store.lessons.get(other.id).status == "archived"
    assert [link.kind for link in memory.store.links.of(other.id)] == ["supersedes"]


def test_credit_of_one_dataset_counts_once_in_a_merge(memory: Memory):
    beauty, sports = memory.dataset("beauty"), memory.dataset("sports")
    keep, other = memory.write(), memory.write("Dropout should be higher.")
    _, on_beauty = memory.ended(beauty, "one", dropout=0.3)
    _, again = memory.ended(beauty, "two", dropout=0.4)
    _, on_sports = memory.ended(sports, "three", dropout=0.4)
    memory.store.lessons.pay(keep.id, on_beauty.id, 1.0, 0.0)
    memory.store.lessons.pay(other.id, again.id, 1.0, 0.0)
    memory.store.lessons.pay(other.id, on_sports.id, 1.0, 0.0)
    merged, _ = memory.merging.merge(keep, memory.store.lessons.get(other.id), "Ada")
    assert merged.wins == 2.0 and confidence(merged) == 0.75


def test_a_merge_that_makes_no_sense_is_refused_with_the_way_out(memory: Memory):
    lesson = memory.write()
    with pytest.raises(InvalidInput, match="with itself"):
        memory.merging.merge(lesson, lesson, "Ada")
    with pytest.raises(InvalidInput, match="do not merge"):
        memory.merging.merge(lesson, memory.write(axis="lr"), "Ada")
    with pytest.raises(InvalidInput, match="memory settle"):
        memory.merging.merge(lesson, memory.write(direction="down"), "Ada")
    with pytest.raises(Conflict, match="unlock"):
        memory.merging.merge(lesson, memory.editing.lock(memory.write(), True, "Ada"), "Ada")
