"""Parts of the Inbox: a proposal in three lines, the bar that decides several at once, what came of it."""

import streamlit as st

from core.figures import duration
from core.studies.batch import Outcome, Seen, approve_each, veto_each
from core.views.inbox import Inbox, Waiting
from core.views.moments import waited
from pages.components import dialogs
from pages.components.chips import chip
from pages.components.rows import small
from pages.components.workspace import escaped, shown_errors, signature, told, wake_worker, workspace

VIA = "dashboard"
RESULTS = "inbox results"
MOST_CHANGES = 3


def study_filter(view: Inbox) -> None:
    """Narrow the list to one study; offered once several have something waiting."""
    slot = "inbox study"
    if len(view.studies) < 2 and st.session_state.get(slot) is None:
        return
    options = [None, *view.studies]
    now = st.session_state.get(slot)
    st.selectbox(
        "Study",
        options,
        options.index(now) if now in options else 0,
        format_func=lambda id: view.studies[id] if id else "all studies",
        placeholder="all studies",  # what None shows, once it is chosen
        key="inbox_study",
        label_visibility="collapsed",
        width=220,
        on_change=_narrow,
    )


def card(each: Waiting, is_open: bool, now: float) -> None:
    """A proposal in the list: its box for the batch, its name that opens it, what changes, what is expected."""
    with st.container(border=True, gap="xxsmall", key=f"waiting_{each.trial_id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = f"{each.study} · trial {each.number}"
            st.checkbox(f"Select {escaped(label)}", key=_box(each.trial_id), label_visibility="collapsed")
            st.button(
                f"**{escaped(label)}**",
                key=f"open_{each.trial_id}",
                type="tertiary",
                on_click=_show,
                args=(each.trial_id,),
            )
            for text in _chips(each, is_open, now):
                st.markdown(text, width="content")
        changes = [f"`{field}` {escaped(old)} → **{escaped(new)}**" for field, old, new in each.changes[:MOST_CHANGES]]
        more = len(each.changes) - MOST_CHANGES
        st.markdown(" · ".join([*changes, *([f"{more} more"] if more > 0 else [])]) or "a config of its own")
        small(f"{each.expected} · {each.cost} · waiting {waited(max(now - each.since, 0.0))}")


def _chips(each: Waiting, is_open: bool, now: float) -> list[str]:
    found = [":blue-badge[:material/visibility: open]"] if is_open else []
    found += [chip("expired", "stale")] if each.stale else []
    if each.deadline_at is not None:
        found.append(f":orange-badge[:material/timer: {duration(max(each.deadline_at - now, 0.0))}]")
    return found


def batch_bar(view: Inbox) -> None:
    """All or none of this page, and the two acts on what is selected."""
    picked = [each for each in view.cards if st.session_state.get(_box(each.trial_id))]
    everything = len(picked) == len(view.cards)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="batch"):
        st.button(
            "Select none" if everything else "Select all",
            key="pick_all",
            icon=":material/deselect:" if everything else ":material/select_all:",
            on_click=_pick,
            args=(tuple(each.trial_id for each in view.cards), not everything),
        )
        count = f" {len(picked)}" if picked else ""
        seen = tuple(Seen(e.trial_id, f"{e.study} · trial {e.number}", e.approval_hash) for e in picked)
        st.button(
            f"Approve{count} selected",
            key="approve_batch",
            icon=":material/check:",
            disabled=not picked,
            on_click=_approve,
            args=(seen,),
        )
        if st.button(
            f"Veto{count} selected",
            key="veto_batch",
            icon=":material/block:",
            disabled=not picked,
        ):
            _veto_dialog(seen)


def next_keys(view: Inbox) -> None:
    """To the proposal before and after, by button or arrow key."""
    with st.container(horizontal=True, width="content", gap="xsmall", key="inbox-steps"):
        for key, steps, word in (("Left", -1, "previous"), ("Right", 1, "next")):
            target = view.beside(steps)
            st.button(
                "",  # the shortcut draws the arrow
                key=f"inbox-{word}",
                shortcut=key,
                disabled=target is None,
                on_click=_show,
                args=(target,),
                help=f"{word} proposal",
            )


def pager(view: Inbox) -> None:
    """Earlier and later pages, where one is not enough."""
    if view.pages < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Older", key="inbox_older", disabled=view.page == 0, on_click=_turn, args=(view.page - 1,))
        st.button(
            "Newer", key="inbox_newer", disabled=view.page + 1 >= view.pages, on_click=_turn, args=(view.page + 1,)
        )
        small(f"page {view.page + 1} of {view.pages}")


def last_results() -> None:
    """What came of the last batch: how many went through, and each one that was refused with its reason."""
    last: tuple[str, tuple[Outcome, ...]] | None = st.session_state.get(RESULTS)
    if last is None:
        return
    word, outcomes = last
    refused = [(each.label, each.refused) for each in outcomes if each.refused]
    done = len(outcomes) - len(refused)
    with st.container(border=True, gap="xsmall", key="batch-results"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            more = f", {len(refused)} refused" if refused else ""
            look = ":orange[:material/rule:]" if refused else ":green[:material/check:]"
            st.markdown(f"{look} **{done} of {len(outcomes)} {word}**{more}", width="content")
            st.button("Close", key="close_results", type="tertiary", on_click=_forget)
        for label, problem in refused:
            st.markdown(f"{escaped(label)}: {escaped(told(problem))}")


@dialogs.dialog("Veto the selected proposals")
def _veto_dialog(seen: tuple[Seen, ...]) -> None:
    st.markdown(f"**{len(seen)}** will not run: {escaped(', '.join(each.label for each in seen))}.")
    st.text_area("Why", key="veto_batch_reason", max_chars=2000, placeholder="The agents and later readers are told.")
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Veto them", key="veto_batch_go", type="primary", icon=":material/block:", on_click=_veto, args=(seen,)
        )
        st.button("Back", key="veto_batch_back", on_click=dialogs.close)


def _approve(seen: tuple[Seen, ...]) -> None:
    with shown_errors():
        _told("approved", approve_each(workspace().store, seen, signature(), VIA))
        wake_worker()


def _veto(seen: tuple[Seen, ...]) -> None:
    with dialogs.acting():
        reason = st.session_state.get("veto_batch_reason", "")
        _told("vetoed", veto_each(workspace().store, seen, reason, signature(), VIA))


def _told(word: str, outcomes: tuple[Outcome, ...]) -> None:
    st.session_state[RESULTS] = (word, outcomes)


def _forget() -> None:
    st.session_state.pop(RESULTS, None)


def _show(trial_id: int) -> None:
    st.query_params["trial"] = str(trial_id)


def _pick(trial_ids: tuple[int, ...], value: bool) -> None:
    for id in trial_ids:
        st.session_state[_box(id)] = value


def _narrow() -> None:
    st.session_state["inbox study"] = st.session_state["inbox_study"]
    _turn(0)


def _turn(page: int) -> None:
    st.query_params.pop("trial", None)
    st.session_state["inbox page"] = page


def _box(trial_id: int) -> str:
    return f"pick_{trial_id}"
