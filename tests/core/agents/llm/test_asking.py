"""A study's account: what is booked when nobody knows what a call cost, later prices, and the lease under a call."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.agents.llm.asking import AFTERWARDS, NO_REPLY, SENT, Account, Asker
from core.agents.llm.client import MOST_OUTPUT, TRICKLE
from core.agents.llm.model import ModelFailed, Reply
from core.errors import Conflict
from core.settings import ModelLimits
from core.store import Store
from tests.core.agents.llm.house import Home, proposal
from tests.core.agents.llm.loopback import Server, calls
from tests.core.store.building import FakeClock, a_call, a_study

ASKED = [{"role": "user", "content": "x" * 300}]
PRICED: dict[str, Any] = {"price_in": 1.0, "price_out": 10.0}


class Scripted:
    """A model that answers, or raises, what it is told to."""

    name = "openai:scripted"

    def __init__(self, *answers: Reply | BaseException) -> None:
        self.answers, self.asked = list(answers), 0

    def invoke(self, messages: object, tools: object) -> Reply:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Desk:
    """One study with its account."""

    def __init__(self) -> None:
        self.store = Store("sqlite://", FakeClock())
        self.study = a_study(self.store)

    def ask(self, model: Scripted, renew: Callable[[float], bool] = lambda seconds: True, **limits: Any) -> Reply:
        held = ModelLimits(**limits)
        account = Account(self.store, held, self.study.id, "propose", "1", renew=renew, sleep=lambda seconds: None)
        return Asker(model, account).ask(ASKED, [])

    def calls(self) -> list[Any]:
        return self.store.calls.of_study(self.study.id)[::-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


ANSWER = Reply("yes", tokens_in=100, tokens_out=7)


def test_a_worker_killed_in_mid_call_leaves_the_call_booked_at_its_most(desk: Desk):
    with pytest.raises(KeyboardInterrupt):
        desk.ask(Scripted(KeyboardInterrupt()), **PRICED)
    (call,) = desk.calls()
    assert (call.outcome, call.error, call.tokens_out, call.estimated) == (SENT, NO_REPLY, MOST_OUTPUT, True)
    assert call.money == pytest.approx((call.tokens_in + 10 * MOST_OUTPUT) / 1e6)
    again = Scripted(ANSWER)
    with pytest.raises(ModelFailed, match="MAX_CALLS"):
        desk.ask(again, calls=1)
    with pytest.raises(ModelFailed, match="MAX_TOKENS"):
        desk.ask(again, tokens=MOST_OUTPUT + 2 * call.tokens_in)
    assert again.asked == 0


def test_a_reply_puts_the_booking_right(desk: Desk):
    desk.ask(Scripted(ANSWER), **PRICED)
    (call,) = desk.calls()
    assert (call.outcome, call.error, call.reply, call.tokens_in, call.tokens_out) == ("ok", "", "yes", 100, 7)
    assert call.money == pytest.approx(170 / 1e6) and not call.estimated


@pytest.mark.parametrize("outcome", ["timeout", "dropped", "server error", "bad reply"])
def test_a_call_that_may_have_been_billed_counts_with_all_it_could_have_written(desk: Desk, outcome: str):
    with pytest.raises(ModelFailed):
        desk.ask(Scripted(ModelFailed(outcome, "gone")))
    (call,) = desk.calls()
    assert (call.outcome, call.tokens_out, call.estimated) == (outcome, MOST_OUTPUT, True)


@pytest.mark.parametrize("outcome", ["rate limit", "unauthorised"])
def test_a_call_that_was_turned_away_costs_nothing(desk: Desk, outcome: str):
    with pytest.raises(ModelFailed):
        desk.ask(Scripted(ModelFailed(outcome, "no")), **PRICED)
    (call,) = desk.calls()
    assert (call.tokens_in, call.tokens_out, call.money) == (0, 0, 0.0)


def test_calls_made_before_a_price_was_set_are_priced_by_it_and_count_against_the_cap(desk: Desk):
    desk.store.calls.add(desk.study.id, a_call(money=None, tokens_in=1_000_000, tokens_out=0))
    with pytest.raises(ModelFailed, match="set VIRTUALMLE_MODEL_PRICE"):
        desk.ask(Scripted(ANSWER), money=5.0)
    assert desk.ask(Scripted(ANSWER), money=5.0, **PRICED).text == "yes"
    spent = desk.store.calls.spent(desk.study.id)
    assert spent.unpriced == 0 and spent.money == pytest.approx(1.0 + 170 / 1e6)
    with pytest.raises(ModelFailed, match="MAX_MONEY"):
        desk.ask(Scripted(ANSWER), money=1.05, **PRICED)


def test_the_model_is_told_what_the_study_may_still_spend(home: Home, server: Server):
    home.limit(calls=7, money=5.0, **PRICED)
    server.will(calls("propose", proposal(), tokens=(1000, 100)))
    study = home.study()
    for _ in range(2):
        home.propose(study)
    left = [json.loads(each["messages"][1]["content"].partition("</data>")[0][6:]) for each in server.asked]
    assert left[0]["model_budget_left"] == {"calls": 7, "tokens": 3_000_000, "money": 5.0}
    assert left[1]["model_budget_left"] == {"calls": 6, "tokens": 2_998_900, "money": 4.998}


def test_the_lease_outlasts_the_longest_call(desk: Desk):
    held: list[float] = []

    def renew(seconds: float) -> bool:
        held.append(seconds)
        return True

    desk.ask(Scripted(ANSWER), renew=renew, timeout=110)
    assert min(held) >= 110 * TRICKLE + AFTERWARDS


def test_nothing_is_asked_for_a_study_that_another_worker_has(desk: Desk):
    model = Scripted(ANSWER)
    with pytest.raises(Conflict, match="another worker plans study"):
        desk.ask(model, renew=lambda seconds: False)
    assert model.asked == 0 and desk.calls() == []


def test_a_draft_is_dropped_when_the_study_was_lost_while_the_model_thought(home: Home, server: Server):
    server.will(calls("propose", proposal()))
    study = home.study()
    home.run_until(lambda: home.store.leases.holder(f"study-{study.id}") == "here-1")
    for trial in home.store.trials.waiting(study.id):
        home.deciding.veto(trial, "again", "Ada", "test")
    before, answers = len(home.store.trials.of_study(study.id)), len(server.asked)

    def taken_over(handler: Any) -> None:
        home.store.leases.release(f"study-{study.id}", "here-1")
        assert home.store.leases.take(f"study-{study.id}", "there-2", 600)
        calls("propose", proposal(changes={"dropout": 0.4}))(handler)

    server.script = [taken_over]
    home.tick(20)
    assert len(server.asked) > answers and len(home.store.trials.of_study(study.id)) == before
    noted = [event for event in home.store.events.newest(50) if event.kind == "loop failed"]
    assert "another worker plans study" in noted[0].detail["error"]
