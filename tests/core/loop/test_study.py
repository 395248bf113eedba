"""A whole study, from the baseline to the recommendation, with a scripted trainer and a fake clock."""

from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput
from core.loop.closing import final_comparison
from core.space import InvalidParams
from core.states import RunState, StudyState, TrialState, Verdict
from tests.core.loop.world import World, flat


def test_a_study_ends_with_a_recommendation_after_its_budget_of_trials(world: World):
    study = world.finish(world.start())
    trials = world.store.trials.of_study(study.id)
    assert study.state is StudyState.FINISHED
    assert len(trials) == 6
    assert trials[0].kind == "baseline" and len(trials[0].seeds) == 5  # three, and two fresh ones
    assert study.recommended_id is not None


def test_every_trial_that_ran_has_a_decision_on_exactly_what_ran(world: World):
    study = world.finish(world.start())
    for trial in world.store.trials.of_study(study.id):
        hashes = [decision.approval_hash for decision in world.store.trials.decisions(trial.id)]
        assert trial.approval_hash in hashes


def test_a_real_gain_becomes_incumbent_and_a_lesson(world: World):
    study = world.finish(world.start(trials=8))
    assert study.incumbent_id is not None
    best = world.store.trials.get(study.incumbent_id)
    assert best.verdict is Verdict.BETTER
    assert best.params["dropout"] > 0.2
    claims = [lesson.claim for lesson in world.store.lessons.all()]
    assert any("raising dropout helps" in claim.lower() for claim in claims)


def test_on_a_flat_surface_the_baseline_stays_and_no_lesson_says_do(tmp_path: Path):
    world = World(tmp_path, surface=flat)
    world.dataset()
    study = world.finish(world.start(trials=8))
    verdicts = [trial.verdict for trial in world.store.trials.of_study(study.id)]
    assert Verdict.BETTER not in verdicts
    assert not [lesson for lesson in world.store.lessons.all() if lesson.kind == "do"]


def test_inconclusive_trials_write_no_lesson(tmp_path: Path):
    world = World(tmp_path, surface=flat)
    world.dataset()
    study = world.finish(world.start(trials=6))
    conclusive = {
        trial.id
        for trial in world.store.trials.of_study(study.id)
        if trial.verdict in (Verdict.BETTER, Verdict.NOT_BETTER)
    }
    witnesses = {
        each.trial_id for lesson in world.store.lessons.all() for each in world.store.lessons.evidence(lesson.id)
    }
    assert witnesses <= conclusive


def test_the_final_figure_uses_fresh_seeds_of_both_configs(world: World):
    study = world.finish(world.start(trials=8))
    final = final_comparison(world.store, world.workspace.artifacts, study)
    assert final is not None and final.seeds == (2, 2)
    assert final.verdict is Verdict.BETTER


