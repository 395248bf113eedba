"""Every study in a line: state, how the current best rose, what it is worth."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.figures import metric, signed_percent
from core.stamp import short
from core.views.overview import StudyRow
from pages.components.rows import small
from pages.components.style import sign

STATES = ("active", "paused", "stopping", "finished", "cancelled")
_CLICK = "open_study"


def studies_table(rows: Sequence[StudyRow]) -> None:
    """The studies, newest first; a click on a name opens it. The protocol of the values stands at the far right."""
    st.subheader("Studies", anchor=False)
    columns = st.column_config
    right = columns.TextColumn(alignment="right")
    st.dataframe(
        [_cells(row, with_bill=any(row.money for row in rows)) for row in rows],
        hide_index=True,
        key="studies",
        alt="Studies with their state, best value, gain over the baseline, judged trials and training time",
        column_config={
            "study": columns.ButtonColumn(
                pinned=True, alignment="left", type="tertiary", on_click=_open, args=(tuple(rows),), key=_CLICK
            ),
            "state": columns.MultiselectColumn(options=STATES, color=[sign(state).colour for state in STATES]),
            "best so far": columns.LineChartColumn(color="gray", width=90),
            "best": right,
            "gain": right,
            "trials": right,
            "time": right,
            "bill": right,
        },
    )
    small(
        "A name opens its study. Best: on validation, of the recommended trial or else the current best, ± half the "
        "95 % interval from the noise between seeds. Figures under different protocols are not compared."
    )


def _cells(row: StudyRow, with_bill: bool) -> dict[str, Any]:
    return {
        "study": row.name,
        "state": [row.state],
        "best so far": list(row.curve),
        "metric": row.objective,
        "best": f"{metric(row.best)} ± {row.spread:.4f}" if row.spread is not None else metric(row.best),
        "gain": signed_percent(row.gain),
        "trials": row.trials,
        "time": row.time,
        **({"bill": row.money or "–"} if with_bill else {}),
        "protocol": short(row.stamp),
    }


def _open(rows: Sequence[StudyRow]) -> None:
    """Go to the study whose name was clicked."""
    study = rows[st.session_state[_CLICK]["row"]]
    st.switch_page("pages/study.py", query_params={"study": str(study.id)})
