"""When the worker moves studies on, applies the index and performs reveals, and what their failures do."""

import threading

from core.errors import InvalidInput
from core.states import StudyState
from core.views.settings import device_words
from core.worker.background import OneThread
from core.worker.machine import told_machine
from core.worker.worker import STATUS_SECONDS
from tests.core.worker.house import House
from tests.core.worker.test_worker_runs import work
from vectorstore.protocol import VectorStoreError


def failures(house: House, kind: str) -> list:
    return [event.detail["error"] for event in house.store.events.newest(500) if event.kind == kind]


def test_a_study_is_advanced_when_it_changes_and_every_two_seconds(house: House):
    study = house.study()
    worker = house.worker()
    work(worker)
    quiet = len(house.loop.advanced)
    worker.tick()
    assert len(house.loop.advanced) == quiet
    house.store.studies.move(study.id, StudyState.PAUSED, "ann")
    worker.tick()
    assert len(house.loop.advanced) == quiet + 1
    house.clock.pass_(2.1)
    worker.tick()
    assert len(house.loop.advanced) == quiet + 2


def test_studies_that_have_ended_are_left_alone(house: House):
    study = house.study()
    house.store.studies.move(study.id, StudyState.CANCELLED, "ann")
    work(house.worker())
    assert house.loop.advanced == []


def test_one_studys_exception_is_noted_once_and_stops_neither_runs_nor_other_studies(house: House):
    broken, healthy = house.study("broken"), house.study("healthy")
    house.loop.problems[broken.id] = RuntimeError("no such axis")
    trial = house.trial(broken, epochs=3)
    worker = house.worker()
    for _ in range(40):
        worker.tick()
        house.clock.pass_(1)
    assert failures(house, "loop failed") == ["RuntimeError: no such axis"]
    assert house.store.runs.of_trial(trial.id)[0].best_epoch == 3
    assert house.loop.advanced.count(healthy.id) > 10
    assert house.loop.advanced.count(broken.id) <= 7  # pauses of 1, 2, 4, 8, 16 s


def test_a_study_that_works_again_is_advanced_as_before(house: House):
    study = house.study()
    house.loop.problems[study.id] = RuntimeError("for a while")
    worker = house.worker()
    worker.tick()
    house.loop.problems.clear()
    house.clock.pass_(2)
    worker.tick()
    house.clock.pass_(2.1)
    before = len(house.loop.advanced)
    worker.tick()
    assert len(house.loop.advanced) == before + 1


def test_a_thinking_agent_does_not_hold_up_the_runs(house: House):
    trial = house.trial(house.study(), epochs=3)
    thought = threading.Event()
    house.loop.advance = lambda study: thought.wait(10)  # type: ignore[assignment]
    worker = house.worker(planning=OneThread("planning"))
    for _ in range(20):
        worker.tick()
    [run] = house.store.runs.of_trial(trial.id)
    thought.set()
    assert run.has_ended


def test_the_outbox_of_the_index_is_applied(house: House):
    house.store.index.post("lessons", "lesson-1")
    work(house.worker())
    assert house.store.index.pending() == []
    assert house.store.index.version() == 1


def test_a_requested_reveal_is_performed_once(house: House):
    study = house.study()
    house.store.reveals.request(study, "lineage", "ann", {})
    worker = house.worker()
    for _ in range(5):
        worker.tick()
        house.clock.pass_(2)
    assert len(house.reveals.threads) == 1
    assert house.reveal(study).state == "done"


def test_a_reveal_that_cannot_succeed_ends_failed_with_its_cause(house: House):
    study = house.study()
    house.store.reveals.request(study, "lineage", "ann", {})
    house.reveals.problem = InvalidInput("trial 3 has no weights any more")
    worker = house.worker()
    for _ in range(5):
        worker.tick()
        house.clock.pass_(2)
    reveal = house.reveal(study)
    assert (reveal.state, len(house.reveals.threads)) == ("failed", 1)
    assert "no weights" in str(reveal.error)


def test_a_reveal_that_broke_by_accident_is_tried_three_times(house: House):
    study = house.study()
    house.store.reveals.request(study, "lineage", "ann", {})
    house.reveals.problem = OSError("device gone")
    worker = house.worker()
    for _ in range(20):
        worker.tick()
        house.clock.pass_(2)
    assert len(house.reveals.threads) == 3
    assert house.reveal(study).state == "failed"
    assert failures(house, "reveal attempt failed") == ["OSError: device gone"]


def test_a_worker_is_idle_only_when_nothing_is_active_or_asked_for(house: House):
    worker = house.worker()
    assert worker.is_idle
    study = house.study()
    assert not worker.is_idle
    house.store.studies.move(study.id, StudyState.PAUSED, "ann")
    assert worker.is_idle
    house.store.reveals.request(study, "lineage", "ann", {})
    assert not worker.is_idle


def test_an_index_that_breaks_while_the_worker_lives_is_mended_then_and_not_at_the_next_start(house: House):
    worker = house.worker()
    work(worker)
    assert house.indexer.mended == 1
    house.indexer.problem = VectorStoreError("the server is down")
    for _ in range(10):
        house.clock.pass_(3)
        worker.tick()
    assert house.indexer.mended > 2 and failures(house, "index failed") == ["VectorStoreError: the server is down"]
    house.indexer.problem, before = None, house.indexer.mended
    for _ in range(40):
        house.clock.pass_(3)
        worker.tick()
    assert house.indexer.mended == before + 1


def test_the_worker_tells_the_device_of_its_runs_and_what_is_free(house: House):
    worker = house.worker()
    worker.tick()
    told = told_machine(house.settings.home)
    assert told is not None and told.device == "" and told.disk_free > 0
    house.trial(house.study(), epochs=9)
    for _ in range(4):
        house.clock.pass_(STATUS_SECONDS + 1)
        worker.tick()
    told = told_machine(house.settings.home)
    assert told is not None and told.device == "cpu"
    assert device_words(house.settings).startswith("device: cpu, 1 run at a time · ")
