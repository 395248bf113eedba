"""Deciding from another terminal: what was approved is what runs, and of two decisions one wins."""

import pytest

from core.states import TrialState
from tests.core.cli.home import Home


def test_without_a_proposal_decide_lists_what_waits_and_says_how_to_decide(home: Home):
    study, trial, proposal = home.waiting()
    answer = home.say("decide")
    assert answer.code == 0
    assert f"trial {trial.number} of study {study.id}, proposal {proposal}: dropout 0.2 → 0.3" in answer.out
    assert f"python -m core decide {proposal} approve" in answer.out
    [card] = home.say("decide", "--json").json
    assert (card["proposal"]["id"], card["approval_hash"]) == (proposal, trial.approval_hash)


def test_nothing_that_waits_is_said_in_words(home: Home):
    assert home.say("decide").out == "nothing waits for a decision\n"


def test_the_card_of_a_proposal_is_shown_in_the_order_a_person_reads_it(home: Home):
    *_, trial, proposal = home.waiting()
    out = home.say("decide", str(proposal)).out
    places = [out.index(word) for word in ("why ", "expected ", "wrong if ", "cost ", "risk ", "decide: ", "hash ")]
    assert places == sorted(places)
    assert trial.approval_hash in out


def test_the_card_of_a_draw_that_predicts_nothing_says_so_and_names_no_refutation(home: Home):
    *_, proposal = home.waiting(agent="random")
    out = home.say("decide", str(proposal)).out
    assert "expected  no change predicted" in out and "wrong if" not in out


def test_an_approved_proposal_runs_as_it_was_shown(home: Home):
    *_, trial, proposal = home.waiting()
    answer = home.say("--as", "Ada", "decide", str(proposal), "approve", "--json")
    assert answer.json == {"trial": trial.number, "state": "approved", "approval_hash": trial.approval_hash}
    assert home.store.trials.decisions(trial.id)[0].actor == "Ada"


def test_an_edit_approves_the_edited_config(home: Home):
    *_, trial, proposal = home.waiting()
    assert home.say("decide", str(proposal), "edit", "--set", "lr=0.002", "--set", "dropout=0.25").code == 0
    assert home.store.trials.get(trial.id).params == {**trial.params, "lr": 0.002, "dropout": 0.25}


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (("edit", "--set", "lr=5"), "lr=5.0 is outside [0.0001, 0.01]"),
        (("edit", "--set", "lr=fast"), "lr='fast' is no number"),
        (("edit", "--set", "num_blocks=1.5"), "num_blocks='1.5' is no whole number"),
        (("edit", "--set", "ffn=tanh"), "ffn='tanh' is none of relu, gelu, swiglu"),
        (("edit", "--set", "tied_embeddings=perhaps"), "neither true nor false"),
        (("edit", "--set", "speed=9"), "speed is no parameter of sasrec; it has hidden_dim"),
        (("edit", "--set", "hidden_dim=50", "--set", "num_heads=4"), "num_heads=4 does not divide hidden_dim=50"),
        (("edit", "--set", "lr"), "'lr' is no assignment; write field=value"),
        (("edit",), "an edit needs at least one --set FIELD=VALUE"),
        (("veto",), "a veto needs a reason"),
        (("approve", "--hash", "0123456789ab"), "changed since you saw it: you saw 0123456789ab"),
    ],
)
def test_a_bad_decision_is_refused_with_the_way_out_and_the_proposal_still_waits(home: Home, act, says):
    *_, trial, proposal = home.waiting()
    assert says in home.refuses("decide", str(proposal), *act)
    assert home.store.trials.get(trial.id) == trial


def test_a_proposal_that_does_not_exist_is_named_with_the_way_to_those_that_do(home: Home):
    assert "no proposal 99; those that wait: python -m core decide" in home.refuses("decide", "99", "approve")


