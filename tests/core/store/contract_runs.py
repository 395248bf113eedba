"""What holds for runs, leases and workers on every backend."""

import pytest

from core.errors import Conflict, IllegalMove, NotFound, StaleAttempt
from core.states import RUN_MOVES, RunState, StudyState, TrialState
from core.store import Store
from core.store.runs import LEASE_SECONDS
from tests.core.store.building import FakeClock, a_running, a_study, an_approved, at_once, finish, kinds
from tests.core.store.conftest import OpenStore


def fail(store: Store, run, error: str = "diverged"):
    return store.runs.end(run, RunState.FAILED, "w1", error=error)


def in_state(store: Store, state: RunState):
    """A fresh run in a state, of a trial of its own."""
    run = a_running(store)
    if state is RunState.QUEUED:
        return store.runs.pause(run, "w1")
    return run if state is RunState.RUNNING else store.runs.end(run, state, "w1")


class RunContract:
    @pytest.mark.parametrize("origin", RunState)
    def test_a_worker_ends_running_runs_and_no_others(self, store: Store, origin: RunState):
        run = in_state(store, origin)
        for target in (RunState.COMPLETE, RunState.PRUNED, RunState.FAILED, RunState.CANCELLED):
            if origin is RunState.RUNNING:
                assert (origin, target) in RUN_MOVES
                continue
            with pytest.raises(StaleAttempt, match=f"now attempt 1, {origin}"):
                store.runs.end(run, target, "w1")
        with pytest.raises(IllegalMove, match="pause"):
            store.runs.end(run, RunState.QUEUED, "w1")
        assert store.runs.get(run.id) == run

    @pytest.mark.parametrize("target", [RunState.COMPLETE, RunState.PRUNED, RunState.FAILED, RunState.CANCELLED])
    def test_an_end_is_written_with_its_values_and_one_event(self, store: Store, clock: FakeClock, target: RunState):
        run = a_running(store)
        clock.pass_(7)
        ended = store.runs.end(run, target, "w1", value=0.04, metrics={"ndcg@10": 0.04}, seconds=7.0)
        assert (ended.state, ended.ended_at, ended.lease_until) == (target, clock.now(), None)
        assert (ended.value, ended.metrics, ended.seconds) == (0.04, {"ndcg@10": 0.04}, 7.0)
        assert kinds(store, run_id=run.id) == ["run started", f"run {target}"]

    def test_of_many_workers_each_run_is_claimed_by_one(self, open_store: OpenStore):
        study = a_study(open_store())
        an_approved(open_store(), study, seeds=range(12))
        stores = [open_store() for _ in range(4)]

        def take_all(store: Store, name: str) -> list[int]:
            taken = []
            while run := store.runs.claim(name):
                taken.append(run.id)
            return taken

        results = at_once(*[lambda store=store, n=n: take_all(store, f"w{n}") for n, store in enumerate(stores)])
        claimed = [id for taken in results for id in taken]
        assert sorted(claimed) == [run.id for run in stores[0].runs.of_study(study.id)]
        assert len(set(claimed)) == 12

    @pytest.mark.parametrize(
        ("state", "claimed"), [(StudyState.PAUSED, False), (StudyState.STOPPING, True), (StudyState.CANCELLED, False)]
    )
    def test_runs_are_claimed_from_active_and_stopping_studies(self, store: Store, state: StudyState, claimed: bool):
        study = a_study(store)
        an_approved(store, study)
        store.studies.move(study.id, state, "ann")
        assert (store.runs.claim("w1") is not None) == claimed

    def test_a_run_taken_over_refuses_every_write_of_the_attempt_before(self, store: Store):
        woken = a_running(store)
        store.runs.lose(woken, "w2", "no sign of life")
        taken = store.runs.claim("w2")
        assert taken is not None and (taken.id, taken.attempt) == (woken.id, 2)
        for write in (
            lambda: store.runs.record(woken, 5, 0.1, {"ndcg@10": 0.9}, 1.0),
            lambda: store.runs.beat(woken),
            lambda: store.runs.end(woken, RunState.COMPLETE, "w1", value=0.9),
            lambda: store.runs.pause(woken, "w1"),
            lambda: store.runs.lose(woken, "w1", "gone"),
        ):
            with pytest.raises(StaleAttempt, match="attempt 1 no longer owns it"):
                write()
        assert store.runs.get(woken.id) == taken and store.runs.values(woken.id) == []

    def test_an_epoch_told_twice_is_kept_once_and_the_run_never_goes_back(self, store: Store):
        run = a_running(store)
        for epoch, value in ((1, 0.01), (2, 0.02), (1, 0.01), (2, 0.025)):
            store.runs.record(run, epoch, 0.7, {"ndcg@10": value}, 2.0)
        assert [(row.epoch, row.metrics["ndcg@10"]) for row in store.runs.values(run.id)] == [(1, 0.01), (2, 0.025)]
        assert store.runs.get(run.id).epoch == 2

    def test_three_lost_workers_end_a_run_and_say_what_to_do(self, store: Store):
        run = a_running(store)
        for losses in (1, 2):
            lost = store.runs.lose(run, "w2", "killed")
            assert (lost.state, lost.losses, lost.worker) == (RunState.QUEUED, losses, None)
            run = store.runs.claim("w1")  # type: ignore[assignment]
        lost = store.runs.lose(run, "w2", "killed")
        assert lost.state is RunState.FAILED and "killed" in str(lost.error) and "retry" in str(lost.error)
        assert store.runs.claim("w1") is None

    def test_pauses_never_count_as_losses(self, store: Store):
        run = a_running(store)
        for _ in range(5):
            assert store.runs.pause(run, "w1").state is RunState.QUEUED
            run = store.runs.claim("w1")  # type: ignore[assignment]
        assert (run.losses, run.attempt) == (0, 6)

    def test_a_retried_run_starts_without_losses_and_its_trial_is_judged_again(self, store: Store):
        run = a_running(store)
        fail(store, run)
        trial = store.trials.get(run.trial_id)
        assert store.trials.judge(trial, None, None, None, "verdict")
        retried = store.runs.retry(store.runs.get(run.id), "ann")
        assert (retried.state, retried.losses, retried.error) == (RunState.QUEUED, 0, None)
        assert store.trials.get(trial.id).judged_at is None
        again = store.runs.claim("w1")
        assert again is not None and again.attempt == 2

    def test_only_a_failed_run_of_a_living_trial_is_retried(self, store: Store):
        run = a_running(store)
        with pytest.raises(IllegalMove, match="is running; only a failed or pruned run"):
            store.runs.retry(run, "ann")
        failed = fail(store, run)
        store.trials.cancel(store.trials.get(run.trial_id), "bob")
        with pytest.raises(Conflict, match="trial 1, which is cancelled"):
            store.runs.retry(failed, "ann")
        assert store.runs.get(run.id).state is RunState.FAILED

    def test_a_run_whose_lease_ended_is_orphaned_and_one_that_beats_is_not(self, store: Store, clock: FakeClock):
        run = a_running(store)
        clock.pass_(LEASE_SECONDS - 1)
        store.runs.beat(run)
        clock.pass_(LEASE_SECONDS - 1)
        assert store.runs.orphans("w2", frozenset()) == []
        clock.pass_(2)
        assert [orphan.id for orphan in store.runs.orphans("w2", frozenset())] == [run.id]
        assert store.runs.orphans("w1", frozenset()) == []

    def test_runs_of_workers_known_to_be_gone_are_orphaned_at_once(self, store: Store):
        run = a_running(store)
        assert [orphan.id for orphan in store.runs.orphans("w2", frozenset({"w1"}))] == [run.id]

    def test_a_clock_that_jumped_back_does_not_keep_a_lost_run_for_ever(self, store: Store, clock: FakeClock):
        run = a_running(store)
        clock.pass_(-86_400)
        assert [orphan.id for orphan in store.runs.orphans("w2", frozenset())] == [run.id]

    def test_unfinished_runs_are_the_queued_and_the_running(self, store: Store):
        study = a_study(store)
        an_approved(store, study, seeds=(1, 2, 3))
        run = store.runs.claim("w1")
        assert run is not None
        finish(store, run)
        store.runs.claim("w1")
        assert [run.seed for run in store.runs.unfinished()] == [2, 3]
        with pytest.raises(NotFound, match="no run 77"):
            store.runs.get(77)

    def test_a_cancelled_trial_takes_the_run_from_its_worker(self, store: Store):
        run = a_running(store)
        trial = store.trials.cancel(store.trials.get(run.trial_id), "ann")
        assert trial.state is TrialState.CANCELLED
        with pytest.raises(StaleAttempt, match="cancelled"):
            store.runs.record(run, 1, 0.5, {}, 1.0)


