"""The schema of an empty database: made by the migrations once for each process of tests, then taken from there."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from sqlalchemy import inspect

from core.store.database import Database

migrate = Database._migrate  # the real one, for the tests of migrations


@cache
def _statements() -> tuple[str, ...]:
    """What the migrations leave of an empty database, as SQL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_migrate", migrate)
        first = Database("sqlite://")
    raw: Any = first.engine.raw_connection()
    told = tuple(line for line in raw.driver_connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;"))
    raw.close()
    first.close()
    return told


def _as_the_first(database: Database) -> None:
    if not database.is_sqlite or database.schema_version() is not None:
        migrate(database)
        return
    with database.write() as connection:
        if not inspect(connection).get_table_names():  # another thread may have been first
            for statement in _statements():
                connection.exec_driver_sql(statement)


@contextmanager
def schema_made_once() -> Iterator[None]:
    """Within it, an empty SQLite database is made in a sixth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_migrate", _as_the_first)
        yield
