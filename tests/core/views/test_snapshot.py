"""What pages read once for every session: it is always what the tables hold."""

from core.states import RunState
from core.store import Store
from core.views.snapshot import Snapshot, snapshot
from tests.core.store.building import FakeClock, a_proposal, a_study, an_approved, finish


def read_anew(store: Store, study_id: int) -> tuple[list, list]:
    return store.trials.of_study(study_id), store.runs.of_study(study_id)


def test_after_every_kind_of_change_it_equals_the_tables():
    store = Store("sqlite://", FakeClock())
    study = a_study(store)

    def same() -> Snapshot:
        held = snapshot(store, study)
        assert (list(held.trials), list(held.runs)) == read_anew(store, study.id)
        return held

    baseline = an_approved(store, study, seeds=(1, 2))
    same()
    run = store.runs.claim("w1")
    assert run is not None
    same()
    store.runs.record(run, 1, 0.5, {"ndcg@10": 0.1}, 1.0)
    assert same().runs[0].epoch == 1
    store.runs.pause(run, "w1")
    assert same().runs[0].state is RunState.QUEUED
    run = store.runs.claim("w1")
    assert run is not None
    finish(store, run)
    other = store.runs.claim("w1")
    assert other is not None
    same()
    store.runs.end(other, RunState.FAILED, "w1", error="diverged")
    same()
    store.runs.retry(other, "Ada")
    same()
    again = store.runs.claim("w1")
    assert again is not None
    finish(store, again)
    store.trials.judge(baseline, 0.05, None, None, "verdict")
    assert same().trials[0].value == 0.05
    proposal = a_proposal(store, study)
    store.trials.set_deadline(proposal, 9.0, "Ada")
    same()
    approved = store.trials.decide(proposal, "approve", "Ada", "dashboard")
    same()
    store.trials.add_seeds(approved, (77,), "extra", "Ada", "dashboard", "")
    same()
    store.trials.cancel(approved, "Ada")
    assert [run.state for run in same().of(approved)] == [RunState.CANCELLED, RunState.CANCELLED]


def test_without_a_change_nothing_is_read_again():
    store = Store("sqlite://", FakeClock())
    study = a_study(store)
    an_approved(store, study)
    assert snapshot(store, study) is snapshot(store, study)


def test_two_homes_do_not_share_it():
    first, second = Store("sqlite://", FakeClock()), Store("sqlite://", FakeClock())
    study, other = a_study(first), a_study(second)
    an_approved(first, study)
    assert len(snapshot(first, study).trials) == 1
    assert not snapshot(second, other).trials
