"""The studies, a page at a time: state, how the current best rose, what it is worth."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.stamp import data_of, short
from core.views.overview import ORDERS, Listed, StudyRow, StudyTable, study_table
from pages.components.live import versioned
from pages.components.opener import opener
from pages.components.rows import explained, small
from pages.components.study_shelf import shelve_study
from pages.components.style import sign
from pages.components.workspace import shown_errors, workspace

STATES = ("active", "paused", "stopping", "finished", "cancelled")
IN_SIGHT, ARCHIVED = "in sight", "archived"
_CLICK, _NAME, _ORDER, _PAGE = "open_study", "studies_name", "studies_order", "studies_page"
_WHICH, _SHELVED = "studies_which", "studies_shelved"


def studies_table(version: object) -> None:
    """Narrowed, sorted and paged in SQL; a click on a name opens the study. Call it in a fragment that refreshes."""
    asked = Listed(
        str(st.session_state.get(_NAME, "")).strip(),
        str(st.session_state.get(_ORDER, "newest")),
        int(st.session_state.get(_PAGE, 1)) - 1,
        st.session_state.get(_WHICH) == ARCHIVED,
    )
    seen = versioned("studies", (version, asked), lambda: study_table(workspace().store, asked))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Studies", anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            _controls(seen, asked)
    if not seen.rows:
        small("No study is named like this." if asked.contains else f"No study is {_which(asked)}.")
        return
    _table(seen)
    unpriced = " A bill without a price is left out." if seen.unpriced else ""
    small(
        f"A name opens its study. Best: {seen.measured or 'on validation'}; of the current best by verdict, ± half the "
        "95 % interval from the noise between seeds; ○ estimate: recommended at the end without a verdict. Figures of "
        f"different data or protocols are not compared.{unpriced}"
    )


def _which(asked: Listed) -> str:
    return ARCHIVED if asked.archived else IN_SIGHT


def _controls(seen: StudyTable, asked: Listed) -> None:
    st.text_input(
        "Study or dataset",
        key=_NAME,
        placeholder="study or dataset contains",
        label_visibility="collapsed",
        width=200,
    )
    st.selectbox(
        "Sort by",
        list(ORDERS),
        format_func=lambda order: ORDERS[order],
        key=_ORDER,
        label_visibility="collapsed",
        width=170,
    )
    if seen.archived or asked.archived:
        st.selectbox("Which", [IN_SIGHT, ARCHIVED], key=_WHICH, label_visibility="collapsed", width=120)
    if seen.rows:
        opener("study", {row.id: row.name for row in seen.rows}, _go, "studies_opener")
    _shelf(seen, asked)
    if seen.pages > 1:
        st.session_state[_PAGE] = seen.page + 1  # a name may have left fewer pages
        st.number_input("Page", 1, seen.pages, key=_PAGE, label_visibility="collapsed", width=110)
        small(f"of {seen.pages}")


def _shelf(seen: StudyTable, asked: Listed) -> None:
    """One of the page's studies that have ended goes to the archive, or comes back."""
    if not seen.shelvable:
        return
    verb, icon = ("Bring back", ":material/unarchive:") if asked.archived else ("Archive", ":material/archive:")
    with st.popover(verb, icon=icon, key="studies-shelf"):
        options = list(seen.shelvable)
        with explained("one that has ended; its record, and what it taught the memory, stay"):
            st.selectbox("Study", options, format_func=lambda id: seen.shelvable.get(id, ""), key=_SHELVED)
        st.button(verb, icon=icon, key="studies_shelve", on_click=_shelve)


def _shelve() -> None:
    with shown_errors():
        shelve_study(workspace().store.studies.get(int(st.session_state[_SHELVED])))


def _table(seen: StudyTable) -> None:
    columns = st.column_config
    number = columns.NumberColumn
    st.dataframe(
        [_cells(row, seen) for row in seen.rows],
        hide_index=True,
        key="studies",
        height="content",
        placeholder="–",
        alt="Studies with their state, best value, gain over the baseline, trials of the budget and training time",
        column_config={
            "study": columns.ButtonColumn(
                pinned=True, alignment="left", type="tertiary", on_click=_open, args=(seen.rows,), key=_CLICK
            ),
            "best": number(format="%.4f", width=62),
            "±": number(format="%.4f", width=58),
            "gain": number(format="%+.1f %%", width=68),
            "○ estimate": number(format="%.4f", width=78, help="recommended by its pooled estimate, without a verdict"),
            "best so far": columns.LineChartColumn(color="gray", width=76),
            "state": columns.MultiselectColumn(
                options=STATES, color=[sign(state).colour for state in STATES], width=78
            ),
            "trials": number(width=54, help="of the budget: judged, under way or waiting"),
            "of": number(width=40, help="the budget of trials"),
            "minutes": number(format="%.1f", width=64, help="of training"),
            "bill": number(format="$%.2f", width=60),
            "data": columns.TextColumn(width=52, help="the beginning of the fingerprint of the dataset"),
        },
    )


def _cells(row: StudyRow, seen: StudyTable) -> dict[str, Any]:
    """Figures first, so that a narrow screen shows them; a column that no study of the page fills is left out, and how
    they were measured stands below the table when that is the same for all."""
    estimate = {"○ estimate": row.estimate} if any(each.estimate is not None for each in seen.rows) else {}
    bill = {"bill": row.bill} if any(each.bill is not None for each in seen.rows) else {}
    told = {"data": data_of(row.stamp)} if seen.measured else {"metric": row.metric, "protocol": short(row.stamp)}
    return {
        "study": row.name,
        "best": row.best,
        "gain": None if row.gain is None else row.gain * 100,
        "±": row.spread,
        **estimate,
        "best so far": list(row.curve),
        "state": [row.state],
        "trials": row.trials,
        "of": row.max_trials,
        "minutes": row.seconds / 60,
        **bill,
        **told,
    }


def _open(rows: Sequence[StudyRow]) -> None:
    """Go to the study whose name was clicked."""
    _go(rows[st.session_state[_CLICK]["row"]].id)


def _go(study_id: int) -> None:
    st.switch_page("pages/study.py", query_params={"study": str(study_id)})
