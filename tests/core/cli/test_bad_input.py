"""What a person or a broken home can do wrong: one sentence with the way out, and nothing lost."""

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from core.memory.documents import LESSONS, lesson_document
from core.states import RunState, StudyState
from tests.core.cli.home import Home
from vectorstore.chroma import ChromaStore

RULE = {"kind": "do", "level": "cognition", "axis": "dropout", "direction": "up", "backbone": "sasrec"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tune", "nowhere"), "no dataset 'nowhere'; there are: toy"),
        (("tune", "sample"), "python -m core import sample"),
        (("tune", "toy", "--trials", "0"), "trials=0 is too small; give at least 1"),
        (("tune", "toy", "--objective", "auc@10"), "no metric is called 'auc@10'; there are recall@5"),
        (("tune", "toy", "--guard", "speed=1"), "no guard is called 'speed'; there are min_coverage"),
        (("tune", "toy", "--guard", "min_coverage"), "write NAME=NUMBER"),
        (("tune", "toy", "--fix", "lr=3"), "lr=3.0 is outside [0.0001, 0.01]"),
        (("tune", "toy", "--range", "lr=0.5:1"), "lr=0.5 is outside"),
        (("tune", "toy", "--range", "lr=0.005:0.001"), "holds no value; give low <= high"),
        (("tune", "toy", "--range", "lr"), "write FIELD=LOW:HIGH"),
        (("tune", "toy", "--production", "speed=1"), "speed is no parameter of sasrec"),
        (("tune", "toy", "--agent", "llm"), "set VIRTUALMLE_MODEL=provider:model"),
        (("tune", "toy", "--deadline", "0"), "no time to decide in"),
        (("follow", "99"), "no study '99'"),
        (("pause", "99"), "no study '99'"),
        (("retry", "99"), "no run 99"),
        (("export", "99"), "no study '99'"),
        (("report", "99"), "no study '99'"),
        (("profile", "nowhere"), "no dataset 'nowhere'"),
        (("import", "/no/such/file.csv"), "/no/such/file.csv does not exist"),
        (("import", "regime:none"), "no regime is called 'none'; there are"),
        (("import", "ratings.csv", "--columns", "user"), "write role=COLUMN"),
        (("memory", "show", "9"), "no lesson 9; list them: python -m core memory list"),
        (("memory", "add", "--claim", ""), "the claim is empty"),
        (("memory", "add", "--claim", "x", "--axis", "speed"), "axis='speed' is no knob"),
        (("memory", "add", "--claim", "x", "--conditions", "length >"), "cannot be read"),
        (("restore", "/no/such/backup"), "is not empty"),
    ],
)
def test_what_cannot_be_is_refused_by_name_with_the_way_out(home: Home, arguments, says):
    before = len(home.store.events.newest(100))
    assert says in home.refuses(*arguments)
    assert len(home.store.events.newest(100)) == before, "a refused verb leaves no trace"
    assert home.store.studies.all() == []


def test_an_empty_home_says_what_to_do_first(tmp_path: Path, home: Home, monkeypatch):
    monkeypatch.setenv("VIRTUALMLE_HOME", str(tmp_path / "new"))
    assert "python -m core import sample" in home.say("profile").out
    assert "python -m core tune DATASET" in home.say("follow").out
    assert "no lessons" in home.say("memory", "list").out


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path, home: Home, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIRTUALMLE_HOME", str(tmp_path / "file"))
    assert "set VIRTUALMLE_HOME" in home.refuses("follow")


def test_a_setting_that_is_no_number_is_named(home: Home, monkeypatch):
    monkeypatch.setenv("VIRTUALMLE_CONCURRENCY", "many")
    assert "VIRTUALMLE_CONCURRENCY='many' must be a whole number from 1 to 256" in home.refuses("follow")


