"""Slow work beside the pages."""

import threading
from pathlib import Path

from core.errors import InvalidInput
from core.tasks import UNEXPECTED, Task, Tasks, tasks_of


def test_a_task_tells_how_far_it_is_and_what_came_of_it():
    gate, told = threading.Event(), threading.Event()

    def work(task: Task) -> int:
        task.tell("reading", 0.5)
        told.set()
        gate.wait(5)
        return 42

    task = Task("import x", work)
    assert told.wait(5) and (task.stage, task.share, task.is_over) == ("reading", 0.5, False)
    gate.set()
    assert task.wait(5) and (task.result, task.error) == (42, None)


def test_an_expected_error_is_kept_for_the_page():
    def work(task: Task) -> None:
        raise InvalidInput("no such file; check the path")

    task = Task("import x", work)
    assert task.wait(5) and str(task.error) == "no such file; check the path"


def test_an_unexpected_error_never_looks_like_success(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    task = Task("import x", lambda task: 1 / 0)
    assert task.wait(5) and str(task.error) == UNEXPECTED


def test_of_equal_keys_one_runs_at_a_time():
    gate, tasks = threading.Event(), Tasks()
    first = tasks.start("probe x", lambda task: gate.wait(5))
    assert tasks.start("probe x", lambda task: None) is first
    assert tasks.running("probe") == [first] and tasks.running("import") == []
    gate.set()
    assert first.wait(5) and tasks.start("probe x", lambda task: None) is not first


def test_a_task_learns_that_it_should_end():
    task = Task("probe x", lambda task: task._stop.wait(5))
    task.stop()
    assert task.is_stopping and task.wait(5)


def test_what_is_over_can_be_forgotten():
    tasks = Tasks()
    tasks.start("import x", lambda task: None).wait(5)
    tasks.forget("import x")
    assert tasks.get("import x") is None


def test_every_browser_of_a_home_sees_the_same_tasks(tmp_path: Path):
    assert tasks_of(tmp_path) is tasks_of(tmp_path / ".")
