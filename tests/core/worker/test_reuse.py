"""Runs that need no training because another run with other priors left its weights; and samples of very large data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.artifacts import RANKS, WEIGHTS
from core.records import Run, Study, Trial
from core.states import RunState
from core.worker.attempt import Attempt
from core.worker.jobs import FEWEST_USERS, prepare, sample_users
from tests.core.worker.house import DATASET, FakeClock, House

PLAIN = {"lr": 0.001, "priors": "none"}
WITH_PRIORS = {"lr": 0.001, "priors": "all"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, FakeClock())


def weights_of(house: House, trial: Trial, seed: int = 1) -> Path:
    return house.folder(trial, seed) / WEIGHTS


def trained(house: House, study: Study, params: dict[str, Any], seed: int = 1) -> Trial:
    """A complete trial whose weights are on the disk."""
    trial = house.trial_of(study, params, (seed,))
    run = house.store.runs.claim("here-1")
    assert run is not None and run.trial_id == trial.id
    values = {"best_epoch": 3, "value": 0.1, "metrics": {"epochs": 5}}
    house.store.runs.end(run, RunState.COMPLETE, "here-1", **values)
    weights_of(house, trial, seed).parent.mkdir(parents=True)
    weights_of(house, trial, seed).write_bytes(b"weights")
    return trial


def job_of(house: House, study: Study, params: dict[str, Any]) -> dict[str, Any]:
    house.trial_of(study, params, (1,))
    run = house.store.runs.claim("here-1")
    assert run is not None
    return prepare(house.store, house.settings, run)


def test_a_run_with_priors_takes_the_weights_of_one_trained_alike(house: House):
    study = house.study()
    kin = trained(house, study, PLAIN)
    assert job_of(house, study, WITH_PRIORS)["weights_from"] == {
        "weights": str(weights_of(house, kin)),
        "name": "first, trial 1, seed 1",
        "epochs": 5,
        "best_epoch": 3,
    }


def test_weights_of_another_study_of_the_same_data_serve_too_but_ones_own_come_first(house: House):
    first, second = house.study(), house.study("second")
    other = trained(house, first, PLAIN)
    assert job_of(house, second, WITH_PRIORS)["weights_from"]["weights"] == str(weights_of(house, other))
    own = trained(house, second, {**WITH_PRIORS, "priors": "transition"})
    found = job_of(house, second, {**WITH_PRIORS, "priors": "popularity"})
    assert found["weights_from"]["weights"] == str(weights_of(house, own))


def test_a_run_without_priors_trains_whatever_was_trained_before(house: House):
    trained(house, house.study(), PLAIN)
    assert job_of(house, house.study("second"), PLAIN)["weights_from"] is None


@pytest.mark.parametrize("other", [{**WITH_PRIORS, "lr": 0.002}, {**WITH_PRIORS, "dropout": 0.1}])
def test_another_config_trains(house: House, other: dict[str, Any]):
    study = house.study()
    trained(house, study, PLAIN)
    assert job_of(house, study, other)["weights_from"] is None


def test_another_seed_trains(house: House):
    study = house.study()
    trained(house, study, PLAIN, seed=2)
    assert job_of(house, study, WITH_PRIORS)["weights_from"] is None


def test_weights_that_were_freed_serve_nobody(house: House):
    study = house.study()
    weights_of(house, trained(house, study, PLAIN)).unlink()
    assert job_of(house, study, WITH_PRIORS)["weights_from"] is None


@pytest.mark.parametrize("change", [{"max_epochs": 7}, {"objective": "mrr@10"}, {"masking": "none"}])
def test_a_study_that_chooses_its_best_epoch_otherwise_trains_its_own(house: House, change: dict[str, Any]):
    trained(house, house.study(), PLAIN)
    assert job_of(house, house.study("second", **change), WITH_PRIORS)["weights_from"] is None


class Saying:
    """A session that has said all it will."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages, self.exit_code = list(messages), 0

    def poll(self) -> list[dict[str, Any]]:
        said, self._messages = self._messages, []
        return said

    @property
    def is_alive(self) -> bool:
        return bool(self._messages)

    def stop(self) -> None: ...

    def kill(self) -> None: ...


def test_a_run_that_trained_nothing_has_the_final_value_and_the_epochs_of_its_source(house: House, tmp_path: Path):
    house.trial_of(house.study(), WITH_PRIORS)
    run = house.store.runs.claim("here-1")
    assert run is not None
    (tmp_path / RANKS).write_bytes(b"")
    complete = {"event": "complete", "metrics": {"ndcg@10": 0.3}, "best_epoch": 3, "epochs": 5, "seconds": 2.5}
    complete |= {"priors": {"transition": 0.8}, "without_priors": {"ndcg@10": 0.2}, "popularity@10": 12.0}
    session = Saying({"event": "started", "note": "the weights are those of trial 1"}, complete)
    Attempt(house.store, run, "trial 1", session, house.clock.monotonic, "ndcg@10", tmp_path).step()
    ended: Run = house.run(run.id)
    assert (ended.state, ended.value, ended.best_epoch, ended.epoch) == (RunState.COMPLETE, 0.3, 3, 5)
    assert ended.seconds == 2.5 and house.store.runs.values(run.id) == []
    assert ended.metrics["priors"] == {"transition": 0.8} and ended.metrics["without_priors"] == {"ndcg@10": 0.2}
    assert ended.metrics["popularity@10"] == 12.0 and "run noted" in house.kinds(run_id=run.id)


@pytest.mark.parametrize(
    ("users", "items", "sampled"),
    [(22_363, 12_101, None), (1_000_000, 1_000_000, 10_000), (2_000_000, 10_000, 1_000_000), (9_000, 10**7, 5_000)],
)
def test_only_very_large_data_are_judged_on_a_sample_after_an_epoch(house: House, users, items, sampled):
    dataset = replace(house.store.datasets.get(DATASET), card={"counts": {"validation_targets": users, "items": items}})
    assert sample_users(dataset) == sampled
    assert sampled is None or sampled >= FEWEST_USERS
