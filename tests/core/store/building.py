"""Studies, trials and runs for tests, with the fields a test does not care about filled in."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from core.memory.records import Lesson
from core.records import Dataset, Run, Study, Trial
from core.states import RunState
from core.store import Found, Store

START = 1_700_000_000.0


class FakeClock:
    """Time that moves only when a test says so."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += seconds


def a_dataset(store: Store, id: str = "d0d0d0d0d0d0", name: str = "beauty", lineage: str = "l1") -> Dataset:
    return store.datasets.add(id, name, lineage, f"/data/{id}", {"counts": {"users": 9}}, {"density": 0.1}, "ann")


def a_study(store: Store, name: str = "first", **values: Any) -> Study:
    row: dict[str, Any] = {"name": name, "backbone": "sasrec", "objective": "ndcg@10", "agent": "expert", "seed": 1}
    row |= {"autonomy": "each", "space": {"lr": {"low": 0.0001, "high": 0.01}}, "max_trials": 6, "max_epochs": 50}
    row |= {
        "min_gain": 0.0,
        "guards": {},
        "deadline_seconds": None,
        "masking": "seen",
        "stamp": "loo/val/fit:train/9u/full/mask:seen/ties:exp/@10/d0d0d0d0d0d0",
    }
    row |= {"instructions": "", "use_memory": True, "extra_seeds": True}
    if "dataset_id" not in values:
        row["dataset_id"] = a_dataset(store).id
    return store.studies.create({**row, **values}, "ann")


def a_proposal(store: Store, study: Study, lr: float = 0.001, found: Sequence[Found] = (), **more: Any) -> Trial:
    body: dict[str, Any] = {"author": "expert", "changes": {"lr": [0.002, lr]}, "axis": "lr", "direction": "down"}
    body |= {"claim": "a lower rate", "mechanism": "less noise", "expected": {"relative": 0.02, "relative_sd": 0.03}}
    body |= {"risk": "slow", "novelty": "new", "falsifier": "no gain", "cost": {"minutes": 3.0}, "base_trial_id": None}
    body |= {name: more.pop(name) for name in ("base_trial_id", "axis") if name in more}
    return store.proposals.propose(study, {"lr": lr}, [11], body, found, **more)


def an_approved(store: Store, study: Study, lr: float = 0.5, seeds: Sequence[int] = (1,)) -> Trial:
    return store.trials.add_approved(study, "baseline", {"lr": lr}, seeds, "ann", "start", "the baseline")


def a_running(store: Store, study: Study | None = None, worker: str = "w1") -> Run:
    an_approved(store, study or a_study(store))
    run = store.runs.claim(worker)
    assert run is not None
    return run


def a_lesson(store: Store, claim: str = "lower the rate", **values: Any) -> Lesson:
    row = {"level": "cognition", "kind": "do", "claim": claim, "axis": "lr", "direction": "down", "backbone": "sasrec"}
    return store.lessons.add({**row, **values}, "expert", "seen in trial 2")


def finish(store: Store, run: Run, **values: Any) -> Run:
    return store.runs.end(run, RunState.COMPLETE, "w1", value=0.05, best_epoch=3, **values)


def kinds(store: Store, **equal: int) -> list[str]:
    """Kinds of the events about a thing, oldest first."""
    return [event.kind for event in reversed(store.events.newest(**equal))]


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run actions in threads that start together; what each returned or raised, in the order given."""
    results: list[Any] = [None] * len(actions)
    start = threading.Barrier(len(actions))

    def act(index: int) -> None:
        start.wait()
        try:
            results[index] = actions[index]()
        except Exception as problem:  # noqa: BLE001 - the caller looks at it
            results[index] = problem

    threads = [threading.Thread(target=act, args=(index,)) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def a_call(**values: Any) -> dict[str, Any]:
    """What is kept of a call that was answered."""
    row: dict[str, Any] = {"purpose": "propose", "model": "openai:toy", "prompt_version": "1", "reply": "yes"}
    row |= {"messages": [{"role": "user", "content": "±?"}], "tools": ["propose"], "tool_calls": [{"name": "propose"}]}
    row |= {"tokens_in": 900, "tokens_out": 100, "estimated": False, "money": 0.01, "seconds": 1.5}
    return {**row, "outcome": "ok", "error": "", **values}
