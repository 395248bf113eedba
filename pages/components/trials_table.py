"""Every trial of a study as a table: filters, order, columns, pages; open one, compare, tag or archive several."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.records import Study
from core.store.trial_lines import STATES, TrialFilter, TrialLine
from core.views.compare import FEWEST, MOST
from core.views.trial_table import (
    COLUMNS,
    MINUTES,
    ORDERS,
    SPREAD,
    USUAL,
    Asked,
    TrialTable,
    asked_key,
    author_word,
    cells,
    heading,
    order_of,
    table_csv,
    trial_table,
)
from pages.components.live import versioned
from pages.components.moments import when
from pages.components.rows import small
from pages.components.stepper import go_to
from pages.components.style import sign
from pages.components.workspace import actor, say, shown_errors, workspace

VERDICTS = ("better", "not better", "inconclusive")
STANDINGS = ("baseline", *VERDICTS, *(state for state in STATES if state != "judged"))
NONE, DIFFERING, ALL = "none", "that differ", "all"
IN_SIGHT, ARCHIVED = "in sight", "archived"
DOWN, UP = "highest first", "lowest first"
_OPEN = "open_trial"


def trials_table(study: Study, version: int, show: str) -> None:
    """The table of a page's study; a click on a number opens the trial in the tab `show`."""
    with st.container(border=True, key="trials-table"):
        asked, store = _asked(study), workspace().store
        seen = versioned(f"trials-{study.id}", (version, asked_key(asked)), lambda: trial_table(store, study, asked))
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            columns = _columns(study, seen)
            _page(study, asked, seen)
            _download(study, asked, seen)
        if not seen.lines:
            small("No trial is like this: take a filter away." if _is_narrowed(asked) else "No trial yet.")
            return
        chosen = _table(study, seen, columns, show)
        _acts(study, chosen, asked.wanted.archived)


def _asked(study: Study) -> Asked:
    """The filters and the order, from the widgets."""
    store, key = workspace().store, f"trials-{study.id}"
    authors, axes = versioned(f"{key}-choices", study.version, lambda: store.trial_lines.choices(study.id))
    searched = sorted(dict(study.space["searched"]))
    with st.grid(4, min_column_width=150, key="trials-filters"):
        contains = st.text_input("Text", key=f"{key}-text", placeholder="in notes, changes …", max_chars=100).strip()
        states = st.multiselect("State", STATES, key=f"{key}-states", placeholder="any")
        verdicts = st.multiselect("Verdict", VERDICTS, key=f"{key}-verdicts", placeholder="any")
        by = st.multiselect("Planned by", authors, key=f"{key}-authors", placeholder="anyone", format_func=author_word)
        on = st.multiselect("Axis", axes, key=f"{key}-axes", placeholder="any")
        order = st.selectbox(
            "Sort by",
            [*ORDERS, *searched],
            key=f"{key}-order",
            format_func=lambda name: heading(ORDERS.get(name, name), study),
        )
        direction = st.selectbox("Order", [DOWN, UP], key=f"{key}-direction")
        which = st.selectbox("Which", [IN_SIGHT, ARCHIVED], key=f"{key}-which")
    wanted = TrialFilter(tuple(states), tuple(verdicts), tuple(by), tuple(on), contains, which == ARCHIVED)
    page = int(st.session_state.get(_page_key(study), 1)) - 1
    return Asked(wanted, str(order), direction == DOWN, page)


def _columns(study: Study, seen: TrialTable) -> list[str]:
    key = f"trials-{study.id}"
    with st.popover("Columns", icon=":material/view_column:", key=f"{key}-columns"):
        chosen = st.multiselect(
            "Columns", COLUMNS, USUAL, key=f"{key}-shown", format_func=lambda name: heading(name, study)
        )
        params = st.segmented_control(
            "Params", [NONE, DIFFERING, ALL], default=NONE, required=True, key=f"{key}-params"
        )
        small("*that differ*: between the trials the filters leave.")
    wide = {NONE: (), DIFFERING: seen.varied, ALL: seen.params}[str(params)]
    return [*chosen, *wide]


def _page(study: Study, asked: Asked, seen: TrialTable) -> None:
    words = f"{seen.total:,} {'trial' if seen.total == 1 else 'trials'}"
    more = f" · {seen.archived:,} archived" if seen.archived and not asked.wanted.archived else ""
    if seen.pages == 1:
        small(words + more)
        return
    small(f"{words}{more}, {seen.pages} pages of")
    st.session_state[_page_key(study)] = seen.page + 1  # filters may have left fewer pages
    st.number_input("Page", 1, seen.pages, key=_page_key(study), width=130)


def _page_key(study: Study) -> str:
    return f"trials-{study.id}-page"


def _download(study: Study, asked: Asked, seen: TrialTable) -> None:
    st.download_button(
        "CSV",
        lambda: table_csv(workspace(), study, asked),
        file_name=f"study-{study.id}-trials.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"trials-{study.id}-csv",
        on_click="ignore",
        disabled=not seen.lines,
        help="all pages, every column and the whole config",
    )


def _is_narrowed(asked: Asked) -> bool:
    return asked.wanted != TrialFilter()


