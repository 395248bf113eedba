"""What a person told the agent to leave alone is left alone; what it cannot read it says."""

import pytest

from core.agents.expert import Expert
from core.agents.expert.instructions import read
from core.agents.protocol import Draft, Nothing
from tests.core.agents.building import SPACE, evidence


def propose(instructions: str) -> Draft | Nothing:
    return Expert().propose(evidence(instructions=instructions))


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("do not touch dropout", {("dropout", "")}),
        ("Don't change lr, max_len.", {("lr", ""), ("max_len", "")}),
        ("Avoid attn_dropout; keep batch_size", {("attn_dropout", ""), ("batch_size", "")}),
        ("leave the learning rate alone", {("lr", "")}),
        ("never increase hidden_dim", {("hidden_dim", "up")}),
        ("do not lower the batch size", {("batch_size", "down")}),
        ("avoid full_softmax", {("loss", "full_softmax")}),
        ("keep lr 0.5", {("lr", "")}),
    ],
)
def test_a_ban_is_read(text, forbidden):
    orders = read(text, SPACE.declared)
    assert (orders.forbidden, orders.only, orders.unread) == (forbidden, frozenset(), ())


def test_a_restriction_is_read():
    orders = read("only lr, dropout and weight decay", SPACE.declared)
    assert orders.only == {("lr", ""), ("dropout", ""), ("weight_decay", "")}


def test_a_restriction_and_a_ban_in_one_sentence_are_two():
    orders = read("only lr and dropout, but do not raise dropout", SPACE.declared)
    assert orders.only == {("lr", ""), ("dropout", "")}
    assert orders.forbidden == {("dropout", "up")}


@pytest.mark.parametrize(
    "text",
    [
        "make it fair to small shops",
        "keep dropout below 0.3",
        "do not only change lr",
        "if it over-fits avoid hidden_dim",
        "dropout",
        "do not touch the sampler",
    ],
)
def test_what_cannot_be_read_is_not_guessed_at(text):
    orders = read(text, SPACE.declared)
    assert (orders.forbidden, orders.only) == (frozenset(), frozenset())
    assert orders.unread == (text,)


def test_no_instructions_ask_for_nothing():
    assert read("", SPACE.declared).sentence == ""


def test_a_forbidden_axis_is_not_proposed_and_the_proposal_says_so():
    free = propose("")
    assert isinstance(free, Draft)
    told = propose(f"do not touch {free.axis}")
    assert isinstance(told, Draft)
    assert told.axis != free.axis
    assert f"As instructed, it leaves alone: {free.axis}." in told.mechanism


def test_only_the_named_axes_are_proposed():
    told = propose("only batch_size")
    assert isinstance(told, Draft)
    assert told.axis == "batch_size"
    assert "As instructed, it tries only: batch_size." in told.mechanism


def test_an_instruction_that_is_not_understood_is_said_in_the_proposal():
    told = propose("think of the children. do not touch lr")
    assert isinstance(told, Draft)
    assert "Instruction not understood: “think of the children”." in told.mechanism
    assert "it leaves alone: lr." in told.mechanism


def test_when_instructions_leave_nothing_to_try_nothing_is_proposed():
    assert isinstance(propose("only temperature, do not raise temperature, do not lower temperature"), Nothing)