class LeaseContract:
    def test_one_holds_a_lease_until_it_ends_or_is_given_back(self, store: Store, clock: FakeClock):
        assert store.leases.take("plan-1", "w1", 30)
        assert not store.leases.take("plan-1", "w2", 30)
        assert store.leases.take("plan-1", "w1", 30) and store.leases.take("plan-2", "w2", 30)
        assert store.leases.holder("plan-1") == "w1"
        clock.pass_(31)
        assert store.leases.holder("plan-1") is None
        assert store.leases.take("plan-1", "w2", 30)
        store.leases.release("plan-1", "w1")
        assert store.leases.holder("plan-1") == "w2"
        store.leases.release("plan-1", "w2")
        assert store.leases.holder("plan-1") is None

    def test_of_many_who_take_a_lease_at_once_one_gets_it(self, open_store: OpenStore):
        stores = [open_store() for _ in range(5)]
        won = at_once(*[lambda s=s, n=n: s.leases.take("index", f"w{n}", 30) for n, s in enumerate(stores)])
        assert sorted(won) == [False, False, False, False, True]

    def test_a_clock_that_jumped_back_frees_a_lease(self, store: Store, clock: FakeClock):
        store.leases.take("plan-1", "w1", 30)
        clock.pass_(-20)
        assert not store.leases.take("plan-1", "w2", 30)
        clock.pass_(-86_400)
        assert store.leases.holder("plan-1") is None
        assert store.leases.take("plan-1", "w2", 30)

    def test_workers_are_seen_until_they_leave(self, store: Store, clock: FakeClock):
        store.leases.beat("w1", 7, "host", "idle")
        clock.pass_(1)
        store.leases.beat("w2", 8, "host", "idle")
        clock.pass_(1)
        store.leases.beat("w1", 7, "host", "trial 3")
        assert [(w.name, w.doing) for w in store.leases.workers()] == [("w1", "trial 3"), ("w2", "idle")]
        store.leases.leave("w1")
        assert [worker.name for worker in store.leases.workers()] == ["w2"]
