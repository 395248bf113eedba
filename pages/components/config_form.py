"""A config as a form: the current best's values, the proposed ones, and one's own, with what differs marked."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.figures import param_value
from core.views.config_form import Field, active, differing
from pages.components.rows import small

WIDTHS = [1.5, 1, 1, 1.6]


def config_form(rows: Sequence[Field], key: str, named: str = "proposed") -> dict[str, Any]:
    """Draw the form and give what was changed against the proposed (or cloned) config: field -> value."""
    given = {row.name: st.session_state.get(_key(key, row), row.proposed) for row in rows}
    acts = active(tuple(rows), given)
    _header(named)
    for row in rows:
        if row.is_changed:
            _row(row, key, acts[row.name])
    others = st.expander(
        f"All {len(rows)} fields",
        key=f"{key}-others",
        expanded=not any(row.is_changed for row in rows),
        on_change="rerun",
    )
    if _was_opened(key, bool(others.open)):
        with others:
            for row in rows:
                if not row.is_changed:
                    _row(row, key, acts[row.name])
    return changed(rows, key)


def _was_opened(key: str, is_open: bool) -> bool:
    """Whether the other fields were ever looked at. They take a browser a second to draw; once drawn they stay, with
    what was typed there."""
    slot = f"{key}-others were opened"
    st.session_state[slot] = is_open or st.session_state.get(slot, False)
    return bool(st.session_state[slot])


def changed(rows: Sequence[Field], key: str) -> dict[str, Any]:
    """What stands in the form and differs from the proposed config; for callbacks."""
    given = {row.name: st.session_state[_key(key, row)] for row in rows if _key(key, row) in st.session_state}
    return differing(tuple(rows), {name: value for name, value in given.items() if value is not None})


def _header(named: str) -> None:
    for column, text in zip(st.columns(WIDTHS, gap="small"), ("field", "current best", named, "yours"), strict=True):
        column.markdown(f":small[:gray[{text}]]")


def _row(row: Field, key: str, acts: bool) -> None:
    name, best, proposed, yours = st.columns(WIDTHS, gap="small", vertical_alignment="center")
    name.markdown(f"`{row.name}`", help=row.param.help)
    best.markdown(f":gray[{param_value(row.best)}]")
    proposed.markdown(f"**{param_value(row.proposed)}**" if row.is_changed else param_value(row.proposed))
    with yours.container(gap="xsmall"):
        _control(row, _key(key, row), disabled=row.is_fixed or not acts)
        _note(row, st.session_state.get(_key(key, row), row.proposed), acts)


def _note(row: Field, value: Any, acts: bool) -> None:
    if row.is_fixed:
        small("held fixed in this study")
    elif not acts and row.param.when:
        small(f"acts only with {row.param.when[0]} {' or '.join(map(param_value, row.param.when[1]))}")
    elif value is not None and differing((row,), {row.name: value}):
        st.markdown(
            f":orange-badge[:material/edit: yours, not {param_value(row.proposed)}] :small[:gray[{row.range_words}]]"
        )
    elif not row.param.options:
        small(row.range_words)


def _control(row: Field, key: str, disabled: bool) -> None:
    common: dict[str, Any] = {"key": key, "label_visibility": "collapsed", "disabled": disabled}
    label, param = f"your {row.name}", row.param
    if param.options:
        st.selectbox(label, param.options, index=_index(row), format_func=param_value, **common)
        return
    assert param.low is not None and param.high is not None
    inside = min(max(row.proposed, param.low), param.high)  # an older space may have allowed more
    if param.kind == "int":
        st.number_input(label, int(param.low), int(param.high), int(inside), step=1, **common)
    else:
        st.number_input(label, param.low, param.high, float(inside), step=float(row.step), format="%g", **common)


def _index(row: Field) -> int:
    return row.param.options.index(row.proposed) if row.proposed in row.param.options else 0


def _key(key: str, row: Field) -> str:
    return f"{key}-{row.name}"
