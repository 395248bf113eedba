"""Starting a study: what is checked, what is queued, what a number will mean."""

from pathlib import Path

import pytest

from core.approval import approval_hash, config_hash
from core.errors import Conflict, InvalidInput, VirtualMLEError
from core.space import SearchSpace
from core.states import StudyState
from core.studies.forecast import forecast
from tests.core.loop.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.dataset()
    return made


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"trials": 0}, "trials=0 is too small"),
        ({"epochs": 0}, "epochs=0 is too small"),
        ({"min_gain": -0.1}, "min_gain=-0.1 is too small"),
        ({"objective": "auc"}, "no metric is called 'auc'"),
        ({"autonomy": "sometimes"}, "autonomy 'sometimes' does not exist; choose each, gated, window, autopilot"),
        ({"agent": "oracle"}, "no agent is called 'oracle'"),
        ({"deadline_seconds": 0.0}, "no time to decide in"),
        ({"backbone": "gru"}, "gru"),
        ({"production": {"lr": 5.0}}, "lr=5.0 is outside"),
        ({"dataset": "nowhere"}, "no dataset 'nowhere'"),
    ],
)
def test_a_plan_that_cannot_be_starts_nothing(world: World, plan, says):
    with pytest.raises(Exception, match=says):
        world.start(**plan)
    assert world.store.studies.all() == []


def test_an_archived_dataset_is_not_tuned(world: World):
    world.store.datasets.archive(world.store.datasets.get("toy").id, "Ada")
    with pytest.raises(Conflict, match="is archived; restore it"):
        world.start()


def test_what_reads_times_is_held_off_where_events_have_none(world: World):
    card = {**world.store.datasets.get("toy").card, "has_timestamps": False}
    world.store.datasets.add("0" * 12, "timeless", "lineage", "0" * 12, card, {}, "test")
    study = world.start("timeless", backbone="hstu", space=SearchSpace.of("hstu"))
    space = SearchSpace.from_json(study.space)
    assert space.fixed["time_bias"] is False and "time_bias" not in space.searched
    assert world.store.trials.of_study(study.id)[0].params["time_bias"] is False


@pytest.mark.parametrize("told", [True, False])
def test_what_reads_event_types_is_searched_where_events_have_several(world: World, told: bool):
    card = {**world.store.datasets.get("toy").card, "has_event_types": told}
    world.store.datasets.add("0" * 12, "shop", "lineage", "0" * 12, card, {}, "test")
    space = SearchSpace.from_json(world.start("shop", space=SearchSpace.of("sasrec")).space)
    assert ("event_type_discount" in space.searched) is told
    assert space.fixed.get("event_type_discount") == (None if told else 0.0)


def test_a_name_is_taken_once_and_the_next_one_is_found(world: World):
    assert [world.start().name for _ in range(3)] == ["toy-sasrec", "toy-sasrec-2", "toy-sasrec-3"]
    with pytest.raises(VirtualMLEError):
        world.start(name="toy-sasrec")


def test_the_baseline_is_approved_with_three_seeds_and_production_beside_it(world: World):
    study = world.start(production={"lr": 0.002}, seed=5)
    trials = world.store.trials.of_study(study.id)
    assert [(trial.kind, trial.seeds) for trial in trials] == [("baseline", (5, 6, 7)), ("production", (5, 6, 7))]
    assert all(world.store.trials.decisions(trial.id)[0].actor == "Ada" for trial in trials)


def test_a_production_config_that_is_the_baseline_is_run_once(world: World):
    study = world.start(production={"lr": 0.001})
    assert len(world.store.trials.of_study(study.id)) == 1


def test_the_stamp_says_what_a_number_means(world: World):
    stamp = world.start(objective="recall@20").stamp
    assert stamp == "loo/val/fit:train/1500u/full/mask:seen/ties:exp/@20/toy-00000000"


def test_an_approval_is_about_config_seeds_space_and_protocol_and_nothing_else():
    params = SearchSpace.of("sasrec").baseline()
    agreed = approval_hash(params, (1, 2), 1, "stamp")
    assert agreed == approval_hash(dict(reversed(params.items())), [1, 2], 1, "stamp")
    others = [({**params, "lr": 0.002}, (1, 2), 1, "stamp"), (params, (1,), 1, "stamp"), (params, (1, 2), 2, "stamp")]
    others.append((params, (1, 2), 1, "another"))
    assert agreed not in {approval_hash(*each) for each in others}
    assert config_hash(params) == config_hash(dict(reversed(params.items())))


def test_the_time_left_is_unknown_before_the_first_epoch_and_shrinks_to_nothing(world: World):
    study = world.start(trials=2)
    assert forecast(world.store, study, world.clock.now()).seconds_left is None
    seen = []
    while not study.has_ended:
        world.tick(2)
        study = world.store.studies.get(study.id)
        seen.append(forecast(world.store, study, world.clock.now()))
    assert seen[-1].share == 1.0
    assert seen[-1].doing == "finished"
    shares = [each.share for each in seen]
    assert shares == sorted(shares)
    assert any("trial 1 · seed 1 · epoch" in each.doing and "NDCG@10 0." in each.doing for each in seen)


def test_a_forecast_says_when_a_person_is_waited_for(world: World):
    study = world.start(autonomy="each", trials=2)
    world.wait_for_proposal(study)
    world.run_until(lambda: not any(not run.has_ended for run in world.store.runs.of_study(study.id)))
    assert forecast(world.store, world.store.studies.get(study.id), world.clock.now()).waits


def test_reasons_are_asked_for_and_kept_short(world: World):
    trial = world.wait_for_proposal(world.start(autonomy="each", trials=2))
    for reason, says in (("  ", "needs a reason"), ("x" * 3000, "at most 2000")):
        with pytest.raises(InvalidInput, match=says):
            world.deciding.veto(trial, reason, "Ada", "test")
    assert world.store.trials.get(trial.id).waits


def test_no_seed_and_no_config_is_added_to_a_study_that_has_ended(world: World):
    study = world.start(autonomy="each", trials=2)
    world.store.studies.move(study.id, StudyState.CANCELLED, "Ada", "")
    trial = world.store.trials.by_number(study.id, 1)
    with pytest.raises(Conflict, match="has ended"):
        world.deciding.add_seeds(trial, 1, "Ada", "test")
    with pytest.raises(Conflict, match="is cancelled"):
        world.deciding.queue(world.store.studies.get(study.id), {"lr": 0.002}, "Ada", "test")
