"""Space on disk: what is told, what may go, and what never goes."""

import os
from pathlib import Path

import pytest

from core.disk import Removal, free, removable, usage
from core.errors import Conflict
from core.records import Study, Trial
from core.settings import Settings
from core.states import RunState, StudyState
from core.store import Store
from tests.core.store.building import START, FakeClock, a_study, an_approved, finish

DATASET = "d0d0d0d0d0d0"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url=f"sqlite:///{tmp_path / 'virtualmle.db'}")


@pytest.fixture
def store(settings: Settings, clock: FakeClock) -> Store:
    store = Store(settings.database_url, clock)
    folder = settings.datasets / DATASET
    fill(folder / "open" / "train.parquet", 100)
    fill(folder / "card.json", 10)
    store.datasets.add(DATASET, "beauty", "l1", DATASET, {}, {}, "ann")
    return store


def fill(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def age(path: Path) -> None:
    """Make a folder look untouched for a long time."""
    for one in (path, *path.rglob("*")):
        os.utime(one, (START, START))


def weights(settings: Settings, trial: Trial) -> Path:
    return settings.artifacts / f"study-{trial.study_id}" / f"trial-{trial.number}" / "seed-1" / "best.safetensors"


def a_tuned_study(store: Store, settings: Settings, name: str = "first") -> tuple[Study, list[Trial]]:
    """A stopping study: baseline, incumbent, a loser and a recommended trial, each with files."""
    study = a_study(store, name, dataset_id=DATASET)
    trials = [an_approved(store, study, lr=0.5)]
    trials += [store.trials.add_approved(study, "person", {"lr": lr}, [1], "ann", "cli", "") for lr in (0.1, 0.2, 0.3)]
    while run := store.runs.claim("w1"):
        finish(store, run)
    for trial in trials:
        fill(weights(settings, trial), 1000)
        fill(weights(settings, trial).with_name("ranks.npy"), 10)
    store.studies.set_incumbent(study.id, trials[1].id, None, "verdict")
    store.studies.recommend(study.id, trials[3].id, "best estimate", "verdict")
    return store.studies.move(study.id, StudyState.STOPPING, "ann"), trials


def test_only_weights_of_trials_that_did_not_win_go(store: Store, settings: Settings):
    study, trials = a_tuned_study(store, settings)
    store.studies.move(study.id, StudyState.FINISHED, "ann")
    plan = removable(store, settings)
    assert [(removal.path, removal.size) for removal in plan] == [(weights(settings, trials[2]), 1000)]
    assert plan[0].what == "weights of trial 3 of study first, which did not win"
    assert free(store, settings) == plan
    assert weights(settings, trials[2]).exists()  # asking removes nothing
    assert free(store, settings, dry_run=False) == plan
    assert [weights(settings, trial).exists() for trial in trials] == [True, True, False, True]
    assert all(weights(settings, trial).with_name("ranks.npy").exists() for trial in trials)
    assert removable(store, settings) == []


@pytest.mark.parametrize("state", [StudyState.ACTIVE, StudyState.PAUSED, StudyState.STOPPING])
def test_a_study_that_has_not_ended_keeps_everything(store: Store, settings: Settings, state: StudyState):
    study = a_study(store, dataset_id=DATASET)
    trial = store.trials.add_approved(study, "person", {"lr": 0.1}, [1], "ann", "cli", "")
    fill(weights(settings, trial), 1000)
    if state is not StudyState.ACTIVE:
        store.studies.move(study.id, state, "ann")
    assert removable(store, settings) == [] == removable(store, settings, study.id)


def test_a_cancelled_study_is_left_alone_until_its_processes_are_gone(
    store: Store, settings: Settings, clock: FakeClock
):
    study = a_study(store, dataset_id=DATASET)
    trial = store.trials.add_approved(study, "person", {"lr": 0.1}, [1], "ann", "cli", "")
    store.runs.claim("w1")
    fill(weights(settings, trial), 1000)
    store.studies.move(study.id, StudyState.CANCELLED, "ann")
    assert store.runs.of_trial(trial.id)[0].state is RunState.CANCELLED
    assert removable(store, settings) == []
    clock.pass_(120)
    assert [removal.path for removal in removable(store, settings)] == [weights(settings, trial)]


def test_what_is_needed_again_since_the_plan_was_made_stays(store: Store, settings: Settings):
    study, trials = a_tuned_study(store, settings)
    store.studies.move(study.id, StudyState.FINISHED, "ann")
    plan = removable(store, settings, study.id)
    store.studies.recommend(study.id, trials[2].id, "a person chose it", "ann")
    assert len(plan) == 1 and free(store, settings, plan, dry_run=False) == []
    assert weights(settings, trials[2]).exists()


def test_nothing_goes_that_no_plan_may_name(store: Store, settings: Settings):
    study, trials = a_tuned_study(store, settings)
    plan = [Removal("please", weights(settings, trials[0]), 1000), Removal("please", settings.home, 1)]
    assert free(store, settings, plan, dry_run=False) == []
    assert weights(settings, trials[0]).exists() and study.id == 1


def test_folders_that_no_row_points_to_go_once_they_are_left_alone(store: Store, settings: Settings):
    orphans = [settings.artifacts / "study-77", settings.datasets / "abcdabcdabcd", settings.datasets / ".partial-1"]
    for folder in orphans:
        fill(folder / "card.json", 10)
    assert removable(store, settings) == []  # perhaps an import at work
    for folder in orphans:
        age(folder)
    strangers = [fill(settings.artifacts / "my notes" / "a.txt", 5), fill(settings.datasets / "raw" / "a.csv", 5)]
    for stranger in strangers:
        age(stranger.parent)
    plan = removable(store, settings)
    assert sorted(removal.path for removal in plan) == sorted(orphans)
    assert sum(removal.size for removal in free(store, settings, plan, dry_run=False)) == 30
    assert not any(folder.exists() for folder in orphans) and all(stranger.exists() for stranger in strangers)
    assert (settings.datasets / DATASET / "card.json").exists()


def test_a_linked_folder_is_never_followed(store: Store, settings: Settings, tmp_path: Path):
    kept = fill(tmp_path / "elsewhere" / "card.json", 10)
    (settings.datasets / "abcdabcdabcd").symlink_to(tmp_path / "elsewhere")
    age(tmp_path / "elsewhere")
    assert removable(store, settings) == [] and kept.exists()


def test_another_homes_database_frees_nothing(settings: Settings, store: Store, clock: FakeClock):
    stranger = Store("sqlite://", clock)
    with pytest.raises(Conflict, match="VIRTUALMLE_DATABASE_URL"):
        removable(stranger, settings)


def test_a_removal_that_was_interrupted_is_finished_next_time(store: Store, settings: Settings):
    trash = settings.artifacts / ".removed-study-77"
    fill(trash / "trial-1" / "run.log", 10)
    plan = removable(store, settings)
    assert [removal.path for removal in plan] == [trash]
    free(store, settings, dry_run=False)
    assert not trash.exists()


def test_usage_names_what_takes_space(store: Store, settings: Settings):
    a_tuned_study(store, settings)
    fill(settings.chroma / "index.bin", 50)
    fill(settings.artifacts / "study-77" / "run.log", 7)
    places = {place.what: place for place in usage(store, settings)}
    assert (places["study first"].size, places["study first"].weights) == (4040, 4000)
    assert places["dataset beauty"].size == 110
    assert places["vector index"].size == 50
    assert places["other study-77"].size == 7
    assert places["database"].size > 100_000
