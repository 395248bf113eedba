"""Lessons from verdicts, found again where they apply, paid by outcomes, edited by people, indexed by one owner."""

from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput
from core.memory.documents import LESSONS
from core.memory.records import Lesson
from core.memory.trust import confidence
from tests.core.loop.world import World


def write(world: World, claim: str, **values: object) -> Lesson:
    """A cognition lesson by hand."""
    body = {"level": "cognition", "kind": "do", "axis": "dropout", "direction": "up", "backbone": "sasrec"}
    return world.workspace.editing.add({**body, "claim": claim, **values}, "Ada")


def index(world: World) -> None:
    """Bring the index up to date."""
    while world.workspace.indexer.apply():
        pass


@pytest.fixture
def taught(world: World) -> World:
    """A world that has finished a study where dropout helped."""
    world.finish(world.start(trials=8))
    return world


def test_at_the_end_study_lessons_become_rules_of_the_dataset_and_across_datasets(taught: World):
    levels = {lesson.level for lesson in taught.store.lessons.all() if lesson.axis == "dropout"}
    assert levels == {"study", "dataset", "cognition"}
    rule = next(lesson for lesson in taught.store.lessons.all(level="cognition", axis="dropout"))
    assert "mean_length < 10" in rule.conditions
    assert taught.store.lessons.evidence(rule.id)


def test_a_lesson_of_an_earlier_study_is_cited_on_a_like_dataset_and_chooses_the_first_step(taught: World):
    taught.dataset("like")
    study = taught.start("like", autonomy="each")
    trial = taught.wait_for_proposal(study)
    proposal = taught.store.proposals.proposal(trial.id)
    cited = [found for found in taught.store.proposals.retrievals(trial.id) if found.cited]
    assert proposal is not None and proposal.axis == "dropout" and proposal.direction == "up"
    assert {"text", "profile", "conditions", "confidence", "pin", "clauses"} <= set(cited[0].parts)


def test_a_lesson_that_changes_the_choice_is_named_as_the_one_that_chose(world: World):
    body = {"level": "cognition", "kind": "do", "axis": "embedding_norm", "direction": "none", "backbone": "sasrec"}
    lesson = world.store.lessons.add({**body, "claim": "Inner products help.", "effect": 0.3}, "Ada", "by hand")
    trial = world.wait_for_proposal(world.start(autonomy="each"))
    [found] = [each for each in world.store.proposals.retrievals(trial.id) if each.decisive]
    proposal = world.store.proposals.proposal(trial.id)
    assert found.lesson_id == lesson.id and proposal is not None and proposal.axis == "embedding_norm"


def test_with_memory_off_no_lesson_is_shown(taught: World):
    taught.dataset("like")
    trial = taught.wait_for_proposal(taught.start("like", autonomy="each", use_memory=False))
    assert taught.store.proposals.retrievals(trial.id) == []


def test_a_decisive_lesson_that_helped_is_paid_once_per_dataset(taught: World):
    taught.dataset("like")
    rule = next(iter(taught.store.lessons.all(level="cognition", axis="dropout", direction="up")))
    before = confidence(rule)
    taught.finish(taught.start("like", trials=5))
    paid = [event for event in taught.store.events.newest(500, lesson_id=rule.id) if event.kind == "lesson paid"]
    assert len(paid) == 1
    assert confidence(taught.store.lessons.get(rule.id)) > before


def test_a_lesson_whose_conditions_do_not_hold_scores_lower(taught: World):
    taught.dataset("long", mean_length=120.0, p95_length=300.0, density=0.2)
    index(taught)
    study = taught.start("long", autonomy="each")
    hits = taught.workspace.retrieval.for_study(study, taught.store.datasets.get("long"))
    toy = taught.workspace.retrieval.for_study(study, taught.store.datasets.get("toy"))
    by_id = {hit.lesson.id: hit for hit in toy}
    unmet = [hit for hit in hits if not hit.applies]
    assert unmet and all(hit.score < by_id[hit.lesson.id].score for hit in unmet if hit.lesson.id in by_id)


def test_the_nearest_dataset_is_the_one_with_the_nearest_profile(world: World):
    world.dataset("near", mean_length=6.5)
    world.dataset("far", mean_length=300.0, density=0.5)
    index(world)
    neighbours = world.workspace.retrieval.neighbours(world.store.datasets.get("toy"))
    assert [each.dataset.name for each in neighbours] == ["near", "far"]
    assert neighbours[1].gaps[-1].gap > neighbours[1].gaps[0].gap


def test_a_lesson_is_found_by_its_words(world: World):
    write(world, "More dropout helps short histories.")
    write(world, "Wide item vectors help large catalogues.", axis="hidden_dim")
    index(world)
    [(best, score), *_] = world.workspace.retrieval.search("short histories")
    assert "short histories" in best.claim and 0 < score <= 1


def test_muted_and_archived_lessons_are_not_found(world: World):
    lesson = write(world, "More dropout helps short histories.")
    world.workspace.editing.set_status(lesson, "muted", "Ada")
    index(world)
    assert world.workspace.retrieval.search("short histories") == []


