"""A store on every backend. Another backend adds a parameter here, and no test.

PostgreSQL runs when VIRTUALMLE_TEST_POSTGRES holds the URL of a database in which schemas may be made.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from core.store import Store
from tests.core.store.building import FakeClock

for _part in ("studies", "trials", "runs", "memory", "calls"):
    pytest.register_assert_rewrite(f"tests.core.store.contract_{_part}")

OpenStore = Callable[[], Store]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows; copying it is ten times quicker than migrating."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    Store(f"sqlite:///{path}", FakeClock()).close()
    return path


@pytest.fixture(params=["file", "memory", "postgres"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[OpenStore]:
    """Opens one and the same fresh database, each time through connections of its own where the backend has them."""
    opened: list[Store] = []

    def connect(url: str) -> Store:
        opened.append(Store(url, clock))
        return opened[-1]

    if request.param == "file":
        shutil.copy(request.getfixturevalue("empty_database"), tmp_path / "store.db")
        yield lambda: connect(f"sqlite:///{tmp_path / 'store.db'}")
    elif request.param == "memory":
        one = connect("sqlite://")
        yield lambda: one
    else:
        url = request.getfixturevalue("postgres_url")
        yield lambda: connect(url)
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    return open_store()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The URL of a schema of its own, dropped afterwards."""
    given = os.environ.get("VIRTUALMLE_TEST_POSTGRES")
    if not given:
        pytest.skip("PostgreSQL: set VIRTUALMLE_TEST_POSTGRES to the URL of a database for tests")
    schema = f"test_{uuid.uuid4().hex}"
    url = make_url(given).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"create schema {schema}"))
    own = url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"drop schema {schema} cascade"))
    engine.dispose()
