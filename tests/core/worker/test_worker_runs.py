"""How the worker takes runs from the queue to their end."""

import shutil

import pytest
import sqlalchemy

from core.states import RunState, StudyState
from tests.core.worker.house import DATASET, House


def work(worker, ticks: int = 200) -> None:
    for _ in range(ticks):
        if not worker.tick():
            return
    raise AssertionError(f"the worker is still busy after {ticks} ticks")


def test_a_queued_run_ends_complete_with_its_best_epoch_and_figures(house: House):
    trial = house.trial(house.study(), epochs=4)
    work(house.worker())
    [run] = house.store.runs.of_trial(trial.id)
    values = house.store.runs.values(run.id)
    best = max(values, key=lambda value: value.metrics["ndcg@10"])
    assert (run.state, run.best_epoch, run.value) == (RunState.COMPLETE, best.epoch, best.metrics["ndcg@10"])
    assert [value.epoch for value in values] == [1, 2, 3, 4]
    assert run.metrics["recall@10"] == 2 * best.metrics["ndcg@10"]
    assert (run.metrics["coverage@10"], run.metrics["parameters"], run.metrics["peak_mib"]) == (0.5, 1000, 14.0)
    assert run.seconds == 4 * 0.5
    assert (house.folder(trial, 1) / "ranks.npy").is_file()


def test_the_job_is_what_was_approved_and_holds_no_path_to_the_sealed_test(house: House):
    study = house.study()
    house.trial(study, seeds=(7,))
    house.worker().tick()
    [session] = house.trainer.sessions
    assert (session.job["seed"], session.job["backbone"], session.job["masking"]) == (7, "sasrec", "seen")
    assert session.job["open_dir"].endswith(f"{DATASET}/open")
    assert not any("sealed" in str(value) for value in session.job.values())


def test_no_more_runs_than_the_settings_allow_run_at_once(tmp_path, house: House):
    house.trial(house.study(), seeds=(1, 2, 3))
    worker = house.worker()
    most = 0
    while worker.tick():
        states = [run.state for run in house.store.runs.unfinished()]
        most = max(most, states.count(RunState.RUNNING))
    assert most == 1
    assert len(house.trainer.sessions) == 3


def test_a_config_changed_behind_its_decision_is_not_run(house: House):
    study = house.study()
    trial = house.trial(study)
    with house.store.database.write() as connection:
        connection.execute(sqlalchemy.text("update trials set params = :p"), {"p": '{"script": {"epochs": 9}}'})
    work(house.worker())
    [run] = house.store.runs.of_trial(trial.id)
    assert run.state is RunState.FAILED
    assert "not what was approved" in (run.error or "")
    assert not house.trainer.sessions


def test_a_missing_dataset_folder_fails_its_run_and_stops_nothing_else(house: House):
    gone = house.trial(house.study("gone"))
    other = house.study("other")
    shutil.rmtree(house.settings.datasets / DATASET)
    worker = house.worker()
    worker.tick()
    worker.tick()
    [run] = house.store.runs.of_trial(gone.id)
    assert run.state is RunState.FAILED
    assert "is gone; import the same file again" in (run.error or "")
    (house.settings.datasets / DATASET / "open").mkdir(parents=True)
    kept = house.trial(other)
    work(worker)
    assert house.store.runs.of_trial(kept.id)[0].state is RunState.COMPLETE


def test_a_failed_run_keeps_the_cause_and_can_be_retried(house: House):
    trial = house.trial(house.study(), fail_at=3)
    worker = house.worker()
    work(worker)
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.error) == (RunState.FAILED, "training diverged in epoch 3: lower lr")
    assert run.seconds == 2 * 0.5
    house.store.runs.retry(run, "ann")
    work(worker)
    assert house.run(run.id).attempt == 2


def test_a_run_that_says_complete_without_its_ranks_has_failed(house: House):
    trial = house.trial(house.study(), without_ranks=True)
    work(house.worker())
    [run] = house.store.runs.of_trial(trial.id)
    assert run.state is RunState.FAILED
    assert "ranks.npy" in (run.error or "")


def test_a_note_of_the_trainer_is_on_the_record(house: House):
    trial = house.trial(house.study(), note="a corrupt checkpoint was set aside")
    work(house.worker())
    [run] = house.store.runs.of_trial(trial.id)
    notes = [event.detail for event in house.store.events.newest(50, run_id=run.id) if event.kind == "run noted"]
    assert notes == [{"note": "a corrupt checkpoint was set aside"}]


def test_pausing_a_study_gives_its_run_back_without_a_loss_and_resuming_goes_on_from_its_epoch(house: House):
    study = house.study()
    trial = house.trial(study, epochs=5)
    worker = house.worker()
    for _ in range(5):
        worker.tick()
    house.store.studies.move(study.id, StudyState.PAUSED, "ann")
    work(worker)
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.losses) == (RunState.QUEUED, 0)
    reached = run.epoch
    assert 1 <= reached < 5
    house.store.studies.move(study.id, StudyState.ACTIVE, "ann")
    work(worker)
    assert house.run(run.id).state is RunState.COMPLETE
    assert len(house.store.runs.values(run.id)) == 5
    assert house.trainer.sessions[1]._story.history[:reached] == house.trainer.sessions[0]._story.history[:reached]


def test_cancelling_a_study_ends_its_running_run_as_cancelled(house: House):
    study = house.study()
    trial = house.trial(study, epochs=50)
    worker = house.worker()
    for _ in range(4):
        worker.tick()
    house.store.studies.move(study.id, StudyState.CANCELLED, "ann")
    work(worker)
    assert house.store.runs.of_trial(trial.id)[0].state is RunState.CANCELLED
    assert not house.trainer.sessions[0].is_alive


def test_cancelling_a_trial_stops_its_process_and_writes_nothing_more(house: House):
    trial = house.trial(house.study(), epochs=50)
    worker = house.worker()
    for _ in range(4):
        worker.tick()
    house.store.trials.cancel(trial, "ann")
    [run] = house.store.runs.of_trial(trial.id)
    work(worker)
    assert house.run(run.id) == run
    assert not house.trainer.sessions[0].is_alive


def test_a_stopping_study_lets_its_runs_finish(house: House):
    study = house.study()
    trial = house.trial(study, epochs=5)
    worker = house.worker()
    for _ in range(3):
        worker.tick()
    house.store.studies.move(study.id, StudyState.STOPPING, "ann")
    work(worker)
    assert house.store.runs.of_trial(trial.id)[0].state is RunState.COMPLETE


@pytest.mark.parametrize("message", [{"event": "epoch"}, {"event": "complete", "metrics": {"ndcg@10": 1}}])
def test_a_trainer_that_says_nonsense_fails_its_run(house: House, message):
    trial = house.trial(house.study())
    worker = house.worker()
    worker.tick()
    house.trainer.sessions[0]._waiting = [message]
    (house.folder(trial, 1) / "ranks.npy").write_bytes(b"")
    work(worker)
    [run] = house.store.runs.of_trial(trial.id)
    assert run.state is RunState.FAILED
    assert "unreadable" in (run.error or "")


def test_the_status_says_what_runs(house: House):
    house.trial(house.study(), seeds=(3,), epochs=50)
    worker = house.worker()
    for _ in range(6):
        worker.tick()
        house.clock.pass_(3)
    worker.tick()
    [status] = house.store.leases.workers()
    assert status.doing.startswith("trial 1 · seed 3 · epoch ")
    assert not worker.is_idle
