"""When a verdict is due, against what, and what further seeds may take back."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.loop import judging
from core.loop.judging import SEED_ASKED
from core.records import Study, Trial
from core.space import SearchSpace
from core.states import StudyState, Verdict
from core.studies.space_editing import edit_space
from core.views.happening import happenings
from core.views.trial import trial_view
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


def promising(params: Mapping[str, Any]) -> float:
    """A little better with more dropout: too little for one seed."""
    return 0.03 if params["dropout"] == GOOD["dropout"] else 0.0


@pytest.fixture
def unsure(tmp_path: Path) -> World:
    made = World(tmp_path, promising)
    made.dataset()
    return made


def asked(world: World, trial: Trial) -> list[Any]:
    return [event.detail for event in world.store.events.newest(50, trial_id=trial.id, kind=SEED_ASKED)]


def test_a_promising_inconclusive_trial_earns_one_seed_and_no_third_look(unsure: World):
    study = unsure.start(autonomy="gated", ask_for=["dropout", "lr", "hidden_dim"])
    trial = unsure.wait_for_proposal(study)
    unsure.deciding.edit(trial, GOOD, "Ada", "test")
    unsure.run_until(lambda: unsure.store.trials.get(trial.id).looks == 2)
    unsure.tick(5)
    now = unsure.store.trials.get(trial.id)
    assert len(now.seeds) == 2 and now.looks == 2 and asked(unsure, trial) == []
    assert unsure.store.trials.decisions(trial.id)[-1].actor == "autopilot"


def test_where_a_person_decides_the_seed_is_asked_for_and_waits(unsure: World):
    study = unsure.start(autonomy="each")
    trial = judged(unsure, study, GOOD)
    unsure.tick(5)
    assert trial.verdict is Verdict.INCONCLUSIVE and unsure.store.trials.get(trial.id).seeds == trial.seeds
    [detail] = asked(unsure, trial)
    assert detail["seed"] == max(trial.seeds) + 1
    seen = trial_view(unsure.store, unsure.store.studies.get(study.id), trial.number)
    assert seen.asks_seed == detail["why"]
    assert any(each.says == "asks for one more seed" for each in happenings(unsure.store, 20, study_id=study.id))
    unsure.deciding.add_seeds(trial, 1, "Ada", "test")
    assert again(unsure, trial).looks == 2
    assert trial_view(unsure.store, unsure.store.studies.get(study.id), trial.number).asks_seed == ""


def test_a_seed_that_costs_more_than_the_gate_allows_is_asked_for(unsure: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judging, "COST_FACTOR", 0.5)  # every trial costs more than half the baseline
    study = unsure.start(autonomy="gated", ask_for=["dropout", "lr", "hidden_dim"])
    trial = judged(unsure, study, GOOD)
    [detail] = asked(unsure, trial)
    assert "1.0 times the baseline" in detail["why"] and len(trial.seeds) == 1


def test_nothing_is_asked_for_a_trial_that_does_not_point_up(tmp_path: Path):
    world = World(tmp_path, lambda params: 0.0 if params["dropout"] != GOOD["dropout"] else -0.02)
    world.dataset()
    trial = judged(world, world.start(autonomy="each"), GOOD)
    assert trial.verdict is Verdict.INCONCLUSIVE and asked(world, trial) == []