def test_a_proposal_decided_before_tells_who_was_first(home: Home):
    *_, trial, proposal = home.waiting()
    assert home.say("--as", "Ada", "decide", str(proposal), "veto", "--reason", "too [bold]slow").code == 0
    error = home.refuses("--as", "Bea", "decide", str(proposal), "approve")
    assert "Ada was first (trial vetoed, " in error
    assert home.store.trials.get(trial.id).state is TrialState.VETOED


def test_of_two_processes_that_decide_at_once_one_wins_and_the_other_is_told(home: Home):
    *_, trial, proposal = home.waiting()
    both = [
        home.process("--as", "Ada", "decide", str(proposal), "approve"),
        home.process("--as", "Bea", "decide", str(proposal), "veto", "--reason", "no"),
    ]
    ended = [(process.communicate(timeout=60), process.returncode) for process in both]
    assert sorted(code for _, code in ended) == [0, 1]
    [loser] = [err for (_, err), code in ended if code == 1]
    assert "was first" in loser
    assert "Traceback" not in loser
    assert len(home.store.trials.decisions(trial.id)) == 1


def test_a_stale_proposal_asks_to_be_planned_again(home: Home):
    rule = {"kind": "do", "level": "cognition", "axis": "embedding_norm", "direction": "none", "backbone": "sasrec"}
    lesson = home.workspace.editing.add({**rule, "claim": "inner products help", "effect": 0.9}, "Ada")
    *_, trial, proposal = home.waiting()
    assert [found.lesson_id for found in home.store.proposals.retrievals(trial.id) if found.cited] == [lesson.id]
    answer = home.say("memory", "edit", str(lesson.id), "--claim", "inner products hurt", "--kind", "avoid")
    assert f"python -m core decide {proposal} replan" in answer.out
    assert "is stale" in home.refuses("decide", str(proposal), "approve")
    assert home.say("decide", str(proposal), "replan").code == 0
    assert home.store.trials.get(trial.id).state is TrialState.EXPIRED


def test_what_is_nearly_a_trial_of_the_study_is_told_and_runs_all_the_same(home: Home):
    study, _, proposal = home.waiting()
    home.say("queue", str(study.id), "--set", "lr=0.002")
    near = "It is close to trial 3: one number differs, by less than a tenth"
    assert near in home.say("queue", str(study.id), "--set", "lr=0.0021").out
    edit = ("decide", str(proposal), "edit", "--set", "dropout=0.2", "--set", "lr=0.00195", "--json")
    assert home.say(*edit).json["warning"].startswith("It is close to trial 3")
    assert [trial.state for trial in home.store.trials.of_study(study.id)] == [TrialState.APPROVED] * 4


def test_a_config_of_ones_own_is_queued_once(home: Home):
    study = home.start(autonomy="each", trials=3)
    assert home.say("queue", str(study.id), "--set", "lr=0.002").out.endswith("is queued\n")
    assert "this config is trial 2 of the study already" in home.refuses("queue", str(study.id), "--set", "lr=0.002")


def test_an_empty_name_cannot_decide(home: Home):
    *_, proposal = home.waiting()
    assert "--as is empty" in home.refuses("--as", " ", "decide", str(proposal), "approve")


def test_the_space_of_a_running_study_is_edited_and_what_waits_outside_it_told(home: Home):
    study, trial, _ = home.waiting()
    answer = home.say("space", str(study.id), "--fix", f"lr={trial.params['lr'] / 2}", "--reason", "it diverged")
    assert "search space version 2" in answer.err and f"trial {trial.number} waits outside it" in answer.err
    assert home.say("space", str(study.id), "--json").json["fixed"]["lr"] == trial.params["lr"] / 2


def test_a_space_that_cannot_be_is_refused_and_nothing_is_edited(home: Home):
    study, *_ = home.waiting()
    assert "lr=7.0 is outside" in home.say("space", str(study.id), "--range", "lr=0.001:7").err
    assert home.store.studies.get(study.id).space_version == 1
