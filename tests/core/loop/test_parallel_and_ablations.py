"""Several proposals at a time, and what a study does when a power is taken from it."""

from pathlib import Path

import pytest

from core.agents.llm.tools import Tools
from core.agents.names import LLM
from core.errors import InvalidInput
from core.states import StudyState, Verdict
from core.studies.starting import StudyPlan, start_study
from tests.core.loop.world import World


def test_with_parallel_several_proposals_wait_at_once(world: World):
    study = world.start(autonomy="each", parallel=3)
    world.run_until(lambda: len(world.store.trials.waiting(study.id)) == 3)
    world.tick(5)
    assert len(world.store.trials.waiting(study.id)) == 3


def test_what_waits_and_runs_is_told_to_the_agent_as_under_way(world: World):
    study = world.start(autonomy="each", parallel=2)
    world.run_until(lambda: len(world.store.trials.waiting(study.id)) == 2)
    shown = world.workspace.gathering.evidence(world.store.studies.get(study.id))
    axes = {axis for view in shown.trials if view.proposal for axis in view.proposal.changes}
    assert axes and shown.axes_under_way == axes


def test_results_in_any_order_are_judged_as_they_come(world: World):
    study = world.start(autonomy="each", parallel=2, trials=4)
    world.run_until(lambda: len(world.store.trials.waiting(study.id)) == 2)
    first, second = world.store.trials.waiting(study.id)
    world.deciding.approve(second, "Ada", "test")
    world.run_until(lambda: world.store.trials.get(second.id).judged_at is not None)
    assert world.store.trials.get(first.id).judged_at is None
    world.deciding.approve(first, "Ada", "test", accept_stale=True)
    world.run_until(lambda: world.store.trials.get(first.id).judged_at is not None)
    assert world.store.trials.get(first.id).verdict is not None


def test_parallel_keeps_the_budget_and_the_study_ends(world: World):
    study = world.finish(world.start(trials=5, parallel=3))
    assert study.state is StudyState.FINISHED and len(world.store.trials.of_study(study.id)) == 5


def test_without_reflection_verdicts_stay_and_nothing_is_learned(world: World):
    study = world.finish(world.start(trials=6, use_reflection=False))
    trials = world.store.trials.of_study(study.id)
    assert Verdict.BETTER in [trial.verdict for trial in trials]
    assert world.store.lessons.all(("active", "muted", "archived")) == []
    told = [world.store.proposals.reflection(trial.id) for trial in trials]
    assert all(each and "without reflection" in each.why and not each.rule for each in told)
    shown = world.workspace.gathering.evidence(study)
    assert all(view.reflection is None for view in shown.trials)
    assert any(trial.step_comparison for trial in trials) and world.store.runs.values(1)
    assert all((view.curve, view.step, view.slices) == (None, None, {}) for view in shown.trials)
    assert any(view.comparison for view in shown.trials)
    assert "without reflection" in Tools(shown, world.store).call("get_curve", {"trial": 1})["error"]


def test_with_reflection_the_agent_is_shown_what_it_concluded(world: World):
    study = world.finish(world.start(trials=3))
    shown = world.workspace.gathering.evidence(study)
    assert all(view.reflection is not None and view.curve and view.slices for view in shown.trials)
    assert Tools(shown, world.store).call("get_curve", {"trial": 1}).keys() >= {"1", "7"}


def test_a_study_of_a_language_model_does_not_start_without_one(tmp_path: Path):
    world = World(tmp_path)
    world.dataset()
    plan = StudyPlan(dataset="toy", agent=LLM)
    with pytest.raises(InvalidInput, match="VIRTUALMLE_MODEL"):
        start_study(world.store, plan, "Ada")
    assert world.store.studies.all() == []
    assert start_study(world.store, plan, "Ada", model="openai:gpt-5-mini").agent == LLM
