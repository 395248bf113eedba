"""A server on the loopback interface, and a home whose language model it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.agents.llm.house import KEY, Home
from tests.core.agents.llm.loopback import Server, serving


@pytest.fixture(scope="module")
def _server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    _server.will()
    _server.keys.clear()
    return _server


@pytest.fixture
def home(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    made = Home(tmp_path, server.url)
    yield made
    made.store.close()
