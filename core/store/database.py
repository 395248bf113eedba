"""Connections and transactions: SQLite in WAL mode by default, PostgreSQL by URL, in-memory for tests."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, DBAPIError
from sqlalchemy.pool import StaticPool

from core.errors import NewerSchema, StorageFailed
from core.store.schema import metadata

HEAD = "0001"  # the newest revision in migrations/versions
REVISIONS = ("0001",)
BUSY_SECONDS = 30


class Database:
    """One database by URL. Reads see a snapshot; writes are serialised (`BEGIN IMMEDIATE` on SQLite)."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._is_memory = self.url.drivername.startswith("sqlite") and self.url.database in (None, "", ":memory:")
        self._one_connection = threading.RLock() if self._is_memory else contextlib.nullcontext()
        self.engine = self._connect()
        self._writer = self.engine.execution_options(begin_immediate=True)
        self._bring_up_to_date()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only snapshot. Raises StorageFailed."""
        with self._one_connection, self._failures(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start. Raises StorageFailed."""
        with self._one_connection, self._failures(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _connect(self) -> Engine:
        if not self.url.drivername.startswith("sqlite"):
            return create_engine(self.url, pool_pre_ping=True)
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
        if self._is_memory:
            options["poolclass"] = StaticPool
        elif self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _bring_up_to_date(self) -> None:
        with self._failures():
            current = self.schema_version()
            if current == HEAD:
                return
            if current is not None and current not in REVISIONS:
                raise NewerSchema(
                    f"the database {self.url.render_as_string(hide_password=True)} has schema {current}, newer than "
                    f"{HEAD}, the newest this program knows; update the program, or point VIRTUALMLE_HOME elsewhere"
                )
            self._migrate()

    def schema_version(self) -> str | None:
        """The schema revision in the file; None for an empty database."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("select version_num from alembic_version")).scalar()

    def _migrate(self) -> None:
        from alembic import command  # only when there is something to migrate: 0.2 s
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._one_connection, self._writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as problem:
            raise StorageFailed(_explain(problem, self.url.render_as_string(hide_password=True))) from problem
        except DBAPIError as problem:
            raise StorageFailed(f"the database refused: {problem}") from problem


def _explain(problem: OperationalError, url: str) -> str:
    cause = str(problem.orig)
    if "locked" in cause:
        return f"the database {url} stayed locked for {BUSY_SECONDS} s; close what else writes to it, then try again"
    if "full" in cause:
        return f"the disk of the database {url} is full; free space (`python -m core storage`), then try again"
    return f"the database {url} cannot be used: {cause}; check that its folder exists and may be written"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, in _begin_sqlite
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode=wal")
    cursor.execute("pragma synchronous=normal")
    cursor.execute("pragma foreign_keys=on")
    cursor.execute(f"pragma busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("begin_immediate", False)
    connection.exec_driver_sql("begin immediate" if immediate else "begin")


__all__ = ["HEAD", "Database", "metadata"]
