"""Hopeless runs in a whole study: what is pruned, what its verdict rests on, what a person may do about it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.agents.reliability import reliability
from core.loop.screening import PASSED, Screening
from core.records import Study, Trial
from core.states import RunState, Verdict
from core.views.standing import standing
from core.views.timeline import timeline
from core.worker.worker import Worker
from tests.core.loop.world import World

BAD, WORSE = {"dropout": 0.0}, {"dropout": 0.02}


def cliff(params: Mapping[str, Any]) -> float:
    """Less dropout ruins the model; all else changes nothing."""
    return -2.0 if params["dropout"] < 0.1 else 0.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home where a config without dropout is hopeless from the start."""
    made = World(tmp_path, surface=cliff)
    made.dataset()
    return made


def judged(world: World, study: Study, params: Mapping[str, Any]) -> Trial:
    """A person's config, queued once the baseline has its value, run to its verdict."""
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    trial = world.deciding.queue(world.store.studies.get(study.id), params, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    return world.store.trials.get(trial.id)


def only_run(world: World, trial: Trial):
    (run,) = world.store.runs.of_trial(trial.id)
    return run


def waiting(world: World, **plan: Any) -> Study:
    """A study whose own proposals wait for ever, so that only what a test queues runs."""
    return world.start(autonomy="each", extra_seeds=False, **plan)


def test_a_hopeless_run_is_pruned_with_its_epoch_and_the_reason(world: World):
    trial = judged(world, waiting(world), BAD)
    run = only_run(world, trial)
    assert run.state is RunState.PRUNED and run.value is None
    assert 3 <= run.epoch < 7
    assert run.error is not None and f"by epoch {run.epoch}" in run.error and "trial 1" in run.error
    assert standing(trial, [run]) == "pruned"


def test_the_first_pruned_trial_is_inconclusive_since_the_users_variance_is_unknown(world: World):
    trial = judged(world, waiting(world), BAD)
    assert trial.verdict is Verdict.INCONCLUSIVE and trial.value is None
    assert trial.comparison is not None and trial.comparison["low"] is None


def test_after_a_whole_comparison_a_pruned_trial_far_below_is_not_better_at_its_epoch(world: World):
    study = waiting(world)
    judged(world, study, {"lr": 0.003})
    trial = judged(world, study, BAD)
    assert trial.comparison is not None
    assert trial.comparison["epoch"] == only_run(world, trial).epoch
    assert trial.comparison["high"] < 0 and trial.verdict is Verdict.NOT_BETTER
    assert trial.value is None and world.store.studies.get(study.id).incumbent_id != trial.id


def test_the_reflection_says_that_it_was_pruned_where_and_why(world: World):
    trial = judged(world, waiting(world), BAD)
    told = world.store.proposals.reflection(trial.id)
    assert told is not None and told.observed.startswith("Pruned: by epoch ")
    assert " by the same epoch. After epoch " in told.observed
    assert "retry its run" in told.next_action


def test_a_pruned_run_that_a_person_retries_runs_to_its_end_and_is_judged_whole(world: World):
    study = waiting(world)
    trial = judged(world, study, BAD)
    stopped = only_run(world, trial)
    world.store.runs.retry(stopped, "Ada")
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    run, again = only_run(world, trial), world.store.trials.get(trial.id)
    assert run.state is RunState.COMPLETE and run.spared
    assert again.value is not None and again.verdict is Verdict.NOT_BETTER
    assert again.comparison is not None and again.comparison["epoch"] is None
    trained = (world.workspace.artifacts.run(trial, run.seed) / "trained.log").read_text().split()
    assert trained == [str(epoch) for epoch in range(1, 8)]  # it went on from where it was stopped


def test_without_pruning_a_hopeless_run_goes_to_its_end(world: World):
    trial = judged(world, waiting(world, use_pruning=False), BAD)
    assert only_run(world, trial).state is RunState.COMPLETE and trial.value is not None


def test_a_run_that_passes_its_first_look_says_so_once_and_a_hopeless_one_does_not(world: World):
    study = waiting(world)
    good, bad = judged(world, study, {"dropout": 0.35}), judged(world, study, BAD)
    [passed] = world.store.events.newest(9, trial_id=good.id, kind=PASSED)
    assert passed.detail == {"epoch": 3} and passed.run_id == only_run(world, good).id
    assert world.store.events.newest(9, trial_id=bad.id, kind=PASSED) == []
    seen = timeline(world.store, world.store.studies.get(study.id), world.clock.now())
    assert "passed the first look at epoch 3" in [each.says for each in seen.happened if each.number == good.number]


def test_neither_baseline_nor_production_nor_added_seeds_are_pruned(world: World):
    study = waiting(world, production=BAD)
    production = world.store.trials.by_number(study.id, 2)
    world.run_until(lambda: world.store.trials.get(production.id).judged_at is not None)
    trial = judged(world, study, WORSE)
    world.deciding.add_seeds(trial, 1, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    states = {run.purpose: run.state for run in world.store.runs.of_trial(trial.id)}
    assert states == {"trial": RunState.PRUNED, "extra": RunState.COMPLETE}
    assert {run.state for run in world.store.runs.of_trial(production.id)} == {RunState.COMPLETE}


def test_a_pruned_trial_is_no_base_to_plan_from_and_the_study_comes_to_its_end(world: World):
    study = world.finish(world.start(trials=4, autonomy="autopilot"))
    pruned = {t.id for t in world.store.trials.of_study(study.id) if t.value is None}
    proposals = [world.store.proposals.proposal(t.id) for t in world.store.trials.of_study(study.id)]
    assert not pruned & {proposal.base_trial_id for proposal in proposals if proposal}
    assert study.recommended_id not in pruned


def test_a_pause_does_not_bring_a_hopeless_run_back(world: World):
    study = waiting(world)
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    reasons = iter([None, "far below"])
    world.worker = _worker(world, lambda run: next(reasons, "far below"))
    trial = world.deciding.queue(world.store.studies.get(study.id), BAD, "Ada", "test")
    world.run_until(lambda: any(attempt.is_stopping for attempt in world.worker._attempts))
    world.worker.leave()
    assert only_run(world, trial).state is RunState.PRUNED


def _worker(world: World, why_hopeless: Any) -> Worker:
    parts = world.workspace
    return Worker(
        world.store,
        world.trainer,
        world.clock,
        parts.settings,
        "here-2",
        parts.loop,
        parts.indexer,
        parts.reveals,
        monotonic=world.clock.monotonic,
        why_hopeless=why_hopeless,
    )


def test_runs_that_went_to_their_end_tell_how_far_the_first_look_could_be_trusted(world: World):
    study = waiting(world, use_pruning=False)
    for params in (BAD, WORSE, {"lr": 0.003}):
        judged(world, study, params)
    told = reliability(Screening(world.store).looks(world.store.studies.get(study.id)))
    assert (told.runs, told.stopped, told.wrong) == (3, 2, 0) and told.saved > 0.1
