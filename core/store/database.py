"""Connections and transactions: SQLite in WAL mode by default, PostgreSQL by URL, in-memory for tests."""

import contextlib
import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, StatementError
from sqlalchemy.pool import StaticPool

from core.errors import InvalidInput, NewerSchema, StorageFailed

HEAD = "0008_study_limits"  # the newest revision in migrations/versions
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004_powers",
    "0005_memory",
    "0006_rejected_lessons",
    "0007_trial_notes",
    "0008_study_limits",
)
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
_WRITE_LOCK = 7_265_001  # PostgreSQL's advisory lock that every writer of this program takes


class Database:
    """One database by URL. A read sees one snapshot; writes come one at a time, on every backend.

    Raises InvalidInput for a URL that cannot be served, NewerSchema, StorageFailed.
    """

    def __init__(self, url: str) -> None:
        self.url = _served_url(url)
        self.is_sqlite = self.url.drivername.startswith("sqlite")
        self._is_memory = self.is_sqlite and self.url.database in (None, "", ":memory:")
        self._one_connection = threading.RLock() if self._is_memory else contextlib.nullcontext()
        self.engine = self._connect()
        self._writer = self.engine.execution_options(begin_immediate=True)
        if not self.is_sqlite:
            self.engine = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._bring_up_to_date()

    @property
    def name(self) -> str:
        """The URL as it may be shown: without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """SQLite's file; None in memory and on a server."""
        return Path(str(self.url.database)) if self.is_sqlite and not self._is_memory else None

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only snapshot. Raises StorageFailed."""
        with self._one_connection, self._failures(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its start, so that what it checks stays true until it ends.

        Raises StorageFailed.
        """
        with self._one_connection, self._failures(), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"select pg_advisory_xact_lock({_WRITE_LOCK})"))
            yield connection

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of a SQLite database while others use it. Raises InvalidInput for PostgreSQL."""
        if not self.is_sqlite:
            raise InvalidInput(
                f"{self.name} is on a PostgreSQL server: save it with `pg_dump`, and HOME's folders datasets and "
                "artifacts with a copy of your own"
            )
        with self._one_connection, self._failures():
            raw = self.engine.raw_connection()
            try:
                # one statement outside a transaction: VACUUM refuses to run inside one
                raw.cursor().execute("vacuum into ?", (str(path),))
            except self.engine.dialect.loaded_dbapi.Error as problem:
                raise StorageFailed(f"the database {self.name} could not be copied to {path}: {problem}") from problem
            finally:
                raw.close()

    def size(self) -> int:
        """Bytes the database takes, free pages included."""
        server = "select pg_database_size(current_database())"
        own = "select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)"
        with self.read() as connection:
            return int(connection.execute(text(own if self.is_sqlite else server)).scalar_one())

    def schema_version(self) -> str | None:
        """The schema revision in the file; None for an empty database."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("select version_num from alembic_version")).scalar()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _connect(self) -> Engine:
        options: dict[str, Any] = {"json_serializer": _plain_json}
        if not self.is_sqlite:
            return _server_engine(self.url, options)
        options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        if self._is_memory:
            options["poolclass"] = StaticPool
        elif self.file:
            _make_folder(self.file.parent)
        engine = create_engine(self.url, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _bring_up_to_date(self) -> None:
        current = self.schema_version()
        if current is None or (current in REVISIONS and current != HEAD):
            self._migrate()
        elif current != HEAD:
            raise NewerSchema(
                f"the database {self.name} has schema {current}, newer than {HEAD}, the newest this program knows; "
                "update the program, or point VIRTUALMLE_HOME (and VIRTUALMLE_DATABASE_URL) elsewhere"
            )

    def _migrate(self) -> None:
        """Bring the schema to HEAD under the write lock: of two that start at once the second finds it done."""
        from alembic import command  # only when there is something to migrate: 0.2 s
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))  # % is its interpolation sign
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as problem:
            raise StorageFailed(_explain(problem, self.name, self.is_sqlite)) from problem
        except DBAPIError as problem:
            raise StorageFailed(f"the database {self.name} refused: {problem.orig}") from problem
        except StatementError as problem:
            if isinstance(problem.orig, StorageFailed):  # from _plain_json, which some drivers call inside a statement
                raise problem.orig from problem
            raise StorageFailed(f"this cannot be kept in the database {self.name}: {problem.orig}") from problem


def _served_url(given: str) -> URL:
    try:
        url = make_url(given)
    except ArgumentError:
        url = None
    # neither postgres:// nor postgresql:// says which driver
    if url is not None and url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url is None or url.drivername not in ("sqlite", "postgresql+psycopg"):
        shown = given.rsplit("@", 1)[-1]  # what comes before may hold a password
        raise InvalidInput(
            f"VIRTUALMLE_DATABASE_URL: {shown!r} is no database this program serves; it may be "
            "sqlite:////folder/file.db or postgresql://user:password@host/name"
        )
    return url


def _server_engine(url: URL, options: dict[str, Any]) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True, **options)
    except ModuleNotFoundError as problem:
        raise InvalidInput(
            f"PostgreSQL needs {problem.name}, which is not installed; "
            "run `python -m pip install -r requirements-postgres.txt`, then try again"
        ) from problem


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StorageFailed(
            f"the folder {folder} of the database cannot be made ({problem.strerror}); "
            "point VIRTUALMLE_HOME to a folder you may write"
        ) from problem


def _explain(problem: OperationalError, name: str, is_sqlite: bool) -> str:
    cause = str(problem.orig).strip()
    if not is_sqlite:
        return f"the database {name} cannot be used: {cause}; check that the server runs and lets this user in"
    if "locked" in cause:
        return f"the database {name} stayed locked for {BUSY_SECONDS} s; close what else writes to it, then try again"
    if "full" in cause:
        return f"the disk of the database {name} is full; free space (`python -m core storage`), then try again"
    return f"the database {name} cannot be used: {cause}; check that its folder exists and may be written"


def _plain_json(value: Any) -> str:
    """JSON that every backend takes: NaN and infinities become null, numpy's numbers plain ones."""
    try:
        return json.dumps(_plain(value), allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise StorageFailed(f"this cannot be kept in the database: {problem}") from problem


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") else value


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say so, in _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"pragma busy_timeout={BUSY_SECONDS * 1000}")
    cursor.execute("pragma journal_mode=wal")
    cursor.execute("pragma synchronous=normal")
    cursor.execute("pragma foreign_keys=on")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("begin_immediate", False)
    connection.exec_driver_sql("begin immediate" if immediate else "begin")
