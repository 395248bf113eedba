"""The short measurement that tells when the first verdict is to be expected."""

import os
import time
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.data.options import ImportOptions
from core.data.synthetic import generate, write_tsv
from core.errors import VirtualMLEError
from core.intake import Intake
from core.records import Dataset
from core.settings import Settings
from core.store import Store
from core.studies.probe import FOLDER, LEFT_OVER, Timing, known, measure, outlook, remember

SCRIPTED = "tests.core.worker.scripted_process"
TIMING = Timing(2.0, 1.0, 1000, 50.0, "cpu", 0.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="sqlite://", device="cpu")


@pytest.fixture
def dataset(settings: Settings) -> Dataset:
    """Forty users of the sample's regime, really imported."""
    source = settings.home / "few.tsv"
    write_tsv(generate("sample", 1, users=40), source)
    options = ImportOptions(min_user_events=1, min_item_events=1)
    return Intake(Store(settings.database_url, SystemClock()), settings).take(source, "few", options, "Ada")


def folders(settings: Settings) -> list[str]:
    return [path.name for path in settings.artifacts.iterdir()]


def test_the_first_verdict_comes_one_run_after_the_three_of_the_baseline():
    told = outlook(TIMING, "sasrec", trials=5, epochs=3, runs_at_once=1)
    assert (told.likely.baseline, told.likely.verdict) == (3 * 7.0, 4 * 7.0)


def test_the_budget_counts_the_fresh_seeds_at_the_end():
    told = outlook(TIMING, "sasrec", trials=5, epochs=3, runs_at_once=1)
    assert told.likely.study == (3 + 4 + 4) * 7.0


def test_runs_side_by_side_are_counted_in_rounds():
    told = outlook(TIMING, "sasrec", trials=5, epochs=3, runs_at_once=2)
    assert (told.likely.baseline, told.likely.verdict) == (2 * 7.0, 2 * 7.0)


def test_a_production_config_runs_three_seeds_before_the_first_verdict():
    told = outlook(TIMING, "sasrec", trials=5, epochs=3, runs_at_once=1, has_production=True)
    assert told.likely.verdict == 7 * 7.0


def test_a_run_usually_stops_early_but_not_before_patience_can_run_out():
    told = outlook(TIMING, "sasrec", trials=5, epochs=12, runs_at_once=1)
    assert told.likely.baseline == 3 * (1.0 + 11 * 2.0)
    assert told.most.baseline == 3 * (1.0 + 12 * 2.0)


def test_a_measurement_is_remembered_beside_the_dataset_and_leaves_nothing_else(settings: Settings, dataset: Dataset):
    before = sorted((settings.datasets / dataset.folder).rglob("*"))
    measured = measure(settings, dataset, "sasrec", module=SCRIPTED)
    assert measured is not None and measured.epoch_seconds == 0.5 and measured.device == "cpu"
    assert known(settings, dataset, "sasrec") == measured
    assert sorted((settings.datasets / dataset.folder).rglob("*")) == before
    assert folders(settings) == []


def test_the_real_trainer_can_be_measured(settings: Settings, dataset: Dataset):
    stages: list[str] = []
    measured = measure(settings, dataset, "sasrec", tell=lambda stage, share: stages.append(stage))
    assert measured is not None and measured.epoch_seconds > 0 and measured.parameters > 1000
    assert not measured.is_at_least and "epoch 2 of 2" in stages


def test_another_device_is_measured_anew(settings: Settings, dataset: Dataset):
    remember(settings, dataset, "sasrec", TIMING)
    other = Settings(home=settings.home, database_url="sqlite://", device="cuda:0")
    assert known(settings, dataset, "sasrec") == TIMING
    assert known(other, dataset, "sasrec") is None


def test_a_stopped_measurement_ends_soon_without_a_figure(settings: Settings, dataset: Dataset):
    began = time.monotonic()
    assert measure(settings, dataset, "sasrec", is_stopping=lambda: True) is None
    assert time.monotonic() - began < 10
    assert known(settings, dataset, "sasrec") is None and folders(settings) == []


def test_when_no_epoch_ends_in_time_everything_takes_at_least_so_long(settings: Settings, dataset: Dataset):
    measured = measure(settings, dataset, "sasrec", limit=0.0, module=SCRIPTED)
    assert measured is not None and measured.is_at_least
    assert outlook(measured, "sasrec", 5, 3, 1).is_at_least


def test_a_dataset_whose_folder_is_gone_is_told_with_the_way_out(settings: Settings, dataset: Dataset):
    (settings.datasets / dataset.folder).rename(settings.home / "elsewhere")
    with pytest.raises(VirtualMLEError, match="import the same file again"):
        measure(settings, dataset, "sasrec")


def test_a_trainer_that_dies_is_told(settings: Settings, dataset: Dataset):
    with pytest.raises(VirtualMLEError, match="exit code 1"):
        measure(settings, dataset, "sasrec", module="no.such.module")


def test_what_a_killed_measurement_left_is_swept_away_a_day_later(settings: Settings, dataset: Dataset):
    old = settings.artifacts / f"{FOLDER}old"
    old.mkdir(parents=True)
    os.utime(old, (0, time.time() - LEFT_OVER - 60))
    measure(settings, dataset, "sasrec", module=SCRIPTED)
    assert folders(settings) == []


def test_a_damaged_memory_of_timings_is_as_good_as_none(settings: Settings, dataset: Dataset):
    (settings.datasets / f"{dataset.id}.timing.json").write_text("{")
    assert known(settings, dataset, "sasrec") is None
