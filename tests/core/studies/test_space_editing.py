"""Editing the search space of a running study."""

from pathlib import Path

import pytest

from core.errors import Conflict
from core.records import Study, Trial
from core.space import SearchSpace
from core.states import StudyState
from core.studies.space_editing import edit_space
from tests.core.loop.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.dataset()
    return made


def space_of(study: Study) -> SearchSpace:
    return SearchSpace.from_json(study.space)


def narrowed(world: World, study: Study, high: float) -> tuple[Study, list[Trial]]:
    """Dropout at most `high` from now on."""
    now = world.store.studies.get(study.id)
    revision = world.store.studies.revision(study.id)
    return edit_space(world.store, now, revision, space_of(now).narrow("dropout", 0.0, high), "Ada")


def test_what_waits_outside_the_new_space_goes_stale(world: World):
    study = world.start(autonomy="each")
    waits = world.wait_for_proposal(study)
    assert waits.params["dropout"] == 0.3
    edited, stale = narrowed(world, study, 0.25)
    assert edited.space_version == 2 and [trial.id for trial in stale] == [waits.id]
    proposal = world.store.proposals.proposal(waits.id)
    assert proposal is not None and proposal.stale == "it lies outside the search space that Ada edited"


def test_what_waits_inside_keeps_waiting(world: World):
    study = world.start(autonomy="each")
    world.wait_for_proposal(study)
    assert narrowed(world, study, 0.5)[1] == []


def test_when_the_current_best_lies_outside_the_agent_plans_from_the_best_inside(world: World):
    study = world.start(trials=10)
    world.run_until(lambda: (world.store.trials.of_study(study.id)[-1].params["dropout"]) >= 0.5)
    ran = len(world.store.trials.of_study(study.id))
    narrowed(world, study, 0.4)
    world.finish(study)
    later = world.store.trials.of_study(study.id)[ran:]
    assert later and all(trial.params["dropout"] <= 0.4 for trial in later)
    bases = [world.store.proposals.proposal(trial.id) for trial in later]
    inside = {trial.id for trial in world.store.trials.of_study(study.id) if trial.params["dropout"] <= 0.4}
    assert all(proposal is not None and proposal.base_trial_id in inside for proposal in bases)


def test_of_two_editors_the_later_is_told(world: World):
    study = world.start(autonomy="each")
    narrowed(world, study, 0.5)
    with pytest.raises(Conflict, match="Ada was first"):
        edit_space(world.store, study, 1, space_of(study).fix("ffn", "gelu"), "Ben")


def test_an_ended_study_and_another_backbone_are_refused(world: World):
    study = world.start(autonomy="each")
    with pytest.raises(Conflict, match="the search space is one of hstu"):
        edit_space(world.store, study, 1, SearchSpace.of("hstu"), "Ada")
    world.store.studies.move(study.id, StudyState.CANCELLED, "Ada")
    with pytest.raises(Conflict, match="is cancelled; its search space stays"):
        edit_space(world.store, world.store.studies.get(study.id), 1, space_of(study), "Ada")
