"""A language model as the agent, through the real LangChain client: what it may do, and what becomes of bad replies."""

import json
from typing import Any

import pytest

from core.agents.names import STEPPED_IN
from tests.core.agents.building import lesson_hit
from tests.core.agents.llm import loopback
from tests.core.agents.llm.house import Home, proposal, reflection
from tests.core.agents.llm.loopback import Answer, Server, calls, fails, message, page, raw, says, stalls


def test_a_good_answer_becomes_the_proposal(home: Home, server: Server):
    server.will(calls("propose", proposal(reason_for_several="", risk_reason="it may learn too little")))
    draft = home.propose(home.study())
    assert draft.changes == {"dropout": (0.2, 0.3)}
    assert (draft.axis, draft.direction, draft.params["dropout"]) == ("dropout", "up", 0.3)
    assert (draft.expected, draft.expected_sd, draft.risk) == (0.02, 0.03, "low: it may learn too little")
    assert draft.author == ""
    assert len(draft.calls) == 1


def test_a_vetoed_config_is_not_proposed_again_and_the_reason_is_shown(home: Home, server: Server):
    server.will(calls("propose", proposal()))
    study = home.study()
    trial = home.wait_for_proposal(study)
    home.deciding.veto(trial, "costs too much memory", "Ada", "test")
    draft = home.propose(study)
    assert draft.author == STEPPED_IN
    assert "costs too much memory" in server.words(1)
    assert "was vetoed; propose another" in server.words(2)


def test_a_whole_study_runs_with_a_model_and_its_trials_name_their_calls(home: Home, server: Server):
    server.will(
        calls("reflect", reflection()), calls("propose", proposal()), calls("reflect", reflection()), page()
    )  # the baseline is reflected on first, then comes the plan
    study = home.start(agent="llm", trials=2)
    home.run_until(lambda: home.store.proposals.reflection(home.store.trials.of_study(study.id)[-1].id) is not None)
    home.run_until(lambda: len(home.store.trials.of_study(study.id)) == 2)
    trial = home.store.trials.of_study(study.id)[1]
    proposed = home.store.proposals.proposal(trial.id)
    assert proposed is not None and proposed.author in ("llm", STEPPED_IN)
    assert home.finish(study).has_ended
    assert {"propose", "reflect"} <= {call.purpose for call in home.store.calls.of_trial(trial.id)}


@pytest.mark.parametrize(
    "answer",
    [
        says(f"Here you are:\n```json\n{json.dumps(proposal())}\n```\nGood luck!"),
        calls("propose", proposal(changes={"dropout": "0.3"})),
        calls("propose", proposal(more="ignored", cited_lessons=[])),
    ],
    ids=["json in prose", "a number as a text", "a field too many"],
)
def test_an_answer_in_another_shape_is_understood(home: Home, server: Server, answer: Answer):
    server.will(answer)
    draft = home.propose(home.study())
    assert (draft.author, draft.params["dropout"]) == ("", 0.3)
    assert len(server.asked) == 1


