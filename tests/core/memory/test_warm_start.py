"""A new dataset begins with what holds there: rules, the nearest dataset's best, the last version's best."""

from typing import Any

from core.memory.warm_start import WarmStart, earlier_versions, from_rules, knows_lineage, soft_ranges
from core.space import SearchSpace
from tests.core.memory.house import LONG, Memory

SPACE = SearchSpace.of("sasrec")


def hits_for(memory: Memory, **profile: Any) -> list[Any]:
    shop = memory.dataset("shop", **profile)
    return memory.retrieval.for_study(memory.asks(shop), shop)


def test_rules_whose_conditions_hold_make_the_first_config_and_each_field_names_its_lesson(memory: Memory):
    dropout = memory.write(conditions="mean_length < 10", low=0.3, high=0.4)
    loss = memory.write("Full softmax.", axis="loss", direction="full_softmax", conditions="mean_length < 10")
    memory.write("Longer.", axis="max_len", conditions="mean_length >= 40")
    first = from_rules(SPACE, hits_for(memory))
    assert first is not None
    assert first.changes == {"dropout": (0.2, 0.35), "loss": ("sampled_softmax", "full_softmax")}
    assert first.lessons == {"dropout": dropout.id, "loss": loss.id}
    assert f"dropout from lesson {dropout.id}" in first.sentence


def test_where_no_rule_holds_nothing_is_changed(memory: Memory):
    memory.write(conditions="mean_length < 10")
    assert from_rules(SPACE, hits_for(memory, **LONG)) is None


def test_rules_that_contradict_one_another_change_nothing(memory: Memory):
    memory.write()
    memory.write("Less.", direction="down")
    assert from_rules(SPACE, hits_for(memory)) is None


def test_advice_that_only_ever_hurt_is_not_followed(memory: Memory):
    memory.write(effect=-0.02)
    assert from_rules(SPACE, hits_for(memory)) is None


def test_a_warning_outweighs_the_advice(memory: Memory):
    memory.write()
    memory.write("More dropout hurts.", kind="avoid")
    assert from_rules(SPACE, hits_for(memory)) is None


def test_a_field_that_the_study_holds_fixed_is_left_alone(memory: Memory):
    memory.write()
    assert from_rules(SPACE.fix("dropout", 0.1), hits_for(memory)) is None


def test_the_span_of_what_did_well_becomes_a_soft_range(memory: Memory):
    one = memory.write(low=0.3, high=0.4)
    two = memory.write("More dropout, again.", low=0.35, high=0.5)
    hits = hits_for(memory)
    span = soft_ranges(SPACE, hits)["dropout"]
    assert (span.low, span.high, set(span.lessons)) == (0.3, 0.5, {one.id, two.id})


def test_the_best_config_of_the_nearest_dataset_is_a_candidate_with_its_source(memory: Memory):
    near, far = memory.dataset("near", mean_length=6.5), memory.dataset("far", "far", **LONG)
    memory.ended(near, "on-near", dropout=0.35, num_blocks=1)
    memory.ended(far, "on-far", max_len=200)
    shop = memory.dataset("shop")
    memory.index_all()
    found = WarmStart(memory.store).configs(memory.asks(shop), shop, [], memory.retrieval.neighbours(shop))
    assert [each.changes for each in found] == [{"dropout": (0.2, 0.35), "num_blocks": (2, 1)}]
    assert "config to use on near" in found[0].source and "on-near" in found[0].source


def test_a_new_version_begins_with_the_last_ones_best_and_tells_the_drift(memory: Memory):
    may = memory.dataset("may", lineage="shop")
    memory.ended(may, "on-may", dropout=0.35)
    june = memory.dataset("june", lineage="shop", mean_length=14.0)
    study = memory.asks(june)
    [first] = WarmStart(memory.store).configs(study, june, [], [])
    assert (first.kind, first.changes) == ("version", {"dropout": (0.2, 0.35)})
    [earlier] = earlier_versions(memory.store, june)
    assert earlier.gaps[-1].name == "mean_length" and earlier.gaps[-1].gap > 0.5
    assert WarmStart(memory.store).configs(memory.asks(june, without_lineage=True), june, [], []) == ()
    assert list(earlier_versions(memory.store, may)) == []


def test_a_version_that_nobody_studied_does_not_hide_the_best_of_the_one_before(memory: Memory):
    april = memory.dataset("april", lineage="shop")
    memory.ended(april, "on-april", dropout=0.35)
    memory.dataset("may", lineage="shop")
    june = memory.dataset("june", lineage="shop")
    [first] = WarmStart(memory.store).configs(memory.asks(june), june, [], [])
    assert (first.kind, first.changes) == ("version", {"dropout": (0.2, 0.35)})
    assert "april" in first.source


def test_rules_of_another_version_are_in_scope_and_those_of_other_data_are_not(memory: Memory):
    may, june = memory.dataset("may", lineage="shop"), memory.dataset("june", lineage="shop")
    old = memory.learned(may, level="dataset")
    memory.learned(memory.dataset("beauty"), level="dataset")
    assert [hit.lesson.id for hit in memory.retrieval.for_study(memory.asks(june), june)] == [old.id]
    assert memory.retrieval.for_study(memory.asks(june, without_lineage=True), june) == []


def test_a_study_whose_own_data_taught_the_memory_is_told(memory: Memory):
    shop = memory.dataset("shop")
    study = memory.asks(shop)
    assert knows_lineage(memory.store, study, shop) == 0
    memory.learned(shop)
    memory.learned(memory.dataset("beauty"))
    assert knows_lineage(memory.store, study, shop) == 1


def test_every_pinned_lesson_comes_however_many_there_are(memory: Memory):
    pinned = {memory.editing.pin(memory.write(f"Pinned {n}."), True, "Ada").id for n in range(5)}
    for number in range(9):
        memory.write(f"Rule {number}.")
    shop = memory.dataset("shop")
    found = [hit.lesson.id for hit in memory.retrieval.for_study(memory.asks(shop), shop, k=4)]
    assert set(found) == pinned


def test_of_lessons_that_say_the_same_one_comes_and_then_something_else(memory: Memory):
    for number in range(6):
        memory.write(f"More dropout helps short sparse histories, case {number}.", effect=0.01)
    other = memory.write("Wide item vectors pay for a large catalogue.", axis="hidden_dim")
    shop = memory.dataset("shop")
    memory.index_all()
    assert other.id in [hit.lesson.id for hit in memory.retrieval.for_study(memory.asks(shop), shop, k=2)]


def test_a_lesson_that_cannot_be_read_any_more_stops_no_planning(memory: Memory):
    broken = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    memory.store.lessons.add({**broken, "claim": "Old.", "conditions": "gone_feature < 3"}, "import", "older")
    [hit] = hits_for(memory)
    assert not hit.applies
    assert from_rules(SPACE, [hit]) is None