def test_each_proposal_states_claim_expectation_and_what_would_refute_it(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    proposal = world.store.proposals.proposal(trial.id)
    assert proposal is not None
    assert set(proposal.changes) == {proposal.axis}
    assert proposal.expected["relative_sd"] and proposal.falsifier and proposal.mechanism and proposal.novelty


def test_the_agent_proposes_while_the_baseline_still_runs(world: World):
    study = world.start(autonomy="each")
    world.tick(3)
    waiting = world.store.trials.waiting(study.id)
    running = [run for run in world.store.runs.of_study(study.id) if not run.has_ended]
    assert len(waiting) == 1 and running


def test_a_vetoed_proposal_never_runs_and_is_not_proposed_again(world: World):
    study = world.start(autonomy="each", trials=4)
    vetoed = world.wait_for_proposal(study)
    world.deciding.veto(vetoed, "too slow for us", "Ada", "test")
    following = world.wait_for_proposal(study)
    assert following.id != vetoed.id and following.config_hash != vetoed.config_hash
    assert world.store.runs.of_trial(vetoed.id) == []


def test_an_edited_proposal_runs_as_edited(world: World):
    study = world.start(autonomy="each", trials=3)
    trial = world.wait_for_proposal(study)
    edited = world.deciding.edit(trial, {"lr": 0.005, "dropout": 0.45}, "Ada", "test", "I know better")
    world.run_until(lambda: any(run.state is RunState.COMPLETE for run in world.store.runs.of_trial(trial.id)))
    trained = next(s.job for s in world.trainer.sessions if s.job["params"]["lr"] == 0.005)
    assert trained["params"] == dict(edited.params)
    assert trained["params"]["dropout"] == 0.45


def test_an_edit_outside_the_space_is_refused_and_the_proposal_still_waits(world: World):
    trial = world.wait_for_proposal(world.start(autonomy="each"))
    with pytest.raises(InvalidParams, match="lr=99"):
        world.deciding.edit(trial, {"lr": 99.0}, "Ada", "test")
    with pytest.raises(InvalidInput, match="reason"):
        world.deciding.veto(trial, "  ", "Ada", "test")
    assert world.store.trials.get(trial.id).waits


def test_of_two_decisions_one_wins_and_the_other_is_told_by_whom(world: World):
    trial = world.wait_for_proposal(world.start(autonomy="each"))
    world.deciding.veto(trial, "no", "Ada", "test")
    with pytest.raises(Conflict, match="Ada was first"):
        world.deciding.approve(trial, "Bob", "test")


def test_in_a_window_silence_approves_at_the_deadline(world: World):
    study = world.start(autonomy="window", deadline_seconds=600.0)
    trial = world.wait_for_proposal(study)
    assert trial.deadline_at is not None
    world.run_until(lambda: world.store.trials.get(trial.id).state is TrialState.APPROVED)
    [decision] = world.store.trials.decisions(trial.id)
    assert decision.actor == "deadline" and decision.at >= trial.deadline_at


def test_a_waiting_step_that_a_better_trial_has_outrun_is_stale_and_planned_again_from_there(world: World):
    study = world.start(autonomy="each", trials=4)
    world.deciding.approve(world.wait_for_proposal(study), "Ada", "dashboard")
    outrun = world.wait_for_proposal(study)
    world.run_until(lambda: world.store.trials.by_number(study.id, 2).judged_at is not None)
    best = world.store.studies.get(study.id).incumbent_id
    proposal = world.store.proposals.proposal(outrun.id)
    assert proposal is not None and proposal.base_trial_id != best
    assert proposal.stale == "it was planned from another trial, and trial 2 is the current best now"
    world.deciding.replan(outrun, "Ada", "dashboard")
    again = world.store.proposals.proposal(world.wait_for_proposal(study).id)
    assert again is not None and again.base_trial_id == best


def test_with_each_and_a_deadline_silence_expires(world: World):
    study = world.start(autonomy="each", deadline_seconds=60.0)
    trial = world.wait_for_proposal(study)
    world.run_until(lambda: world.store.trials.get(trial.id).state is TrialState.EXPIRED)
    assert world.store.runs.of_trial(trial.id) == []


def test_a_failed_trial_has_no_verdict_and_the_study_goes_on(tmp_path: Path):
    world = World(tmp_path, failing=lambda params: params["lr"] > 0.001)
    world.dataset()
    study = world.finish(world.start(trials=6))
    failed = [trial for trial in world.store.trials.of_study(study.id) if trial.params["lr"] > 0.001]
    assert failed and all(trial.verdict is None and trial.value is None for trial in failed)
    reflection = world.store.proposals.reflection(failed[0].id)
    assert reflection is not None and "diverged" in reflection.observed


def test_a_study_whose_baseline_fails_pauses_and_says_why(tmp_path: Path):
    world = World(tmp_path, failing=lambda params: True)
    world.dataset()
    study = world.start()
    world.run_until(lambda: world.store.studies.get(study.id).state is StudyState.PAUSED)
    paused = next(e for e in world.store.events.newest(20, study_id=study.id) if e.kind == "study paused")
    assert "baseline" in paused.detail["reason"]


def test_stop_lets_running_runs_finish_and_withdraws_what_waits(world: World):
    study = world.start(autonomy="each")
    trial = world.wait_for_proposal(study)
    world.store.studies.move(study.id, StudyState.STOPPING, "Ada")
    world.finish(study)
    assert world.store.trials.get(trial.id).state is TrialState.CANCELLED
    baseline = world.store.trials.of_study(study.id)[0]
    assert all(run.state is RunState.COMPLETE for run in world.store.runs.of_trial(baseline.id))


def test_the_same_config_twice_is_refused(world: World):
    study = world.start(autonomy="each")
    world.deciding.queue(study, {"lr": 0.003}, "Ada", "test")
    with pytest.raises(Conflict, match="trial 2"):
        world.deciding.queue(study, {"lr": 0.003}, "Bob", "test")


def test_a_guard_keeps_a_better_trial_from_becoming_incumbent(world: World):
    study = world.finish(world.start(trials=8, guards={"min_coverage": 0.9}))
    better = [trial for trial in world.store.trials.of_study(study.id) if trial.verdict is Verdict.BETTER]
    assert better and better[0].comparison is not None
    assert "coverage@10 is 50.0 %" in better[0].comparison["broken_guards"][0]
    assert study.incumbent_id == world.store.trials.of_study(study.id)[0].id


def test_only_baseline_current_best_and_recommended_keep_their_weights(world: World):
    study = world.start(trials=8)
    folder = world.workspace.artifacts
    world.run_until(lambda: world.store.studies.get(study.id).state is StudyState.STOPPING)
    for trial in world.store.trials.of_study(study.id):
        for seed in trial.seeds:
            folder.run(trial, seed).mkdir(parents=True, exist_ok=True)
            (folder.run(trial, seed) / "best.safetensors").write_bytes(b"weights")
    study = world.finish(study)
    kept = {
        trial.number
        for trial in world.store.trials.of_study(study.id)
        if any((folder.run(trial, seed) / "best.safetensors").exists() for seed in trial.seeds[:1])
    }
    chosen = [world.store.trials.get(id).number for id in (study.incumbent_id, study.recommended_id) if id]
    assert kept == {1, *chosen}
