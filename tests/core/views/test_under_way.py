"""A trial while it is queued or runs: its seeds, the time left, and its lead over the current best."""

from pathlib import Path

import pytest

from core.records import Run, Study
from core.states import RunState, StudyState
from core.views.under_way import UnderWay, under_way
from tests.core.loop.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    built = World(tmp_path)
    built.dataset()
    return built


def running(world: World, study: Study, number: int, epoch: int) -> Run:
    """The run under way of the trial of that number, at least at that epoch."""

    def found() -> Run | None:
        trials = {trial.id: trial.number for trial in world.store.trials.of_study(study.id)}
        runs = [run for run in world.store.runs.of_study(study.id) if trials[run.trial_id] == number]
        return next((run for run in runs if run.state is RunState.RUNNING and run.epoch >= epoch), None)

    world.run_until(lambda: found() is not None)
    run = found()
    assert run is not None
    return run


def seen(world: World, study: Study, number: int) -> UnderWay:
    now = under_way(world.store, study, number)
    assert now is not None
    return now


def test_of_a_baseline_that_begins_one_seed_runs_and_two_are_queued(world: World):
    study = world.start()
    running(world, study, 1, 3)
    now = seen(world, study, 1)
    assert [line.seed for line in now.running] == [1] and [line.seed for line in now.queued] == [2, 3]
    assert now.running[0].epoch == 3 and now.running[0].left == "at most 2 s left"  # four epochs of half a second
    assert now.lead is None and not now.ended


def test_the_time_left_follows_the_runs_that_ended(world: World):
    study = world.start(epochs=100)  # the scripted runs end after seven
    running(world, study, 1, 1)
    assert seen(world, study, 1).running[0].left == "at most 50 s left"
    world.run_until(lambda: bool(seen(world, study, 1).ended) and bool(seen(world, study, 1).running))
    run = running(world, study, 1, 1)
    assert run.seed == 2 and seen(world, study, 1).running[0].left == "about 3 s left"


def test_the_lead_is_that_over_the_current_best_at_the_same_epoch(world: World):
    study = world.start()
    run = running(world, study, 2, 2)
    best = world.store.trials.by_number(study.id, 1)
    theirs = [world.store.runs.values(each.id) for each in world.store.runs.of_trial(best.id)]
    world.store.runs.record(run, 3, 0.5, {"ndcg@10": 0.4}, 0.5)
    lead = seen(world, world.store.studies.get(study.id), 2).lead
    assert lead is not None and (lead.against, lead.epochs) == (1, (1, 2, 3))
    mean = sum(values[2].metrics["ndcg@10"] for values in theirs) / len(theirs)
    assert lead.differences[-1] == pytest.approx(0.4 - mean)


def test_a_queued_trial_says_what_comes_first_and_a_paused_one_where_it_goes_on(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    world.deciding.approve(trial, "Ada", "test")
    now = seen(world, study, trial.number)
    assert not now.running and now.in_line >= 1
    run = running(world, study, 1, 3)
    world.store.studies.move(study.id, StudyState.PAUSED, "Ada")
    world.run_until(lambda: world.store.runs.get(run.id).state is RunState.QUEUED)
    assert seen(world, world.store.studies.get(study.id), 1).queued[0].epoch >= 3


def test_nothing_is_under_way_of_a_trial_that_waits_or_ended(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    assert under_way(world.store, study, trial.number) is None
    world.run_until(lambda: world.store.trials.by_number(study.id, 1).judged_at is not None)
    assert under_way(world.store, study, 1) is None
