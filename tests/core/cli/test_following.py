"""Seeing a study: live, ended, as a table and as JSON."""

import signal
import time

import pytest

from core.states import StudyState
from tests.core.cli.home import Home


def test_a_finished_study_is_told_and_ends_with_its_table(told: Home):
    answer = told.say("follow", "1")
    assert answer.code == 0
    assert "■ trial 1: ndcg@10" in answer.err
    assert "◆ trial 2 of study 1, proposal 1: " in answer.err
    assert "trial 1, seed 1: ndcg@10" in answer.err
    assert "what changed" in answer.out
    assert "next: python -m core report 1" in answer.out


def test_json_has_the_shape_that_programs_rely_on(told: Home):
    document = told.say("follow", "1", "--json").json
    assert set(document) == {"study", "trials"}
    assert document["study"]["state"] == "finished"
    asked = {"number", "params", "decision", "proposal", "runs", "metrics", "stamp", "verdict", "reflection"}
    for trial in document["trials"]:
        assert asked | {"lessons_cited"} <= set(trial)
        assert {"seed", "state", "best_epoch"} <= set(trial["runs"][0])
        assert 0 < trial["metrics"]["ndcg@10"] < 1
    assert [trial["number"] for trial in document["trials"]] == [1, 2, 3]
    assert [trial["proposal"] is None for trial in document["trials"]] == [True, False, False]
    assert document["trials"][0]["decision"]["kind"] == "approve"


def test_a_program_that_reads_json_gets_nothing_else_on_standard_output(told: Home):
    for arguments in (
        ("follow", "--json"),
        ("follow", "1", "--now", "--json"),
        ("profile", "--json"),
        ("decide", "--json"),
        ("memory", "list", "--json"),
        ("memory", "search", "dropout", "--word", "--json"),
        ("storage", "--json"),
        ("storage", "--free", "--json"),
    ):
        answer = told.say(*arguments)
        assert answer.code == 0, arguments
        assert answer.json is not None, arguments


def test_studies_are_listed_with_their_state(home: Home):
    home.start(name="first", autonomy="each")
    out = home.say("follow").out
    assert "first" in out
    assert "active" in out


def test_verbs_of_a_study_move_it_and_the_wrong_one_is_refused(home: Home):
    study = home.start(autonomy="each")
    for verb, state in (("pause", "paused"), ("resume", "active"), ("cancel", "cancelled")):
        assert home.say(verb, str(study.id), "--reason", "because").out == f"study 1 toy-sasrec is {state}\n"
    assert "cannot become paused; nothing was changed" in home.refuses("pause", str(study.id))


def test_a_paused_study_is_shown_with_the_way_to_go_on_and_is_no_success(home: Home):
    study = home.start(autonomy="each")
    home.store.studies.move(study.id, StudyState.PAUSED, "Ada", "")
    answer = home.say("follow", str(study.id))
    assert answer.code == 1
    assert "it is paused; go on: python -m core resume 1" in answer.out


def test_ctrl_c_on_a_follower_leaves_the_study_running_and_says_how_to_stop_it(home: Home):
    study = home.start(autonomy="each")
    follower = home.process("follow", str(study.id))
    assert follower.stderr is not None
    first = follower.stderr.readline()
    assert "trial approved" in first
    time.sleep(0.2)
    follower.send_signal(signal.SIGINT)
    _, err = follower.communicate(timeout=60)
    assert follower.returncode == 130
    assert "Study 1 goes on without this window." in err
    assert "stop it: python -m core stop 1" in err
    assert "Traceback" not in err
    assert home.store.studies.get(study.id).state is StudyState.ACTIVE


def test_a_failed_run_is_told_with_its_log_and_the_way_to_retry_it(home: Home):
    home.trainer._failing = lambda params: True
    study = home.start(trials=2)
    home.run_until(lambda: home.store.studies.get(study.id).state is StudyState.PAUSED)
    err = home.say("follow", str(study.id)).err
    assert "✕ trial 1, seed 1 failed: training diverged in epoch 2: lower lr" in err
    assert "run.log · try it again: python -m core retry 1" in err


@pytest.mark.parametrize("name", ["trials.csv", "study.json"])
def test_an_export_is_written_where_it_was_asked_for(told: Home, name):
    target = told.home / name
    assert told.say("export", "1", "--out", str(target)).code == 0
    assert "toy-sasrec" in target.read_text()


def test_an_export_that_cannot_be_written_says_so(told: Home):
    assert "must end in .csv or .json" in told.refuses("export", "1", "--out", "trials.xlsx")
    assert "cannot be written" in told.refuses("export", "1", "--out", "/no/such/folder/trials.csv")


def test_an_export_to_standard_output_has_the_columns_of_the_paper(told: Home):
    header = told.say("export", "1").out.splitlines()[0].split(",")
    assert header[:7] == [
        "run_id",
        "model",
        "domain",
        "hypothesis",
        "changed_dimension",
        "model_params_m",
        "val_recall@5",
    ]


def test_the_test_of_a_study_that_still_runs_stays_sealed(home: Home):
    home.start(autonomy="each")
    error = home.refuses("reveal", "1")
    assert "study 1 is active; its test opens when it is finished" in error
    assert home.store.reveals.of_study(1) is None


def test_the_table_says_what_really_ran_when_a_person_chose_it(home: Home):
    study, _, proposal = home.waiting(trials=3)
    home.say("decide", str(proposal), "edit", "--set", "lr=0.002")
    home.say("queue", str(study.id), "--set", "ffn=gelu")
    out = home.say("follow", str(study.id), "--now").out
    assert "dropout 0.2 → 0.3, lr 0.001 → 0.002" in out
    assert "ffn relu → gelu" in out
