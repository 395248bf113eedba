"""The studies, a page at a time: state, how the current best rose, what it is worth."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.stamp import short
from core.views.overview import ORDERS, Listed, StudyRow, StudyTable, study_table
from pages.components.live import versioned
from pages.components.rows import small
from pages.components.style import sign
from pages.components.workspace import workspace

STATES = ("active", "paused", "stopping", "finished", "cancelled")
_CLICK, _NAME, _ORDER, _PAGE = "open_study", "studies_name", "studies_order", "studies_page"


def studies_table(version: object) -> None:
    """Narrowed, sorted and paged in SQL; a click on a name opens the study. Call it in a fragment that refreshes."""
    asked = Listed(
        str(st.session_state.get(_NAME, "")).strip(),
        str(st.session_state.get(_ORDER, "newest")),
        int(st.session_state.get(_PAGE, 1)) - 1,
    )
    seen = versioned("studies", (version, asked), lambda: study_table(workspace().store, asked))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Studies", anchor=False, width="content")
        with st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center", width="content", gap="small"
        ):
            _controls(seen)
    if not seen.rows:
        small("No study is named like this.")
        return
    _table(seen)
    unpriced = " A bill without a price is left out." if seen.unpriced else ""
    small(
        "A name opens its study. Best: on validation, the current best by verdict, ± half the 95 % interval from the "
        "noise between seeds; ○ estimate: recommended at the end without a verdict. Figures under different protocols "
        f"are not compared.{unpriced}"
    )


def _controls(seen: StudyTable) -> None:
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
    if seen.pages > 1:
        st.session_state[_PAGE] = seen.page + 1  # a name may have left fewer pages
        st.number_input("Page", 1, seen.pages, key=_PAGE, label_visibility="collapsed", width=110)
        small(f"of {seen.pages}")


def _table(seen: StudyTable) -> None:
    columns = st.column_config
    number = columns.NumberColumn
    st.dataframe(
        [_cells(row, seen.rows) for row in seen.rows],
        hide_index=True,
        key="studies",
        height="content",
        placeholder="–",
        alt="Studies with their state, best value, gain over the baseline, judged trials and training time",
        column_config={
            "study": columns.ButtonColumn(
                pinned=True, alignment="left", type="tertiary", on_click=_open, args=(seen.rows,), key=_CLICK
            ),
            "best": number(format="%.4f", width=66),
            "±": number(format="%.4f", width=62),
            "gain": number(format="%+.1f %%", width=70),
            "○ estimate": number(format="%.4f", width=80, help="recommended by its pooled estimate, without a verdict"),
            "best so far": columns.LineChartColumn(color="gray", width=80),
            "state": columns.MultiselectColumn(options=STATES, color=[sign(state).colour for state in STATES]),
            "trials": number(width=50),
            "of": number(width=44, help="the budget of trials"),
            "minutes": number(format="%.1f", width=66, help="of training"),
            "bill": number(format="$%.2f"),
        },
    )


def _cells(row: StudyRow, page: Sequence[StudyRow]) -> dict[str, Any]:
    """Figures first, so that a narrow screen shows them; a column that no study of the page fills is left out."""
    estimate = {"○ estimate": row.estimate} if any(each.estimate is not None for each in page) else {}
    bill = {"bill": row.bill} if any(each.bill is not None for each in page) else {}
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
        "metric": row.metric,
        "protocol": short(row.stamp),
    }


def _open(rows: Sequence[StudyRow]) -> None:
    """Go to the study whose name was clicked."""
    study = rows[st.session_state[_CLICK]["row"]]
    st.switch_page("pages/study.py", query_params={"study": str(study.id)})