def test_an_edit_makes_a_waiting_proposal_that_cites_the_lesson_stale(taught: World):
    taught.dataset("like")
    study = taught.start("like", autonomy="each")
    trial = taught.wait_for_proposal(study)
    cited = next(found for found in taught.store.proposals.retrievals(trial.id) if found.cited)
    lesson = taught.store.lessons.get(cited.lesson_id)
    _, stale = taught.workspace.editing.edit(lesson, {"kind": "avoid", "claim": "It hurts."}, "Ada", "I saw it")
    assert [each.id for each in stale] == [trial.id]
    with pytest.raises(Conflict, match="stale"):
        taught.deciding.approve(trial, "Bob", "test")
    taught.deciding.replan(trial, "Bob", "test")
    assert taught.wait_for_proposal(study).id != trial.id


def test_of_two_people_who_edit_one_lesson_the_later_is_told(world: World):
    lesson = write(world, "More dropout helps.")
    world.workspace.editing.edit(lesson, {"claim": "Much more dropout helps."}, "Ada")
    with pytest.raises(Conflict, match="Ada was first"):
        world.workspace.editing.edit(lesson, {"claim": "Less dropout helps."}, "Bob")
    assert [each.author for each in world.store.lessons.revisions(lesson.id)] == ["Ada", "Ada"]


def test_an_old_revision_can_be_restored(world: World):
    lesson = write(world, "First.")
    edited, _ = world.workspace.editing.edit(lesson, {"claim": "Second."}, "Ada")
    restored, _ = world.workspace.editing.restore(edited, 1, "Bob")
    assert restored.claim == "First." and restored.revision == 3


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"claim": " "}, "empty"),
        ({"claim": "x" * 100_000}, "too long"),
        ({"conditions": "length < 3"}, "length"),
        ({"axis": "warp_drive"}, "warp_drive"),
        ({"backbone": "bert9"}, "bert9"),
        ({"kind": "maybe"}, "maybe"),
    ],
)
def test_an_edit_that_planning_could_not_use_is_refused_at_once(world: World, changes: dict[str, str], fault: str):
    lesson = write(world, "More dropout helps.")
    with pytest.raises(InvalidInput, match=fault):
        world.workspace.editing.edit(lesson, changes, "Ada")
    assert world.store.lessons.get(lesson.id).revision == 1


def test_sql_and_the_index_agree_after_a_study(taught: World):
    index(taught)
    assert taught.workspace.indexer.check() == []
    assert taught.index.count(LESSONS) == len(taught.store.lessons.all())


def test_check_names_what_the_index_lacks_and_mends_it(taught: World):
    index(taught)
    lost = next(iter(taught.store.lessons.all()))
    taught.index.delete(LESSONS, [lost.document_id])
    assert [(each.document_id, each.fault) for each in taught.workspace.indexer.check()] == [
        (lost.document_id, "missing")
    ]
    taught.workspace.indexer.mend()
    assert taught.workspace.indexer.check() == []


def test_a_lost_index_is_rebuilt_from_sql_without_embedding_anything_twice(taught: World):
    index(taught)
    for collection in taught.index.collections():
        taught.index.reset(collection)
    before = len(taught.store.lessons.all())
    count = taught.workspace.indexer.rebuild()
    assert count == before + len(taught.store.datasets.all())
    assert taught.workspace.indexer.check() == []


def test_a_pinned_lesson_always_comes(world: World, tmp_path: Path):
    for number in range(12):
        write(world, f"Rule number {number} about short histories.", axis="lr")
    pinned = write(world, "Something else altogether.", axis="lr")
    world.workspace.editing.pin(pinned, True, "Ada")
    index(world)
    study = world.start(autonomy="each")
    hits = world.workspace.retrieval.for_study(study, world.store.datasets.get("toy"), k=3)
    assert hits[0].lesson.id == pinned.id and len(hits) == 3


def test_a_new_study_names_what_each_effect_of_the_memory_comes_from(taught: World):
    taught.dataset("like")
    study = taught.start("like", autonomy="each", trials=5)
    first = taught.store.proposals.proposal(taught.wait_for_proposal(study).id)
    rule = next(iter(taught.store.lessons.all(level="cognition", axis="dropout", direction="up")))
    assert first is not None and f"lesson {rule.id}" in first.mechanism and first.params["dropout"] > 0.2
    summary = next(each for each in taught.store.lessons.all(level="cognition", kind="fact"))
    assert "Helped: raising dropout" in summary.claim and "learned on toy" in summary.claim
    assert rule.low is not None and rule.high is not None and rule.low <= rule.high
    again = taught.start("toy", autonomy="each", name="again")
    [told] = [
        each for each in taught.store.events.newest(50, study_id=again.id) if each.kind == "memory knows this data"
    ]
    assert told.detail["lessons"] >= 2


def test_a_proposal_of_the_share_planned_without_memory_was_shown_nothing_that_was_found(world: World):
    write(world, "More dropout helps short histories.")
    trial = world.wait_for_proposal(world.start(autonomy="each", memory_off_share=1.0))
    [found] = world.store.proposals.retrievals(trial.id)
    proposal = world.store.proposals.proposal(trial.id)
    assert (found.shown, found.cited, found.decisive) == (False, False, False)
    assert proposal is not None and "Lesson" not in proposal.mechanism


def test_lessons_beyond_the_best_are_found_and_not_shown(world: World):
    for number in range(12):
        write(world, f"Rule {number} on the learning rate.", axis="lr")
    trial = world.wait_for_proposal(world.start(autonomy="each"))
    found = world.store.proposals.retrievals(trial.id)
    assert (len(found), sum(each.shown for each in found)) == (12, 8)
