"""When a verdict is due, against what, and what further seeds may take back."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.records import Study, Trial
from core.space import SearchSpace
from core.states import StudyState, Verdict
from core.studies.space_editing import edit_space
from tests.core.loop.world import SurfaceTrainer, World, classic_space, likes_dropout
from tests.core.worker.scripted import ScriptedSession

GOOD = {"dropout": 0.4}


class LateBaseline(SurfaceTrainer):
    """The baseline's third seed says nothing before it is let go."""

    is_held = True

    def start(self, job: Mapping[str, Any]) -> ScriptedSession:
        session = super().start(job)
        poll = session.poll
        if job["seed"] == 3 and job["params"]["dropout"] != GOOD["dropout"]:
            session.poll = lambda: [] if self.is_held else poll()  # type: ignore[method-assign]
        return session


def judged(world: World, study: Study, params: Mapping[str, Any]) -> Trial:
    """A config of a person's own, once it has its verdict."""
    world.run_until(lambda: world.store.studies.get(study.id).incumbent_id is not None)
    trial = world.deciding.queue(world.store.studies.get(study.id), params, "Ada", "test")
    return again(world, trial)


def again(world: World, trial: Trial) -> Trial:
    """The same once it is judged, and what follows from it is written."""
    world.run_until(lambda: world.store.trials.get(trial.id).judged_at is not None)
    world.tick()
    return world.store.trials.get(trial.id)


def test_a_trial_that_ends_before_the_baseline_waits_for_it_and_is_judged_against_it(world: World):
    trainer = LateBaseline(likes_dropout)
    world.trainer = world.worker.trainer = trainer
    world.worker.settings = replace(world.worker.settings, concurrency=4)
    study = world.start(autonomy="each", production=GOOD)
    early = world.store.trials.by_number(study.id, 2)
    world.run_until(lambda: all(run.has_ended for run in world.store.runs.of_trial(early.id)))
    world.tick(3)
    assert world.store.trials.get(early.id).judged_at is None
    trainer.is_held = False
    known = again(world, early)
    assert known.verdict is Verdict.BETTER and known.comparison is not None and known.comparison["against"] == 1
    assert world.store.studies.get(study.id).incumbent_id == early.id


def test_further_seeds_on_the_current_best_judge_it_again_against_the_one_it_beat(world: World):
    study = world.start(autonomy="each")
    trial = judged(world, study, GOOD)
    assert world.store.studies.get(study.id).incumbent_id == trial.id
    world.deciding.add_seeds(trial, 1, "Ada", "test")
    known = again(world, trial)
    assert known.verdict is Verdict.BETTER and known.comparison is not None and known.comparison["against"] == 1
    assert world.store.studies.get(study.id).incumbent_id == trial.id


def test_a_lucky_seed_is_taken_back_by_further_ones(tmp_path: Path):
    luck = [1.0]
    world = World(tmp_path, lambda params: luck[0] * likes_dropout(params))
    world.dataset()
    study = world.start(autonomy="each")
    trial = judged(world, study, GOOD)
    assert trial.verdict is Verdict.BETTER
    luck[0] = -2.0
    world.deciding.add_seeds(trial, 1, "Ada", "test")
    assert again(world, trial).verdict is not Verdict.BETTER
    baseline = world.store.trials.by_number(study.id, 1)
    assert world.store.studies.get(study.id).incumbent_id == baseline.id


def test_what_is_clear_no_more_is_no_evidence_any_more(tmp_path: Path):
    luck = [1.0]
    world = World(tmp_path, lambda params: luck[0] * likes_dropout(params))
    world.dataset()
    world.start(trials=8, extra_seeds=False)
    world.run_until(lambda: bool(world.store.lessons.all(level="study")))
    [lesson] = world.store.lessons.all(level="study")
    [evidence] = world.store.lessons.evidence(lesson.id)
    trial = world.store.trials.get(evidence.trial_id)
    luck[0] = -1.0
    world.deciding.add_seeds(trial, 1, "Ada", "test")
    assert again(world, trial).verdict is Verdict.INCONCLUSIVE
    assert world.store.lessons.evidence(lesson.id) == []
    assert world.store.lessons.get(lesson.id).status == "archived"


def test_a_study_recommends_its_best_even_where_the_space_was_edited_to_leave_it_out(world: World):
    study = world.start(autonomy="each", trials=2)
    trial = judged(world, study, GOOD)
    narrowed: SearchSpace = classic_space().fix("dropout", 0.1)
    now = world.store.studies.get(study.id)
    edit_space(world.store, now, world.store.studies.revision(study.id), narrowed, "Ada")
    world.store.studies.move(study.id, StudyState.STOPPING, "Ada")
    ended = world.finish(study)
    assert ended.recommended_id == trial.id
