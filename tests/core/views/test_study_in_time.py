"""A study along time: its edits, its lineage, its timeline, and what its agent knew at a trial."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.records import Study
from core.space import SearchSpace
from core.studies.space_editing import edit_space
from core.studies.study_editing import edit_settings
from core.views import lineage as lineage_view
from core.views.edits import edits_of
from core.views.knowledge import knowledge
from core.views.lineage import lineage
from core.views.timeline import timeline
from tests.core.loop.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A finished study of six trials; after the third, Ada wrote instructions and Ben narrowed the dropout."""
    built = World(tmp_path_factory.mktemp("home"))
    built.dataset()
    study = built.start(trials=6, extra_seeds=False)
    store = built.store
    built.run_until(lambda: sum(t.judged_at is not None for t in store.trials.of_study(study.id)) >= 3)
    study = edit_settings(store, study, 1, {"instructions": "leave lr alone", "max_trials": 7}, "Ada", "a phone")
    body = dict(study.space)
    narrowed = {**body["searched"]["dropout"], "high": 0.45}
    space = SearchSpace.from_json({**body, "searched": {**body["searched"], "dropout": narrowed}})
    edit_space(store, study, 2, space.fix("num_blocks", 2), "Ben", "")
    built.finish(store.studies.get(study.id))
    return built


@pytest.fixture
def study(world: World) -> Study:
    return world.store.studies.get(1)


def test_an_edit_says_who_changed_what_and_between_which_trials(world: World, study: Study):
    ada, ben = edits_of(world.store, study)
    assert (ada.author, ada.reason, ada.label) == ("Ada", "a phone", "instructions, budget")
    assert "budget 6 → 7" in ada.words and "instructions: leave lr alone" in ada.words
    assert ben.topics == ("space",) and "num_blocks fixed at 2" in ben.words
    assert any(words.startswith("dropout ") and words.endswith("to 0.45") for words in ben.words)
    created = dict(world.store.trials.created(study.id))
    assert created[ada.after] <= ada.at and all(at > ada.at for number, at in created.items() if number > ada.after)


def test_a_study_nobody_edited_has_no_edits(tmp_path: Path):
    fresh = World(tmp_path)
    fresh.dataset()
    assert edits_of(fresh.store, fresh.start()) == ()


def test_the_trunk_leads_from_the_baseline_to_the_best(world: World, study: Study):
    nodes = lineage(world.store, study).nodes
    assert {node.number for node in nodes} == {trial.number for trial in world.store.trials.of_study(study.id)}
    trunk = [node for node in nodes if node.lane == 0]
    best = world.store.trials.get(study.incumbent_id or 0)
    assert (trunk[0].number, trunk[-1].number) == (1, best.number) and trunk[-1].mark == "current best"
    assert [nodes[node.parent_row or 0].number for node in trunk[1:]] == [node.number for node in trunk[:-1]]


def test_what_is_recommended_without_a_verdict_is_an_estimate_beside_the_trunk(world: World, study: Study):
    other = next(t for t in world.store.trials.of_study(study.id)[1:] if t.id != study.incumbent_id)
    nodes = lineage(world.store, replace(study, recommended_id=other.id)).nodes
    marks = {node.number: node.mark for node in nodes if node.mark}
    best = world.store.trials.get(study.incumbent_id or 0)
    assert marks == {best.number: "current best", other.number: "○ estimate"}


def test_older_trials_are_on_further_pages(monkeypatch: pytest.MonkeyPatch, world: World, study: Study):
    monkeypatch.setattr(lineage_view, "MOST_ROWS", 3)
    monkeypatch.setattr(lineage_view, "LEAST_ROWS", 1)
    study = replace(study, incumbent_id=None, recommended_id=None)
    first = lineage(world.store, study)
    assert first.pages > 1 and first.left_out
    pages = [lineage(world.store, study, page=page) for page in range(first.pages)]
    drawn = [{node.number for node in page.nodes} for page in pages]
    assert set.union(*drawn) == {trial.number for trial in world.store.trials.of_study(study.id)}
    assert all(page >= {node.number for node in first.nodes if node.lane == 0} for page in drawn)