def _table(study: Study, seen: TrialTable, columns: Sequence[str], show: str) -> list[TrialLine]:
    """The page's rows; those that are ticked, also after others came."""
    key, kept = f"trials-{study.id}", f"trials-{study.id}-ticked"
    ids = [line.id for line in seen.lines]
    own = f"{key}-{hash(tuple(ids))}"
    before: frozenset[int] = st.session_state.get(kept, frozenset())
    picked = st.dataframe(
        [cells(line, columns, study, when(line.judged_at) if line.judged_at else "–") for line in seen.lines],
        hide_index=True,
        height="content",
        on_select=partial(_sort_by, study, own),
        selection_mode=("multi-row", "single-column"),  # with columns to select, a heading sorts in SQL, not the page
        selection_default={"selection": {"rows": [index for index, id in enumerate(ids) if id in before]}},
        key=own,
        placeholder="–",
        alt="Trials with their standing, what they changed, their value and their gain",
        column_config=_config(study, seen, show),
    )
    ticked: list[int] = list(picked["selection"]["rows"]) if picked else []
    chosen = [seen.lines[index] for index in ticked if index < len(seen.lines)]
    st.session_state[kept] = frozenset(line.id for line in chosen)
    return chosen


def _config(study: Study, seen: TrialTable, show: str) -> dict[str, Any]:
    config = st.column_config
    number = config.NumberColumn
    value = heading("value", study)
    click = config.ButtonColumn(
        pinned=True, type="tertiary", on_click=_open, args=(study.id, seen.lines, show), key=_OPEN, width="small"
    )
    return {
        "trial": click,
        "standing": config.MultiselectColumn(options=STANDINGS, color=[sign(each).colour for each in STANDINGS]),
        "tags": config.ListColumn(),
        value: number(format="%.4f"),
        "gain": number(format="%+.4f"),
        SPREAD: number(format="%.4f", help="half the 95 % interval"),
        MINUTES: number(format="%.1f", help="of training"),
        **dict.fromkeys(seen.params, config.Column(alignment="right")),
    }


def _sort_by(study: Study, table: str) -> None:
    """A heading was clicked: sort every page by it in SQL, the other way round at a second click."""
    headings = st.session_state[table]["selection"]["columns"]
    order = order_of(headings[0], study) if headings else None
    if order is None:
        return
    key = f"trials-{study.id}"
    was = st.session_state.get(f"{key}-order", "number")
    is_up = was == order and st.session_state.get(f"{key}-direction", DOWN) == DOWN
    st.session_state[f"{key}-order"], st.session_state[f"{key}-direction"] = order, UP if is_up else DOWN


def _acts(study: Study, chosen: list[TrialLine], archived: bool) -> None:
    if not chosen:
        small(
            f"A number opens its trial, a heading sorts all pages. Tick trials to compare {FEWEST} to {MOST} of them, "
            "to tag or archive them. Gain: against the current best of its time, ± half the 95 % interval."
        )
        return
    names = ", ".join(str(line.number) for line in chosen[:6]) + (" …" if len(chosen) > 6 else "")
    with st.container(horizontal=True, vertical_alignment="center", key="trials-acts"):
        small(f"trial{'s'[: len(chosen) != 1]} {names}")
        if FEWEST <= len(chosen) <= MOST:
            query = {"study": str(study.id), "trials": ",".join(str(line.number) for line in chosen)}
            st.page_link("pages/compare.py", label="Compare", icon=":material/compare:", query_params=query)
        with st.popover("Tag", icon=":material/sell:", key="trials-tag"):
            tag = st.text_input("Tag", key="trials-tag-name", max_chars=40)
            with st.container(horizontal=True):
                st.button("Add it", key="trials-tag-add", on_click=_tag, args=(chosen, True), disabled=not tag)
                st.button("Take it away", key="trials-tag-take", on_click=_tag, args=(chosen, False), disabled=not tag)
        verb, icon = ("Bring back", ":material/unarchive:") if archived else ("Archive", ":material/archive:")
        st.button(verb, icon=icon, key="trials-archive", on_click=_shelve, args=(chosen, archived))


def _open(study_id: int, lines: Sequence[TrialLine], show: str) -> None:
    go_to(study_id, lines[st.session_state[_OPEN]["row"]].number)
    st.session_state["view"] = show


def _tag(chosen: Sequence[TrialLine], add: bool) -> None:
    with shown_errors():
        tags = [str(st.session_state.get("trials-tag-name", ""))]
        ids = [line.id for line in chosen]
        changed = workspace().store.trial_notes.tag(ids, tags if add else [], [] if add else tags, actor())
        say(f"{len(changed)} of {len(chosen)} trials changed.", icon=":material/sell:")


def _shelve(chosen: Sequence[TrialLine], archived: bool) -> None:
    """Each by itself: what is needed stays, and says why."""
    notes, trials = workspace().store.trial_notes, workspace().store.trials
    done = 0
    for line in chosen:
        with shown_errors():
            (notes.restore if archived else notes.archive)(trials.get(line.id), actor())
            done += 1
    verb = "restored" if archived else "archived; choose “archived” to see them"
    if done:
        say(f"{done} of {len(chosen)} {verb}.", icon=":material/archive:")
