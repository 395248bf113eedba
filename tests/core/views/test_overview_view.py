"""The Overview's figures, from rows written through the real store."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from core.clock import SystemClock, in_utc
from core.errors import Conflict, InvalidInput
from core.states import RunState, StudyState
from core.store import Store
from core.views.moments import in_zone, moment, waited, zone_named
from core.views.overview import ORDERS, PAGE, Listed, overview, study_table, version
from core.views.standing import standing
from core.views.working import worker_line
from tests.core.store.building import a_proposal, a_running, a_study, finish

NOON = 1_790_000_000.0


@pytest.fixture
def store():
    opened = Store("sqlite://", SystemClock())
    yield opened
    opened.close()


def test_a_proposal_waits_with_its_change_and_the_hash_that_was_seen(store: Store):
    trial = a_proposal(store, a_study(store), lr=0.002)
    (waiting,) = overview(store, SystemClock().now()).waiting
    assert waiting.approval_hash == trial.approval_hash
    assert waiting.number == trial.number


def test_the_best_so_far_never_falls_and_starts_at_the_baseline(store: Store):
    study = a_study(store)
    for value, verdict in ((0.05, None), (0.06, "better"), (0.04, "not better"), (0.07, "inconclusive")):
        run = a_running(store, study) if value == 0.05 else _next(store, study, value)
        finish(store, run)
        trial = store.trials.get(run.trial_id)
        assert store.trials.judge(trial, value, verdict, None, "test")
    (row,) = study_table(store, Listed()).rows
    assert row.curve == (0.05, 0.06, 0.06, 0.06) and row.metric == "validation NDCG@10"


def test_the_best_is_that_of_the_verdict_and_an_estimate_stands_apart(store: Store):
    study = a_study(store)
    ids = []
    for value, verdict in ((0.05, None), (0.06, "better"), (0.07, "inconclusive")):
        run = a_running(store, study) if value == 0.05 else _next(store, study, value)
        finish(store, run)
        assert store.trials.judge(store.trials.get(run.trial_id), value, verdict, None, "test")
        ids.append(run.trial_id)
    assert store.studies.set_incumbent(study.id, ids[1], None, "test")
    store.studies.recommend(study.id, ids[1], "", "test")
    (row,) = study_table(store, Listed()).rows
    assert (row.best, row.estimate) == (0.06, None)
    store.studies.recommend(study.id, ids[2], "", "test")
    (row,) = study_table(store, Listed()).rows
    assert (row.best, row.estimate, row.trials) == (0.06, 0.07, 3)


def test_studies_are_narrowed_sorted_and_paged(store: Store):
    names = [f"study {number:02}" for number in range(PAGE + 2)]
    for name in names:
        a_study(store, name=name)
    newest = study_table(store, Listed())
    assert [row.name for row in newest.rows] == names[:1:-1] and (newest.total, newest.pages) == (PAGE + 2, 2)
    assert [row.name for row in study_table(store, Listed(page=9)).rows] == names[1::-1]
    assert [row.name for row in study_table(store, Listed(order="name")).rows] == names[:PAGE]
    assert [row.name for row in study_table(store, Listed("Y 07")).rows] == ["study 07"]
    for order in ORDERS:
        assert len(study_table(store, Listed(order=order)).rows) == PAGE


def test_archived_studies_stand_apart_and_only_ended_ones_may_go_there(store: Store):
    runs, ended = a_study(store, name="runs"), a_study(store, name="ended")
    store.studies.move(ended.id, StudyState.CANCELLED, "Ada")
    assert study_table(store, Listed()).shelvable == {ended.id: "ended"}
    before = version(store)
    store.shelf.archive(ended.id, "Ada")
    assert version(store) != before
    seen, shelf = study_table(store, Listed()), study_table(store, Listed(archived=True))
    assert ([row.id for row in seen.rows], seen.total, seen.archived) == ([runs.id], 1, 1)
    assert ([row.id for row in shelf.rows], shelf.shelvable) == ([ended.id], {ended.id: "ended"})
    assert any("was archived by Ada" in each.says for each in overview(store, SystemClock().now()).happened)


def test_what_the_week_brought_is_counted_over_all_studies(store: Store):
    run = a_running(store)
    finish(store, run)
    assert store.trials.judge(store.trials.get(run.trial_id), 0.05, "better", None, "test")
    now = SystemClock().now()
    seen, later = overview(store, now), overview(store, now + 8 * 86_400.0)
    assert (seen.trials_this_week, seen.better_this_week, later.trials_this_week) == (1, 1, 0)


def test_the_version_moves_with_an_epoch_and_stands_still_otherwise(store: Store):
    run = a_running(store)
    before = version(store)
    assert version(store) == before
    store.runs.record(run, 1, 1.0, {"ndcg@10": 0.1}, 1.0)
    assert version(store) != before


def test_a_running_run_tells_how_far_it_is(store: Store):
    run = a_running(store)
    store.runs.record(run, 5, 1.0, {"ndcg@10": 0.1}, 1.0)
    (running,) = overview(store, SystemClock().now()).running
    assert "epoch 5 of" in running.label and 0 < running.share <= 1


def test_how_a_trial_stands_follows_its_runs(store: Store):
    run = a_running(store)
    trial = store.trials.get(run.trial_id)
    assert standing(trial, [run]) == "running"
    ended = store.runs.end(run, RunState.FAILED, "w1", error="no memory")
    assert standing(trial, [ended]) == "failed"
    assert standing(a_proposal(store, a_study(store, name="second"))) == "waiting"


def test_a_worker_whose_process_is_gone_is_dead_at_once(store: Store):
    import socket
    import subprocess

    gone = subprocess.Popen(["true"])
    gone.wait()
    store.leases.beat("w", gone.pid, socket.gethostname(), "trial 1")
    assert not worker_line(store, SystemClock()).is_alive
    store.leases.beat("elsewhere", 1, "another-host", "trial 2")
    assert worker_line(store, SystemClock()).doing == "trial 2"


def test_times_are_told_in_the_viewers_zone():
    berlin = ZoneInfo("Europe/Berlin")
    assert moment(NOON, NOON, UTC) != moment(NOON, NOON, berlin)
    assert moment(NOON - 86_400, NOON, UTC).startswith("20 Sep")
    assert moment(NOON - 400 * 86_400, NOON, UTC).startswith("17 Aug 2025")
    assert zone_named("Nowhere/Land") is UTC and zone_named(None) is UTC


def test_an_error_names_its_time_in_the_viewers_zone():
    berlin = zone_named("Europe/Berlin")
    problem = Conflict(f"Ada was first (trial vetoed, {in_utc(NOON)}); nothing was changed", NOON)
    told = in_zone(problem, NOON, berlin)
    assert told == f"Ada was first (trial vetoed, {moment(NOON, NOON, berlin)}); nothing was changed"
    assert in_zone(InvalidInput("a name is missing"), NOON, berlin) == "a name is missing"


def test_waiting_times_are_coarse():
    assert [waited(s) for s in (5, 65, 7_500, 200_000)] == ["under a minute", "1 min", "2 h 5 min", "2 days"]


def _next(store, study, value):
    from tests.core.store.building import an_approved

    an_approved(store, study, lr=value)
    run = store.runs.claim("w1")
    assert run is not None
    return run
