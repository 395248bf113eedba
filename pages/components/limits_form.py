"""Gates, guards and caps of a study as choices, on the New study page and in a running study's settings."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.views.limits import CAP_WORDS, GATE_WORDS, GUARD_WORDS, Limit, cap_line
from pages.components.rows import explained, small
from pages.components.workspace import workspace

NARROWEST = 190  # px of a column of choices


def gate_boxes(key: str, off: Sequence[str] = (), is_open: bool = False) -> None:
    """Which gates ask, a box each under `{key}_gate_{name}`."""
    on = len(GATE_WORDS) - len(gates_off(key, off))
    headline = f"Gates · {on} of {len(GATE_WORDS)} ask"
    with st.expander(headline, key=f"{key}_gates_card", icon=":material/fence:", expanded=is_open):
        small("A proposal waits for you when")
        _boxes(key, off)


def _boxes(key: str, off: Sequence[str]) -> None:
    with st.grid(2, min_column_width=NARROWEST, key=f"{key}_gates"):
        for name, (label, line) in GATE_WORDS.items():
            with explained(line):
                st.checkbox(label, name not in off, key=f"{key}_gate_{name}", persist_state="page")


def gates_off(key: str, off: Sequence[str] = ()) -> list[str]:
    """The gates whose boxes are empty; those that were never drawn are as they were."""
    return [name for name in GATE_WORDS if not st.session_state.get(f"{key}_gate_{name}", name not in off)]


def guard_fields(key: str, held: Mapping[str, float] | None = None) -> None:
    """A number for each guard under `{key}_{name}`, empty for no limit."""
    small("A better trial that breaks a guard does not become the current best. Blank: no guard.")
    with st.grid(2, min_column_width=NARROWEST, key=f"{key}_guards"):
        for name, limit in GUARD_WORDS.items():
            _number(f"{key}_{name}", limit, limit.line, held or {}, name)


def cap_fields(key: str, names: Sequence[str], held: Mapping[str, float] | None = None) -> None:
    """A number for each of these caps under `{key}_cap_{name}`, empty for no cap."""
    small("Beside the budget of trials; what is used stands on the Study page. Blank: no cap.")
    limits = workspace().settings.limits
    with st.grid(2, min_column_width=NARROWEST, key=f"{key}_caps"):
        for name in names:
            _number(f"{key}_cap_{name}", CAP_WORDS[name], cap_line(name, limits), held or {}, name)


def given(key: str, names: Sequence[str]) -> dict[str, float]:
    """The numbers that are filled in under `{key}{name}`."""
    found = {name: st.session_state.get(f"{key}{name}") for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _number(key: str, limit: Limit, line: str, held: Mapping[str, float], name: str) -> None:
    kind: Any = int if limit.is_whole else float
    if name in held:
        st.session_state.setdefault(key, kind(held[name]))  # a default of its own could not be emptied
    with explained(line):
        st.number_input(
            limit.label,
            min_value=kind(limit.least),
            value=None,
            step=kind(limit.step),
            format="%d" if limit.is_whole else "%.6g",
            placeholder="no limit",
            key=key,
        )
