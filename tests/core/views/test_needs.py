"""What needs a person: each need appears with its cause, and goes when it was seen to."""

import pytest

from core.settings import ModelLimits
from core.states import RunState, StudyState
from core.store import Store
from core.views.needs import FRESH, Need, disk_need, needs, worker_need
from core.views.working import WorkerLine
from core.worker.machine import LOW_DISK, Machine
from tests.core.store.building import START, FakeClock, a_call, a_lesson, a_running, a_study

LIMITS = ModelLimits(calls=1)


@pytest.fixture
def store():
    opened = Store("sqlite://", FakeClock())
    yield opened
    opened.close()


def seen(store: Store, now: float = START) -> list[Need]:
    return list(needs(store, LIMITS, now))


def test_a_calm_home_needs_nobody(store: Store):
    a_running(store)
    assert seen(store) == []
    assert worker_need(WorkerLine(True, "trial 1", 3)) is None and worker_need(WorkerLine(False, "", 0)) is None


def test_runs_without_a_worker_ask_for_one():
    need = worker_need(WorkerLine(False, "not running", 2))
    assert need is not None and "2 runs wait" in need.says and not need.page


def test_a_failed_run_asks_for_a_retry_until_it_is_queued_again(store: Store):
    run = a_running(store)
    ended = store.runs.end(run, RunState.FAILED, "w1", error="out of memory")
    [need] = seen(store)
    assert (need.says, need.more, need.page) == ("a run failed", "out of memory", "study")
    assert need.query == {"study": str(run.study_id), "trial": "1"}
    store.runs.retry(ended or store.runs.get(run.id), "Ada")
    assert seen(store) == []


def test_a_loop_that_failed_is_told_until_it_gets_on(store: Store):
    study = a_study(store)
    store.events.note("loop failed", "w1", {"error": "the disk is full"}, study_id=study.id)
    [need] = seen(store)
    assert (need.about, need.more) == (study.name, "the disk is full")
    store.events.note("trial judged", "w1", study_id=study.id)
    assert seen(store) == []


def test_a_model_over_budget_is_told_with_the_cap(store: Store):
    study = a_study(store, agent="llm")
    assert seen(store) == []
    store.calls.add(study.id, a_call())
    [need] = seen(store)
    assert "over budget" in need.says and "1 of 1 calls" in need.more and need.page == "settings"


def test_a_finished_study_offers_its_test_for_a_while(store: Store):
    study = a_study(store)
    store.studies.move(study.id, StudyState.STOPPING, "Ada")
    store.studies.move(study.id, StudyState.FINISHED, "Ada")
    [need] = seen(store)
    assert "sealed test may be opened" in need.more
    assert seen(store, START + FRESH + 1) == []


def test_a_pair_of_lessons_is_to_settle_until_it_was(store: Store):
    one, other = a_lesson(store), a_lesson(store, "raise the rate", direction="up")
    store.links.add(one.id, other.id, "contradicts", "up and down", "expert")
    [need] = seen(store)
    assert "1 pair of lessons" in need.says and need.page == "memory"
    store.links.settle(one.id, other.id, "each for its data", "Ada")
    assert seen(store) == []


def test_a_disk_that_is_almost_full_is_told():
    need = disk_need(Machine("cpu", None, LOW_DISK - 1))
    assert need is not None and "free" in need.more and need.page == "settings"
    assert disk_need(Machine("cpu", None, LOW_DISK)) is None and disk_need(None) is None
