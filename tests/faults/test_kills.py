"""The real worker and its training processes, killed at random moments."""

from pathlib import Path

import pytest

from core.artifacts import RANKS
from core.clock import SystemClock
from core.records import Run, Trial
from core.settings import Settings
from core.states import StudyState
from core.store import Store
from core.studies.starting import StudyPlan, start_study
from core.worker.launch import stop_worker
from core.workspace import Workspace
from tests.core.worker.house import House
from tests.core.worker.story import TRAINED, Story
from tests.faults.killing import Killer, check_record, wait_for

SCRIPTED = ("-m", "tests.core.worker.worker_process")
REAL = ("-m", "core.worker")
KILLS = 26
REAL_KILLS = 4  # each costs two imports of torch
EPOCHS = 12


@pytest.mark.timeout(240)
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path: Path):
    house = House(tmp_path, SystemClock())
    study = house.study(max_epochs=EPOCHS)
    trials = [
        house.trial(study, seeds=(1, 2, 3, 4), epochs=EPOCHS, epoch_seconds=0.06, quality=0.1 + 0.01 * number)
        for number in range(6)
    ]
    killer = Killer(house.store, house.settings, SCRIPTED, seed=11)
    try:
        while killer.kills < KILLS:
            assert killer.strike(longest_wait=0.35), f"all runs ended after {killer.kills} kills: give them more epochs"
        killer.finish(seconds=90)
    finally:
        stop_worker(house.settings)
    for trial in trials:
        for run in house.store.runs.of_trial(trial.id):
            check_record(house.store, run)
            check_training(house, trial, run)


@pytest.mark.timeout(280)
def test_a_whole_study_comes_to_its_end_through_kills_and_memory_agrees(tmp_path: Path):
    settings = Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'virtualmle.db'}", device="cpu")
    workspace = Workspace.open(settings, read_only=True)
    workspace.intake.take_regime("sample", "toy", seed=3, actor="ann", users=1000)
    plan = StudyPlan(dataset="toy", trials=1, epochs=4, autonomy="autopilot", name="hunted")
    study = start_study(workspace.store, plan, "ann")
    killer = Killer(workspace.store, settings, REAL, seed=5)
    try:
        while killer.kills < REAL_KILLS:
            write_lessons(workspace.store, killer.kills)
            hit = killer.strike(longest_wait=0.5, in_training=killer.kills % 2 == 1)
            assert hit, f"the study ended after {killer.kills} kills: give it more epochs"
        killer.finish(seconds=200)
        wait_for(lambda: workspace.store.studies.get(study.id).state is StudyState.FINISHED, 60)
        wait_for(lambda: not workspace.store.index.pending(), 60)
    finally:
        stop_worker(settings)
    runs = workspace.store.runs.of_study(study.id)
    assert len(runs) == 5  # three seeds of the baseline, two fresh ones at the end
    for run in runs:
        check_record(workspace.store, run)
        assert (workspace.artifacts.run(workspace.store.trials.get(run.trial_id), run.seed) / RANKS).is_file()
    assert len(workspace.store.lessons.all(statuses=("active",))) == 2 * REAL_KILLS
    assert Workspace.open(settings, read_only=True).indexer.check() == []


def write_lessons(store: Store, round_: int) -> None:
    """Notes for the index, so that the kills hit its owner at work too."""
    for number in (1, 2):
        values = {"level": "cognition", "kind": "do", "claim": f"lesson {round_}.{number}", "axis": "lr"}
        store.lessons.add({**values, "direction": "up", "backbone": "sasrec"}, "ann", "for the test")


def check_training(house: House, trial: Trial, run: Run) -> None:
    """The figures are those of a run nobody killed, and no epoch that was on the disk was trained again."""
    folder = house.folder(trial, run.seed)
    told = Story({"params": trial.params, "seed": run.seed, "max_epochs": EPOCHS, "run_dir": str(folder)})
    recorded = [value.metrics["ndcg@10"] for value in house.store.runs.values(run.id)]
    assert recorded == [told.value_of(epoch) for epoch in range(1, EPOCHS + 1)]
    trained = (folder / TRAINED).read_text().split()
    repeated = len(trained) - EPOCHS
    assert 0 <= repeated < run.attempt, f"{repeated} epochs were trained twice in {run.attempt} attempts"
    assert trained == sorted(trained, key=int)
