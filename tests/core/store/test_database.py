"""The database underneath: schema, migrations, what goes wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from core.errors import InvalidInput, NewerSchema, StorageFailed
from core.store import Store, database, schema
from core.store.database import HEAD, MIGRATIONS, REVISIONS, Database
from tests.core.store.building import FakeClock, a_lesson, a_running, a_study, finish
from tests.made_once import migrate


@pytest.fixture(autouse=True)
def _real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "_migrate", migrate)


PROJECT = Path(__file__).parents[3]


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_the_migrated_schema_is_the_one_the_program_uses(store: Store):
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_revisions_named_in_code_are_those_in_the_folder():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path, clock: FakeClock):
    url = url_of(tmp_path / "new.db")
    Store(url, clock).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerSchema, match=f"schema 9999, newer than {HEAD}.*update the program"):
        Store(url, clock)
    with engine.begin() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == "9999"


def without_transfer(connection: Connection) -> None:
    """Take back what the revisions `memory` and `rejected_lessons` added."""
    connection.execute(text("drop index ix_lessons_uid"))
    for column in ("lessons.uid", "lessons.low", "lessons.high", "lessons.locked"):
        connection.execute(text("alter table {} drop column {}".format(*column.split("."))))
    for column in ("memory_off_share", "without_lineage", "without_lessons"):
        connection.execute(text(f"alter table studies drop column {column}"))
    for table in ("lesson_links", "foreign_evidence", "foreign_profiles"):
        connection.execute(text(f"drop table {table}"))


def without_limits(connection: Connection) -> None:
    """Take back what the revision `study_limits` added."""
    for column in ("caps", "gates_off", "archived_at"):
        connection.execute(text(f"alter table studies drop column {column}"))
    connection.execute(text("update study_revisions set body = json_remove(body, '$.max_epochs', '$.caps')"))


def test_a_database_of_the_first_schema_is_brought_up_to_date_with_what_it_holds(tmp_path: Path, clock: FakeClock):
    url = url_of(tmp_path / "old.db")
    old = Store(url, clock)
    run = a_running(old)
    finish(old, run)
    old.trials.judge(old.trials.get(run.trial_id), 0.05, "inconclusive", {"difference": 0.01}, "verdict")
    lesson = a_lesson(old)
    old.close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("alter table trials drop column step_comparison"))
        connection.execute(text("drop table agent_calls"))
        for column in ("use_reflection", "use_pruning", "ask_for", "parallel"):
            connection.execute(text(f"alter table studies drop column {column}"))
        connection.execute(text("alter table runs drop column spared"))
        without_transfer(connection)
        without_limits(connection)
        for column in ("note", "tags", "archived_at"):
            connection.execute(text(f"alter table trials drop column {column}"))
        connection.execute(text("update alembic_version set version_num = '0001'"))
    new = Store(url, clock)
    trial = new.trials.get(run.trial_id)
    assert trial.comparison == trial.step_comparison == {"difference": 0.01}
    assert (trial.note, trial.tags, trial.archived_at) == ("", (), None)
    study = new.studies.get(trial.study_id)
    assert (study.use_reflection, study.use_pruning, study.ask_for, study.parallel) == (True, True, (), 1)
    assert (dict(study.caps), study.gates_off, study.archived_at) == ({}, (), None)
    (first,) = new.studies.revisions(study.id)
    assert (first["body"]["max_epochs"], first["body"]["caps"]) == (study.max_epochs, {})
    assert len(new.lessons.get(lesson.id).uid) == 32 and not new.lessons.get(lesson.id).locked


def test_processes_that_open_a_fresh_database_at_once_all_succeed(tmp_path: Path):
    code = (
        "import sys; from core.clock import SystemClock; from core.store import Store\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = Store(sys.argv[1], SystemClock()); store.events.note('opened', 'test'); store.close()"
    )
    url = url_of(tmp_path / "deep" / "fresh.db")
    command = [sys.executable, "-c", code, url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, cwd=PROJECT, text=True, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 3
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert len(Store(url, FakeClock()).events.after()) == 3


def test_a_folder_whose_name_holds_a_percent_sign_is_no_obstacle(tmp_path: Path, clock: FakeClock):
    store = Store(url_of(tmp_path / "50% done" / "store.db"), clock)
    assert store.database.schema_version() == HEAD


@pytest.mark.parametrize("url", ["mysql://ann:secret@host/db", "no url at all", "sqlite+pysqlcipher:///x.db"])
def test_an_unknown_database_is_refused_without_showing_a_password(url: str):
    with pytest.raises(InvalidInput, match=r"VIRTUALMLE_DATABASE_URL.*postgresql://user") as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_postgresql_without_its_driver_names_the_file_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidInput, match=r"psycopg.*pip install -r requirements-postgres\.txt"):
        Database("postgresql://ann:secret@127.0.0.1:1/db")
    assert (PROJECT / "requirements-postgres.txt").read_text().count("psycopg") >= 1


def test_a_server_that_is_not_there_says_so_without_the_password():
    pytest.importorskip("psycopg", reason="PostgreSQL: pip install -r requirements-postgres.txt")
    with pytest.raises(StorageFailed, match="check that the server runs") as failed:
        Database("postgresql://ann:secret@127.0.0.1:1/db")
    assert "secret" not in str(failed.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path, clock: FakeClock):
    path = tmp_path / "notes.db"
    path.write_text("my notes, not a database\n" * 100)
    with pytest.raises(StorageFailed, match=r"notes\.db refused: file is not a database"):
        Store(url_of(path), clock)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, clock: FakeClock):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="VIRTUALMLE_HOME"):
        Store(url_of(tmp_path / "file" / "store.db"), clock)


def test_a_database_locked_too_long_says_what_to_do(tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    url = url_of(tmp_path / "store.db")
    Store(url, clock).close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    one, other = Store(url, clock), Store(url, clock)
    with one.database.write(), pytest.raises(StorageFailed, match="close what else writes to it"):
        other.events.note("exported", "ann")
    other.events.note("exported", "ann")


def test_a_full_disk_says_so_and_loses_nothing(clock: FakeClock):
    store = Store("sqlite://", clock)
    a_study(store)
    before = store.events.after()
    with store.database.read() as connection:
        connection.exec_driver_sql("pragma max_page_count=1")  # SQLite then behaves as on a full disk
    with pytest.raises(StorageFailed, match=r"is full; free space \(`python -m core storage`\)"):
        store.events.note("exported", "ann", {"text": "x" * 500_000})
    assert store.events.after() == before


def test_readers_see_one_state_while_a_writer_changes_it(tmp_path: Path, clock: FakeClock):
    url = url_of(tmp_path / "store.db")
    reader, writer = Store(url, clock), Store(url, clock)
    count = text("select count(*) from events")
    with reader.database.read() as connection:
        before = connection.execute(count).scalar()
        writer.events.note("exported", "ann")
        assert connection.execute(count).scalar() == before
    assert len(reader.events.after()) == 1
