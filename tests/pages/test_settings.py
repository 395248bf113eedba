"""The Settings page: what is shown of the environment, the connection test, disk and backup; never a secret."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from tests.core.agents.llm.loopback import Server, says, serving
from tests.pages.scripted import ScriptedHome

Open = Callable[..., AppTest]
SECRET = "sk-not-for-anyone-to-see-42"


@pytest.fixture
def model(home: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A model on the loopback interface, with a key that must not be shown."""
    with serving() as server:
        monkeypatch.setenv("VIRTUALMLE_MODEL", "openai:tiny")
        monkeypatch.setenv("VIRTUALMLE_MODEL_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        st.cache_resource.clear()
        yield server


def text(page: AppTest) -> str:
    """Every word on the page, in the sidebar too."""
    found = [*page.header, *page.subheader, *page.markdown, *page.error, *page.success]
    return "\n".join([*(str(each.value) for each in found), *(table.value.to_string() for table in page.table)])


def until(page: AppTest, word: str, seconds: float = 120.0) -> str:
    """Run the page again, as its fragments do, until a word stands on it; fails with what stands there instead."""
    end = time.monotonic() + seconds
    while word not in text(page):
        assert time.monotonic() < end, f"no {word!r} within {seconds:g} s in: {text(page)}"
        time.sleep(0.2)
        page.run()
    return text(page)


def test_without_a_model_the_test_is_not_offered_and_the_way_is_told(open_page: Open, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VIRTUALMLE_MODEL", raising=False)
    page = open_page("settings")
    assert not page.exception and page.button(key="test_model").disabled
    assert "VIRTUALMLE\\_MODEL=provider\\:model" in text(page)
    assert "What leaves this machine" in text(page) and "Nothing, with the built-in expert" in text(page)


def test_a_missing_key_is_named_and_a_set_one_is_never_shown(
    open_page: Open, home: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VIRTUALMLE_MODEL", "anthropic:claude")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    st.cache_resource.clear()
    assert "ANTHROPIC\\_API\\_KEY is not set" in text(open_page("settings"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    shown = text(open_page("settings"))
    assert "is set" in shown and SECRET not in shown


def test_the_connection_test_shows_the_answer_of_the_model(open_page: Open, model: Server):
    model.will(says("ready"))
    page = open_page("settings")
    page.button(key="test_model").click().run()
    shown = until(page, "It answered")
    assert "ready" in shown and SECRET not in shown and not page.exception
    assert model.words().count("interactions") == 0 and len(model.asked) == 1


def test_what_takes_space_is_measured_and_only_losers_may_go(open_page: Open, home: Workspace):
    world = ScriptedHome(home)
    world.dataset()
    world.finish(world.start(trials=3, name="done"))
    page = open_page("settings")
    until(page, "free on the disk")
    table = next(each.value for each in page.dataframe if "what" in each.value.columns)
    assert {"study done", "dataset toy", "database"} <= set(table["what"])


def test_a_backup_is_written_and_a_second_never_overwrites_it(open_page: Open, home: Workspace, tmp_path: Path):
    target = tmp_path / "kept.tar.gz"
    page = open_page("settings")
    page.text_input(key="backup_path").set_value(str(target)).run()
    page.button(key="backup_go").click().run()
    assert "Written" in until(page, "Written") and target.stat().st_size > 100
    page.button(key="backup_go").click().run()
    assert "kept.tar.gz" in until(page, "is there already")
    assert page.error
