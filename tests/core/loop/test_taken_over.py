"""A trial that differs in its priors alone trains nothing: whose curve it has, and what it is taken to cost."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.agents.protocol import TrialView
from core.artifacts import WEIGHTS
from core.loop.costs import minutes_of, times_the_baseline
from core.records import Study, Trial
from core.states import Verdict
from tests.core.agents.building import baseline, evidence, step
from tests.core.loop.test_gates import draft
from tests.core.loop.world import SurfaceTrainer, World, classic_space
from tests.core.worker.scripted import ScriptedSession

PRIORS = {"priors": "all"}
SPACE = classic_space().search("priors")
SWEEP = 0.1  # seconds


def likes_priors(params: Mapping[str, Any]) -> float:
    return 0.5 if params["priors"] != "none" else 0.0


class SweepingTrainer(SurfaceTrainer):
    """Leaves weights behind; a run that is given some sweeps priors over them, without an epoch."""

    def start(self, job: Mapping[str, Any]) -> ScriptedSession:
        session = super().start(job)
        (Path(job["run_dir"]) / WEIGHTS).write_bytes(b"weights")
        if source := job["weights_from"]:
            story: Any = session._story
            told = {"event": "complete", "epochs": source["epochs"], "best_epoch": source["best_epoch"]}
            told |= {"seconds": SWEEP, "metrics": story._final, "slices": {}, "parameters": 1000}
            story.epochs = 0
            story.end = lambda: story._keep_ranks() or told
        return session


def home(folder: Path) -> World:
    made = World(folder, likes_priors)
    made.trainer = made.worker.trainer = SweepingTrainer(likes_priors)
    made.dataset()
    return made


def swept(world: World, study: Study) -> Trial:
    """A trial of priors alone, judged."""
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    trial = world.deciding.queue(world.store.studies.get(study.id), PRIORS, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    world.tick()
    return world.store.trials.get(trial.id)


def view_of(world: World, trial: Trial) -> TrialView:
    told = world.workspace.gathering.evidence(world.store.studies.get(trial.study_id))
    return next(view for view in told.trials if view.trial.id == trial.id)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A study whose second trial took over the weights of its baseline, and is its current best."""
    made = home(tmp_path_factory.mktemp("home"))
    trial = swept(made, made.start(autonomy="each", space=SPACE, instructions="do not touch priors"))
    assert made.store.studies.get(trial.study_id).incumbent_id == trial.id
    return made


@pytest.fixture
def trial(world: World) -> Trial:
    return next(each for each in world.store.trials.of_study(1) if each.kind == "person")


def trained_seconds(world: World) -> float:
    """What the baseline's first seed took."""
    return next(run for run in world.store.runs.of_study(1) if run.seed == 1).seconds


def test_it_has_the_curve_of_the_weights_it_took_and_says_so(world: World, trial: Trial):
    (run,) = world.store.runs.of_trial(trial.id)
    assert world.store.runs.values(run.id) == []
    seen, first = view_of(world, trial), view_of(world, world.store.trials.by_number(1, 1))
    assert seen.curve is not None and first.curve is not None
    assert (seen.curve.epochs, seen.curve.diagnosis) == (first.curve.epochs, first.curve.diagnosis)
    assert "before its priors" in seen.curve.sentence and "priors" not in first.curve.sentence


def test_its_time_is_that_of_the_weights_it_took_and_of_the_sweep(world: World, trial: Trial):
    (run,) = world.store.runs.of_trial(trial.id)
    assert run.seconds == pytest.approx(SWEEP) and trained_seconds(world) > 10 * SWEEP
    assert view_of(world, trial).minutes == pytest.approx((trained_seconds(world) + SWEEP) / 60)


def test_a_proposal_that_trains_anew_costs_a_training(world: World, trial: Trial):
    study = world.store.studies.get(trial.study_id)
    for waiting in world.store.trials.waiting(study.id):
        world.deciding.replan(waiting, "Ada", "test")
    proposal = world.store.proposals.proposal(world.wait_for_proposal(study).id)
    assert proposal is not None and proposal.base_trial_id == trial.id
    minutes = proposal.cost["minutes"]
    assert minutes is not None and minutes * 60 > 0.4 * trained_seconds(world)


def test_the_weights_of_another_study_are_charged_too(world: World):
    second = world.start(autonomy="each", space=SPACE.fix("priors", "all"))
    world.run_until(lambda: world.store.studies.get(second.id).incumbent_id is not None)
    plain = world.store.trials.by_number(second.id, 1)
    assert all(run.seconds == pytest.approx(SWEEP) for run in world.store.runs.of_trial(plain.id))
    seen = view_of(world, plain)
    assert seen.minutes is not None and seen.minutes * 60 > 10 * SWEEP and seen.curve is not None


def test_a_guard_of_minutes_counts_the_training_it_was_spared(tmp_path: Path):
    world = home(tmp_path)
    guards = {"max_minutes": 2 * SWEEP / 60}
    study = world.start(autonomy="each", space=SPACE, guards=guards, instructions="do not touch priors")
    trial = swept(world, study)
    assert trial.verdict is Verdict.BETTER and trial.comparison is not None
    assert "of training" in trial.comparison["broken_guards"][0]
    assert world.store.studies.get(study.id).incumbent_id == world.store.trials.by_number(study.id, 1).id


KNOWN = evidence(step(2, "dropout", 0.3))


def changed(known: Any, **fields: Any) -> Any:
    """A draft of these fields, planned from the baseline, of a time nobody worked out."""
    base = known.baseline.trial
    params = known.space.complete(fields)
    changes = {name: (base.params[name], params[name]) for name in fields}
    return replace(draft(), params=params, changes=changes, base_trial_id=base.id, minutes=None)


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({"hidden_dim": 128}, 1.7),
        ({"hidden_dim": 128, "num_blocks": 3}, 1.7 * 1.4),  # several fields cost what they cost together
        ({"priors": "all"}, 0.2),
        ({"priors": "all", "hidden_dim": 128}, 1.7),  # its weights are its own
    ],
)
def test_a_draft_costs_what_its_changes_cost_together(fields: dict[str, Any], times: float):
    assert minutes_of(changed(KNOWN, **fields), KNOWN) == pytest.approx(2.0 * times)


def test_while_the_baseline_runs_a_draft_has_a_relative_cost_and_no_minutes():
    running = replace(baseline(), runs=())
    known = evidence(running)
    made = changed(known, hidden_dim=128, num_blocks=3)
    assert minutes_of(made, known) is None
    assert times_the_baseline(made, known) == pytest.approx(1.7 * 1.4)
