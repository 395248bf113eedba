"""Trust begins at the rate at which an agent's steps help without any lesson, once enough trials tell that rate."""

import pytest

from core.memory.trust import EVEN, KNOWN_FROM, Prior, confidence, prior_of
from core.records import Study
from core.store import Found
from core.views.lessons import trust
from tests.core.memory.house import Memory
from tests.core.store.building import a_study, finish

PROPOSAL = {
    **dict.fromkeys(("claim", "mechanism", "risk", "novelty", "falsifier"), "-"),
    "author": "expert",
    "changes": {},
    "axis": "dropout",
    "direction": "up",
    "cost": {},
    "base_trial_id": None,
    "expected": {"relative": 0.01, "relative_sd": 0.02},
}


def judged(memory: Memory, study: Study, number: int, verdict: str, *found: Found) -> None:
    trial = memory.store.proposals.propose(study, {"lr": number}, (1,), PROPOSAL, found)
    memory.store.trials.decide(trial, "approve", "Ada", "each", "", trial.approval_hash)
    run = memory.store.runs.claim("w1")
    assert run is not None
    finish(memory.store, run)
    seen = {"difference": 0.0, "verdict": verdict}
    memory.store.trials.judge(memory.store.trials.get(trial.id), 0.05, verdict, seen, "verdict", seen)


@pytest.fixture
def study(memory: Memory) -> Study:
    return a_study(memory.store, "plain", dataset_id=memory.dataset("beauty").id)


def test_trust_begins_at_the_rate_of_steps_planned_without_a_lesson(memory: Memory, study: Study):
    lesson = memory.write()
    for number in range(KNOWN_FROM - 1):
        judged(memory, study, number, "better" if number < 4 else "not better")
    assert prior_of(memory.store) == EVEN
    judged(memory, study, 100, "not better")
    prior = prior_of(memory.store)
    assert prior.trials == KNOWN_FROM and prior.mean == pytest.approx(5 / 22)
    assert confidence(lesson, prior) == pytest.approx(5 / 22)
    shop = memory.dataset("shop")
    assert memory.retrieval.for_study(memory.asks(shop), shop)[0].confidence == pytest.approx(5 / 22)


def test_trials_that_saw_a_lesson_and_unclear_ones_tell_nothing_of_that_rate(memory: Memory, study: Study):
    lesson = memory.write()
    judged(memory, study, 1, "better", Found(lesson.id, 1, 0.8, {}, shown=True))
    judged(memory, study, 2, "inconclusive")
    judged(memory, study, 3, "not better", Found(lesson.id, 1, 0.8, {}, shown=False))
    assert memory.store.proposals.rate_without_memory() == (0, 1)


def test_a_lesson_that_does_no_better_than_its_agent_earns_nothing(memory: Memory):
    lesson = memory.write()
    prior = Prior(0.25, 40)
    tried = trust(type(lesson)(**{**vars(lesson), "wins": 1.0, "losses": 3.0}), prior)
    assert tried.mean == pytest.approx(tried.begins) == pytest.approx(0.25) and tried.basis == 40
    assert trust(type(lesson)(**{**vars(lesson), "wins": 3.0, "losses": 1.0}), prior).mean > 0.5
