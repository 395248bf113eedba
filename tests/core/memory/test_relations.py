"""Duplicates are offered for merge, contradictions for resolution; a merge loses no evidence."""

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.memory.relations import Relations
from core.memory.resolving import Resolving
from core.memory.trust import confidence
from core.states import StudyState
from core.store import Found
from tests.core.memory.house import Memory
from tests.core.store.building import a_proposal, a_study


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
    for other in ({"direction": "down"}, {"kind": "avoid"}):
        with pytest.raises(InvalidInput, match="memory settle"):
            memory.merging.merge(lesson, memory.write(**other), "Ada")
    with pytest.raises(Conflict, match="unlock"):
        memory.merging.merge(lesson, memory.editing.lock(memory.write(), True, "Ada"), "Ada")


def test_a_merge_of_what_was_edited_meanwhile_is_refused_before_anything_moves(memory: Memory):
    keep, other = memory.write(), memory.write("Dropout should be higher.")
    _, trial = memory.ended(memory.dataset("beauty"), "one", dropout=0.3)
    memory.witness(other, trial)
    memory.editing.edit(other, {"claim": "Dropout should be much higher."}, "Bob")
    with pytest.raises(Conflict, match="you saw revision 1"):
        memory.merging.merge(keep, other, "Ada")
    assert memory.store.lessons.evidence(keep.id) == []


def test_a_merge_takes_links_along_and_answers_what_was_open_between_the_two(memory: Memory):
    keep, other = memory.write(conditions="mean_length < 10"), memory.write("Higher.", conditions="mean_length < 60")
    against = memory.write("Less dropout.", direction="down", conditions="mean_length > 20")
    memory.store.links.settle(other.id, against.id, "both stand", "Ada")
    older = memory.write("Wider.", axis="hidden_dim")
    memory.store.links.add(other.id, older.id, "supersedes", "merged in May", "Ada")
    memory.store.links.add(keep.id, other.id, "duplicates", "they look alike", "Ada")
    memory.merging.merge(keep, other, "Ada")
    links = {(link.lesson_id, link.other_id): (link.kind, link.why) for link in memory.store.links.of(keep.id)}
    assert links == {
        (keep.id, against.id): ("contradicts", "both stand"),
        (keep.id, older.id): ("supersedes", "merged in May"),
        (keep.id, other.id): ("supersedes", f"merged into lesson {keep.id}"),
    }
    assert [link.kind for link in memory.store.links.of(other.id)] == ["supersedes"]


def test_what_was_settled_with_the_one_that_goes_stays_settled_with_the_one_that_is_kept(memory: Memory):
    keep, other = memory.write(), memory.write("Dropout should be higher.")
    against = memory.write("More dropout hurts.", kind="avoid", conditions="mean_length > 90")
    for lesson in (keep, other):
        memory.store.links.settle(lesson.id, against.id, "both stand", "Ada")
    memory.merging.merge(keep, other, "Ada")
    assert [link.state for link in memory.store.links.of(against.id)] == ["settled"]
    assert kinds(memory) == []


def test_a_proposal_that_cites_the_one_that_is_kept_is_stale_though_its_words_stay(memory: Memory):
    keep, other = memory.write(), memory.write("Dropout should be higher.")
    trial = a_proposal(memory.store, a_study(memory.store), found=[Found(keep.id, 1, 0.5, {}, cited=True)])
    _, stale = memory.merging.merge(keep, other, "Ada")
    assert [each.id for each in stale] == [trial.id]


def test_a_contradiction_that_an_edit_cures_is_open_no_more_and_opens_again_with_the_next(memory: Memory):
    up = memory.write(conditions="mean_length < 30")
    down = memory.write("Less dropout.", direction="down", conditions="mean_length < 60")
    assert [link.kind for link in memory.store.links.open()] == ["contradicts"]  # nobody asked for a comparison
    cured, _ = memory.editing.edit(down, {"conditions": "mean_length >= 30"}, "Ada")
    assert memory.store.links.open() == []
    again, _ = memory.editing.edit(cured, {"conditions": "mean_length >= 10"}, "Ada")
    assert len(memory.store.links.open()) == 1
    memory.editing.set_status(again, "muted", "Ada")
    assert memory.store.links.open() == []
    assert kinds(memory) == [] and up.id


def test_what_a_person_settled_stays_settled_after_an_edit(memory: Memory):
    up, down = memory.write(), memory.write("Less dropout.", direction="down")
    Resolving(memory.store).stand(up, down, "one for each season", "Ada")
    memory.editing.edit(down, {"claim": "Much less dropout."}, "Ada")
    assert kinds(memory) == []


def test_a_rule_of_a_dataset_contradicts_one_across_datasets_that_speaks_to_it(memory: Memory):
    short, long = memory.dataset("short"), memory.dataset("long", mean_length=160.0)
    memory.write(conditions="mean_length < 10")
    for dataset in (short, long):
        values = {"level": "dataset", "dataset_id": dataset.id, "direction": "down"}
        memory.write(f"Less dropout on {dataset.name}.", **values)
    [link] = memory.store.links.open()
    assert memory.store.lessons.get(link.other_id).dataset_id == short.id and link.kind == "contradicts"


def test_a_rule_across_datasets_repeats_nothing_of_the_dataset_it_was_learned_on(memory: Memory):
    dataset = memory.dataset("beauty")
    memory.write(level="dataset", dataset_id=dataset.id)
    memory.write(conditions="mean_length < 10")
    assert kinds(memory) == []


def test_what_a_study_that_is_over_learned_contradicts_nobody(memory: Memory):
    dataset = memory.dataset("beauty")
    study = a_study(memory.store, "one", dataset_id=dataset.id)
    memory.write()
    memory.write("Less dropout.", level="study", study_id=study.id, dataset_id=dataset.id, direction="down")
    assert kinds(memory) == ["contradicts"]
    memory.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    assert kinds(memory) == []


def test_rules_under_two_protocols_are_not_held_against_one_another(memory: Memory):
    dataset = memory.dataset("beauty")
    memory.learned(dataset, level="dataset", stamp="loo/val/fit:train/9u/full/mask:seen/ties:exp/@10/beauty")
    values = {"kind": "avoid", "stamp": "loo/val/fit:train/9u/full/mask:none/ties:exp/@10/beauty"}
    memory.learned(dataset, level="dataset", **values)
    assert kinds(memory) == []
