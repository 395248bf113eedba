"""What a study's end makes of its lessons, protocol by protocol; and what its rewriting does to proposals that wait."""

from core.memory.consolidation import Consolidation
from core.memory.promotion import Promotion
from core.memory.records import Lesson
from core.records import Dataset, Study, Trial
from core.space import SearchSpace
from core.store import Found
from core.views.lesson import lesson_page
from tests.core.memory.house import Memory
from tests.core.store.building import a_proposal, a_study


def stamp_of(dataset: Dataset, masking: str = "seen") -> str:
    return f"loo/val/fit:train/9u/full/mask:{masking}/ties:exp/@10/{dataset.id}"


def taught(memory: Memory, dataset: Dataset, name: str, masking: str = "seen", effect: float = 0.03) -> Lesson:
    """A study under a protocol that has ended with one lesson of one trial, promoted."""
    space, stamp = SearchSpace.of("sasrec"), stamp_of(dataset, masking)
    study = a_study(memory.store, name, dataset_id=dataset.id, space=space.to_json(), stamp=stamp)
    trial = memory.store.trials.add_approved(study, "person", space.complete({"dropout": 0.3}), [1], "Ada", "test", "x")
    lesson = memory.learned(dataset, level="study", study_id=study.id, stamp=stamp)
    memory.witness(lesson, trial, effect)
    promote(memory, study, dataset)
    return lesson


def promote(memory: Memory, study: Study, dataset: Dataset) -> list[Lesson]:
    return Promotion(memory.store, Consolidation(memory.store)).promote(study, dataset)


def citing(memory: Memory, lesson: Lesson, cited: bool = True) -> Trial:
    name = f"{lesson.id}-{cited}"
    study = a_study(memory.store, f"cites-{name}", dataset_id=memory.dataset(f"other-{name}").id)
    return a_proposal(memory.store, study, found=[Found(lesson.id, lesson.revision, 0.5, {}, cited=cited)])


def stale(memory: Memory, trial: Trial) -> str:
    proposal = memory.store.proposals.proposal(trial.id)
    assert proposal is not None
    return proposal.stale or ""


def test_two_studies_under_different_protocols_do_not_repeat_one_another(memory: Memory):
    dataset = memory.dataset("beauty")
    taught(memory, dataset, "one")
    taught(memory, dataset, "two", masking="none")
    assert memory.store.lessons.all(level="dataset") == []
    taught(memory, dataset, "three")
    [rule] = memory.store.lessons.all(level="dataset")
    assert rule.stamp == stamp_of(dataset)
    taught(memory, dataset, "four", masking="none")
    assert {each.stamp for each in memory.store.lessons.all(level="dataset")} == {rule.stamp, stamp_of(dataset, "none")}


def test_a_rule_of_the_dataset_is_heard_under_its_own_protocol_alone(memory: Memory):
    may, june = memory.dataset("may", lineage="shop"), memory.dataset("june", lineage="shop")
    seen = memory.learned(may, level="dataset", stamp=stamp_of(may))
    memory.learned(may, level="dataset", stamp=stamp_of(may, "none"))
    by_hand = memory.learned(may, level="dataset")
    for dataset in (may, june):  # a new version of the data is to test it again
        hits = memory.retrieval.ranked(memory.asks(dataset, stamp=stamp_of(dataset)), dataset)
        assert {hit.lesson.id for hit in hits} == {seen.id, by_hand.id}


def test_the_card_tells_the_protocol_of_a_rule_below_cognition(memory: Memory):
    dataset = memory.dataset("beauty")
    below, across = memory.learned(dataset, level="dataset", stamp=stamp_of(dataset)), memory.learned(dataset)
    assert f"protocol {stamp_of(dataset)}" in lesson_page(memory.store, below).provenance
    assert "protocol" not in lesson_page(memory.store, across).provenance


def test_a_rule_that_code_turns_round_makes_what_cites_it_stale(memory: Memory):
    lesson = memory.learned(memory.dataset("beauty"), claim="Raising dropout helps sasrec here.", low=0.3, high=0.5)
    waiting, shown = citing(memory, lesson), citing(memory, lesson, cited=False)
    _, trial = memory.ended(memory.dataset("sports"), "one", dropout=0.4)
    memory.witness(lesson, trial, -0.05)
    turned = Consolidation(memory.store).restate(lesson)
    assert (turned.kind, turned.low, turned.high) == ("avoid", None, None)
    assert "evidence turned" in stale(memory, waiting) and stale(memory, shown) == ""


def test_a_study_s_end_makes_stale_what_cites_the_rule_and_the_summary_it_rewrites(memory: Memory):
    dataset = memory.dataset("beauty")
    taught(memory, dataset, "one")
    [rule] = memory.store.lessons.all(level="cognition", kind="do")
    [summary] = memory.store.lessons.all(level="cognition", kind="fact")
    of_rule, of_summary = citing(memory, rule), citing(memory, summary)
    taught(memory, dataset, "two", effect=0.06)
    assert "study two" in stale(memory, of_summary)
    assert stale(memory, of_rule) == ""  # its words and values are as they were
