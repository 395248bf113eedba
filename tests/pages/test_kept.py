"""What a session keeps between two looks: views by version, and the tab that is read."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.components.live import MOST_KEPT, forget, versioned


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    held: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", held)
    yield held


def test_a_view_is_built_once_for_a_version(session: dict[str, Any]):
    built: list[int] = [
        versioned("a", version, partial(list, (version, number)))[1] for number, version in enumerate((1, 1, 2))
    ]
    assert built == [0, 0, 2] and versioned("a", 2, lambda: [9]) == [2, 2]
    forget("a")
    assert versioned("a", 2, lambda: "again") == "again"


def test_what_was_not_looked_at_for_longest_goes(session: dict[str, Any]):
    for number in range(MOST_KEPT):
        versioned(f"view {number}", 1, partial(int, number))
    versioned("view 0", 1, lambda: "again")
    versioned("one more", 1, lambda: "new")
    assert versioned("view 0", 1, lambda: "again") == 0
    assert versioned("view 1", 1, lambda: "again") == "again"


def _page() -> None:
    import streamlit as st

    from pages.components.kept_tabs import kept_tabs

    names = st.session_state.get("names", ["Trials so far", "Log"])
    for name, tab in zip(names, kept_tabs(names, st.session_state.get("trial", 1), "below"), strict=True):
        if tab.open:
            st.markdown(name)


def opened(page: AppTest, **state: Any) -> str:
    for key, value in state.items():
        page.session_state[key] = value
    page.run()
    assert not page.exception
    return str(page.markdown[0].value)


def test_the_tab_that_is_read_stays_when_a_verdict_brings_another():
    page = AppTest.from_function(_page)
    assert opened(page) == "Trials so far"
    assert opened(page, names=["Where the gain sits", "Trials so far", "Log"]) == "Trials so far"


def test_another_trial_opens_with_its_first_tab():
    page = AppTest.from_function(_page)
    opened(page)
    assert opened(page, trial=2, names=["Where the gain sits", "Trials so far", "Log"]) == "Where the gain sits"