def test_a_database_of_a_newer_program_is_left_alone(home: Home):
    study = home.store.studies.get(home.start().id)
    with sqlite3.connect(home.home / "virtualmle.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    assert "schema 9999, newer than" in home.refuses("follow")
    assert home.store.studies.get(study.id) == study


def test_a_second_worker_is_refused_and_names_the_first(home: Home):
    answer = home.say("worker")
    assert answer.code == 1
    assert str(home.home) in answer.err or "worker" in answer.err


def test_a_study_whose_dataset_folder_is_gone_pauses_and_goes_on_when_it_is_back(home: Home):
    folder = home.workspace.settings.datasets / home.store.datasets.get("toy").folder
    study = home.start(trials=2)
    home.run_until(lambda: home.store.trials.by_number(study.id, 1).judged_at is not None)
    shutil.move(folder, home.home / "elsewhere")
    home.run_until(lambda: home.store.studies.get(study.id).state is StudyState.PAUSED)
    home.tick(5)
    failed = [run for run in home.store.runs.of_study(study.id) if run.state is RunState.FAILED]
    assert len(failed) == 1, "the budget is not spent on runs that cannot start"
    assert "is gone; import the same file again" in (failed[0].error or "")
    told = home.say("follow", str(study.id))
    assert f"python -m core retry {failed[0].id}" in told.err
    assert "study paused by here-1: the folder" in told.err
    assert f"python -m core resume {study.id}" in told.out

    shutil.move(home.home / "elsewhere", folder)
    assert home.say("retry", str(failed[0].id)).code == 0
    assert home.say("resume", str(study.id)).code == 0
    assert home.finish(home.store.studies.get(study.id)).state is StudyState.FINISHED
    assert home.store.trials.by_number(study.id, 2).value is not None


def test_without_its_folder_the_index_says_how_to_get_it_back_and_a_rebuild_brings_it(home: Home):
    home.workspace.editing.add({**RULE, "claim": "More dropout helps when histories are short"}, "Ada")
    assert home.say("memory", "rebuild").code == 0
    assert "More dropout" in home.say("memory", "search", "short histories").out
    shutil.rmtree(home.home / "chroma")
    assert "python -m core memory rebuild" in home.refuses("memory", "search", "short histories")
    assert "More dropout" in home.say("memory", "search", "dropout", "--word").out
    missing = home.say("memory", "check", "--only-look")
    assert (missing.code, "lessons lesson-1: missing" in missing.out) == (1, True)
    assert home.say("memory", "check").code == 0
    assert "More dropout" in home.say("memory", "search", "short histories").out


def test_an_index_of_another_embedder_is_named_and_a_check_mends_it(home: Home):
    lesson = home.workspace.editing.add({**RULE, "claim": "More dropout helps when histories are short"}, "Ada")
    index = ChromaStore(home.home / "chroma")
    index.ensure(LESSONS, "another@1", 64)
    index.upsert(LESSONS, [lesson_document(lesson, np.ones(64, dtype=np.float32))])
    error = home.refuses("memory", "search", "short histories")
    assert "holds vectors of another@1" in error
    assert "python -m core memory rebuild" in error
    seen = home.say("memory", "check", "--only-look")
    assert (seen.code, "made by another@1" in seen.out) == (1, True)
    assert "SQL and the index agree" in home.say("memory", "check").out
    assert "More dropout" in home.say("memory", "search", "short histories").out


def test_the_worker_makes_an_index_of_another_embedder_anew_at_its_start(home: Home):
    home.index.ensure(LESSONS, "another@1", 64)
    home.workspace.editing.add({**RULE, "claim": "gelu helps"}, "Ada")
    study = home.finish(home.start(trials=2, use_memory=False))
    assert study.state is StudyState.FINISHED
    assert not [e for e in home.store.events.newest(500) if e.kind == "index failed"]
    assert home.workspace.indexer.check() == []
    home.workspace.editing.add({**RULE, "claim": "swiglu helps"}, "Ada")
    home.tick(30)
    assert home.workspace.indexer.check() == []
    assert home.store.index.pending() == []


def swap_index(home: Home) -> None:
    """After the worker's start another installation's embedder takes the index over."""
    home.tick(2)
    if LESSONS in home.index.collections():
        home.index.reset(LESSONS)
    home.index.ensure(LESSONS, "another@1", 64)


def test_the_worker_makes_an_index_anew_that_another_embedder_took_over_while_it_lives(home: Home):
    swap_index(home)
    home.workspace.editing.add({**RULE, "claim": "gelu helps"}, "Ada")
    study = home.finish(home.start(trials=2, use_memory=False))
    assert study.state is StudyState.FINISHED
    home.tick(3)
    assert home.workspace.indexer.check() == []


def test_a_study_that_hears_memory_goes_on_beside_an_index_of_another_embedder(home: Home):
    lesson = home.workspace.editing.add({**RULE, "claim": "gelu helps"}, "Ada")
    swap_index(home)
    home.index.upsert(LESSONS, [lesson_document(lesson, np.ones(64, dtype=np.float32))])
    study = home.start(trials=2)
    assert home.finish(study).state is StudyState.FINISHED
    assert "loop failed" not in {event.kind for event in home.store.events.newest(500, study_id=study.id)}