def test_an_edge_tells_exactly_what_differs_from_the_parent(world: World, study: Study):
    nodes = lineage(world.store, study).nodes
    for node in nodes[1:]:
        assert node.parent_row is not None and node.parent_row < node.row
        own = world.store.trials.by_number(study.id, node.number).params
        base = world.store.trials.by_number(study.id, nodes[node.parent_row].number).params
        fields = [name for name in own if base.get(name) != own[name]]
        assert [part.split()[0] for part in node.whole_edge.split(", ")] == fields
        proposal = world.store.proposals.proposal(world.store.trials.by_number(study.id, node.number).id)
        assert proposal is not None and set(proposal.changes) == set(fields)


def test_archived_trials_are_not_in_the_tree(world: World, study: Study):
    other = next(t for t in world.store.trials.of_study(study.id)[1:] if t.id != study.recommended_id != t.id)
    if other.id == study.incumbent_id:
        other = next(
            t for t in world.store.trials.of_study(study.id)[1:] if t.id not in (other.id, study.recommended_id)
        )
    world.store.trial_notes.archive(other, "Ada")
    try:
        assert other.number not in {node.number for node in lineage(world.store, study).nodes}
    finally:
        world.store.trial_notes.restore(other, "Ada")


def test_a_lane_runs_from_proposal_over_decision_and_runs_to_the_verdict(world: World, study: Study):
    seen = timeline(world.store, study, world.clock.now())
    assert [lane.number for lane in seen.lanes] == sorted((lane.number for lane in seen.lanes), reverse=True)
    for lane in seen.lanes:
        assert lane.decided_at is not None and lane.judged_at is not None and lane.spans
        ends = [span.end for span in lane.spans if span.end <= lane.judged_at]
        assert lane.proposed_at <= lane.decided_at <= min(span.start for span in lane.spans) and ends
    assert len(seen.edits) == 2 and seen.pages == 1
    assert any("was edited by Ben" in each.says for each in timeline(world.store, study, 0.0).happened) or seen.happened


def test_at_a_trial_the_agent_knew_what_was_judged_by_then(world: World, study: Study):
    last = world.store.trials.of_study(study.id)[-1]
    for number in (2, last.number):
        seen = knowledge(world.store, study, number)
        trial = world.store.trials.by_number(study.id, number)
        before = [t for t in world.store.trials.of_study(study.id) if (t.judged_at or 0.0) <= trial.created_at]
        assert seen.judged == len([t for t in before if t.number < number])
        assert max((each.number for each in seen.known), default=0) < number
        assert sum(axis.tried for axis in seen.axes) <= sum(len(t.params) for t in before) + number


def test_settings_of_then_are_those_before_the_edit(world: World, study: Study):
    first, last = knowledge(world.store, study, 2), knowledge(world.store, study, 7)
    assert (first.max_trials, first.instructions) == (6, "")
    assert (last.max_trials, last.instructions) == (7, "leave lr alone")
    assert "num_blocks" in {axis.name for axis in first.axes} and "num_blocks" not in {axis.name for axis in last.axes}


def test_the_current_best_of_then_is_not_todays(world: World, study: Study):
    bests = [knowledge(world.store, study, number).best for number in range(2, 8)]
    assert bests[-1] == world.store.trials.get(study.incumbent_id or 0).number
    assert bests[0] in (None, 1) and bests == sorted(bests, key=lambda number: number or 0)


def test_a_verdict_that_a_later_seed_changed_is_shown_as_it_was(tmp_path: Path):
    fresh = World(tmp_path, surface=lambda params: 0.0)
    fresh.dataset()
    study = fresh.start(trials=3, extra_seeds=False, autonomy="each")
    second = fresh.wait_for_proposal(study)
    fresh.deciding.approve(second, "Ada", "test")
    fresh.run_until(lambda: fresh.store.trials.get(second.id).judged_at is not None)
    third = fresh.wait_for_proposal(study)
    if third.created_at < (fresh.store.trials.get(second.id).judged_at or 0.0):
        fresh.deciding.replan(third, "Ada", "test")
        third = fresh.wait_for_proposal(study)
    then = fresh.store.trials.get(second.id).value
    fresh.deciding.add_seeds(fresh.store.trials.get(second.id), 1, "Ada", "test")
    fresh.run_until(lambda: fresh.store.trials.get(second.id).judged_at is not None)
    assert fresh.store.trials.get(second.id).value != then
    known = {each.number: each for each in knowledge(fresh.store, study, third.number).known}
    assert known[second.number].value == then and known[second.number].standing != "queued"
