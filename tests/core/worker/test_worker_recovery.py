"""What the worker does when processes, workers, clocks or disks fail."""

from core.errors import StorageFailed
from core.states import RunState
from tests.core.worker.house import House
from tests.core.worker.test_worker_runs import work


def test_a_process_that_dies_costs_a_loss_and_the_third_one_ends_the_run(house: House):
    trial = house.trial(house.study(), epochs=50)
    worker = house.worker()
    for attempt in (1, 2, 3):
        for _ in range(3):
            worker.tick()
        house.trainer.sessions[-1].kill()
        worker.tick()
        [run] = house.store.runs.of_trial(trial.id)
        assert run.losses == attempt
    assert run.state is RunState.FAILED
    assert "out of memory?" in (run.error or "")


def test_a_woken_laptop_writes_nothing_into_a_run_that_was_taken_over(house: House):
    trial = house.trial(house.study(), epochs=50)
    asleep = house.worker("laptop-1")
    for _ in range(4):
        asleep.tick()
    house.clock.jump(3600)
    awake = house.worker("server-2")
    for _ in range(6):
        awake.tick()
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.worker, run.attempt) == ("server-2", 2)
    before = house.store.runs.values(run.id)
    asleep.tick()
    assert not house.trainer.sessions[0].is_alive
    assert house.store.runs.values(run.id) == before
    assert house.run(run.id) == run


def test_the_lease_of_a_long_epoch_is_renewed(house: House):
    house.trial(house.study(), epochs=1)
    worker = house.worker()
    worker.tick()
    house.trainer.sessions[0].poll = list  # type: ignore[method-assign]  # an epoch that takes very long
    for _ in range(20):
        house.clock.pass_(20)
        worker.tick()
    assert house.store.runs.orphans("another", frozenset()) == []


def test_a_clock_that_jumps_back_holds_nothing_up(house: House):
    trial = house.trial(house.study(), epochs=4)
    worker = house.worker()
    for _ in range(3):
        worker.tick()
    house.clock.jump(-86_400)
    work(worker)
    assert house.store.runs.of_trial(trial.id)[0].state is RunState.COMPLETE


def test_a_new_worker_takes_back_the_runs_of_a_dead_one_of_its_home_at_once(house: House):
    trial = house.trial(house.study(), epochs=4)
    dead = house.worker("host-home-1")
    for _ in range(3):
        dead.tick()
    house.trainer.sessions[0].kill()
    work(house.worker("host-home-2", siblings="host-home-"))
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.attempt, run.losses) == (RunState.COMPLETE, 2, 1)
    assert [worker.name for worker in house.store.leases.workers()] == ["host-home-2"]


def test_a_worker_that_leaves_gives_its_runs_back_without_a_loss(house: House):
    trial = house.trial(house.study(), epochs=50)
    worker = house.worker()
    for _ in range(4):
        worker.tick()
    worker.leave(pause=lambda seconds: house.clock.pass_(seconds))
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.losses) == (RunState.QUEUED, 0)
    assert house.store.leases.workers() == []


def test_a_message_that_could_not_be_written_is_written_when_the_disk_is_well_again(house: House, monkeypatch):
    trial = house.trial(house.study(), epochs=3)
    worker = house.worker()
    worker.tick()
    write = house.store.database.write

    def full():
        raise StorageFailed("the disk is full; free space")

    monkeypatch.setattr(house.store.database, "write", full)
    for _ in range(10):
        worker.tick()
        house.clock.pass_(1)
    monkeypatch.setattr(house.store.database, "write", write)
    house.clock.pass_(60)
    work(worker)
    [run] = house.store.runs.of_trial(trial.id)
    assert run.state is RunState.COMPLETE
    assert [value.epoch for value in house.store.runs.values(run.id)] == [1, 2, 3]


def test_a_claim_whose_answer_was_lost_goes_back_to_the_queue(house: House):
    trial = house.trial(house.study(), epochs=3)
    house.store.runs.claim("here-1")
    work(house.worker("here-1"))
    [run] = house.store.runs.of_trial(trial.id)
    assert (run.state, run.attempt, run.losses) == (RunState.COMPLETE, 2, 0)


def test_a_full_disk_where_the_run_would_leave_its_files_fails_the_run_with_the_way_out(house: House):
    trial = house.trial(house.study())
    house.settings.artifacts.write_text("a file where a folder should be")
    work(house.worker())
    [run] = house.store.runs.of_trial(trial.id)
    assert run.state is RunState.FAILED
    assert "free space or allow writing there" in (run.error or "")