BROKEN = {
    "malformed json": (calls("propose", '{"changes": {"dropout": 0.3'), "no JSON object"),
    "out of range": (calls("propose", proposal(changes={"dropout": 7.5})), "dropout=7.5 is outside"),
    "not a number": (calls("propose", proposal(changes={"dropout": float("nan")})), "dropout"),
    "unknown field": (calls("propose", proposal(changes={"users": 1}, axis="users")), "'users' is not searched"),
    "code as a value": (calls("propose", proposal(changes={"dropout": {"eval": "x"}})), "takes one value"),
    "no change": (calls("propose", proposal(changes={"dropout": 0.2})), "would not change"),
    "two fields without a reason": (
        calls("propose", proposal(changes={"dropout": 0.2, "lr": 0.001}, axis="lr")),
        "give reason",
    ),
    "wrong axis": (calls("propose", proposal(axis="lr")), "is none of the changed fields"),
    "four fields": (calls("propose", proposal(changes=dict.fromkeys(("a", "b", "c", "d"), 1))), "changes"),
    "no spread": (calls("propose", proposal(expected_sd=0)), "expected_sd"),
    "a spread that is none": (calls("propose", proposal(expected_sd=float("nan"))), "expected_sd"),
    "a number of 400 digits": (calls("propose", proposal(changes={"dropout": 10**400})), "far too large"),
    "a very long name": (calls("propose", proposal(changes={"x" * 9000: 1}, axis="x" * 9000)), "is not searched"),
    "a lesson not shown": (calls("propose", proposal(cited_lessons=[99])), "lessons [99] were not shown"),
    "prose": (says("I would raise dropout a little."), "no JSON object"),
    "empty": (says(""), "the answer was empty"),
    "cut off": (says('{"changes": {"dropout"', finish="length"), "no JSON object"),
    "half characters": (says("\x00 \ud800 nothing"), "no JSON object"),
    "half characters in a call": (calls("propose", proposal(changes={"\ud800\x00": 1}, axis="\ud800\x00")), "searched"),
    "another tool": (calls("delete_everything", {}), "cannot be called now"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_unusable_answer_is_repaired_once_with_the_error_quoted(home: Home, server: Server, name: str):
    bad, error = BROKEN[name]
    server.will(bad, calls("propose", proposal()))
    study = home.study()
    draft = home.propose(study)
    assert (draft.author, draft.params["dropout"]) == ("", 0.3)
    assert error in server.words(1)
    assert [call.outcome for call in home.calls(study)] == ["invalid", "ok"]
    assert error in home.calls(study)[0].error


@pytest.mark.parametrize("name", ["malformed json", "out of range", "prose", "empty"])
def test_after_a_second_unusable_answer_the_expert_steps_in_and_says_so(home: Home, server: Server, name: str):
    server.will(BROKEN[name][0])
    study = home.study()
    draft = home.propose(study)
    assert draft.author == STEPPED_IN
    assert "The language model gave no usable proposal (two answers could not be used" in draft.mechanism
    assert [call.outcome for call in home.calls(study)] == ["invalid", "invalid"]


FAILING: dict[str, tuple[Answer, str, int]] = {
    "refusal": (message(refusal="I cannot help with that"), "refused", 1),
    "content filter": (says("", finish="content_filter"), "refused", 1),
    "500": (fails(500), "server error", 3),
    "429": (fails(429, retry_after="2"), "rate limit", 3),
    "429 for an hour": (fails(429, retry_after="3600"), "rate limit", 1),
    "401": (fails(401), "unauthorised", 1),
    "404": (fails(404), "bad request", 1),
    "timeout": (stalls(1.6), "timeout", 3),
    "trickle": (loopback.trickles, "timeout", 3),
    "dropped": (loopback.drops, "dropped", 3),
    "html": (page(), "bad reply", 1),
    "a megabyte": (says("x" * 1_000_000), "bad reply", 1),
    "a megabyte of calls": (calls("propose", proposal(claim="x" * 1_000_000)), "bad reply", 1),
    "no choices": (raw({"id": "c", "choices": []}), "bad reply", 1),
    "null choices": (raw({"id": "c", "choices": None}), "bad reply", 1),
    "a list": (raw([1, 2]), "bad reply", 1),
    "arguments that are a list": (calls("propose", "[1]"), "bad reply", 1),
}


@pytest.mark.parametrize("name", FAILING)
def test_where_the_provider_fails_the_expert_steps_in_and_every_try_is_kept(home: Home, server: Server, name: str):
    answer, outcome, tries = FAILING[name]
    if outcome == "timeout":
        home.limit(timeout=1)
    server.will(answer)
    study = home.study()
    draft = home.propose(study)
    assert draft.author == STEPPED_IN
    assert draft.axis and draft.mechanism.startswith("The language model gave no usable proposal")
    assert [call.outcome for call in home.calls(study)] == [outcome] * tries
    assert all(call.error and len(call.reply) <= 20_000 for call in home.calls(study))


def test_a_provider_that_asks_for_time_is_given_it(home: Home, server: Server):
    server.will(fails(429, retry_after="7"), fails(500), calls("propose", proposal()))
    draft = home.propose(home.study())
    assert draft.author == ""
    assert home.naps == [7.0, 2.0]


def test_a_server_without_tool_calls_is_asked_for_json(home: Home, server: Server):
    home.limit(method="json")
    server.will(says(json.dumps(proposal())))
    assert home.propose(home.study()).author == ""
    assert "tools" not in server.asked[0]
    assert "expected_relative" in server.words()


def test_a_decisive_lesson_is_one_that_speaks_of_the_step(home: Home, server: Server):
    study, fits, other = home.study(), lesson_hit("dropout", "up"), lesson_hit("lr", "up")
    server.will(calls("propose", proposal(cited_lessons=[7], decisive_lesson=7)))
    assert home.propose(study, hits=(fits,)).decisive == 7
    draft = home.propose(study, hits=(other,))
    assert (draft.cited, draft.decisive) == ((7,), None)


def test_several_fields_need_a_reason_and_raise_the_risk(home: Home, server: Server):
    both: dict[str, Any] = {"changes": {"dropout": 0.3, "hidden_dim": 128}}
    server.will(calls("propose", proposal(**both, reason_for_several="width needs more dropout")))
    draft = home.propose(home.study())
    assert set(draft.changes) == {"dropout", "hidden_dim"}
    assert draft.risk == "medium: changes several fields at once"
    assert "Several fields at once: width needs more dropout" in draft.mechanism


def test_what_the_owner_forbids_is_not_proposed(home: Home, server: Server):
    server.will(calls("propose", proposal()))
    draft = home.propose(home.study(instructions="do not touch dropout"))
    assert (draft.author, draft.axis != "dropout") == (STEPPED_IN, True)
    assert "wishes forbid dropout" in server.words(1)
