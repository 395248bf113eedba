"""Memory on its way in and out: packs from other homes and to them, and the memory that ships with the program."""

from collections.abc import Sequence

import streamlit as st

from core.memory.pack_file import MOST_FILE
from core.views.packs import CHOICES, NAME, Differing, Incoming, bring_in, incoming, packed
from core.views.problems import EXPECTED
from core.workspace import Workspace
from pages.components import dialogs
from pages.components.rows import small
from pages.components.workspace import actor, escaped, say, shown_errors, wake_worker, workspace

WHAT = "Rules distilled from this program's own benchmark studies, on generated data; each says from which."
MOST_TOLD, MOST_CHOSEN = 6, 40
_SEEN = "pack that was looked at"
_ALL = "pack_choice"


def packs_button(parts: Workspace) -> None:
    """A small place for all of it in the head of the page."""
    if st.button("Packs", type="tertiary", icon=":material/inventory_2:", key="packs"):
        _packs_dialog(parts)


def starting_offer(parts: Workspace) -> None:
    """For an empty memory: the way to take the starting memory, as a plain button."""
    if not parts.starting.lessons():
        st.button(
            "Take the starting memory",
            icon=":material/inventory_2:",
            key="starting_first",
            on_click=_take_first,
            help=WHAT,
        )


@dialogs.dialog("Memory packs", width="medium")
def _packs_dialog(parts: Workspace) -> None:
    small("One file with lessons, their evidence and the profiles they were learned on.")
    _bring_in()
    st.divider()
    _take_along()
    st.divider()
    _starting(parts)


def _bring_in() -> None:
    file = st.file_uploader("**Bring a pack in**", type="zip", max_upload_size=MOST_FILE // 2**20, key="pack_file")
    dialogs.refusal()
    seen = _looked_at(file.file_id, file.name, file.getvalue()) if file else None
    if seen is not None:
        _what_it_brings(seen)
        st.button("Take it in", type="primary", icon=":material/check:", key="pack_take", on_click=_bring, args=(seen,))


def _take_along() -> None:
    st.markdown("**Take the memory along**")
    small("Every lesson of a dataset and across datasets that is in use; what one study believes stays here.")
    st.download_button(
        "Download",
        lambda: packed(workspace(), actor()),
        file_name=NAME,
        mime="application/zip",
        icon=":material/download:",
        key="pack_out",
        on_click="ignore",
    )


def _starting(parts: Workspace) -> None:
    held = parts.starting.lessons()
    count = "1 lesson" if len(held) == 1 else f"{len(held)} lessons"
    st.markdown("**The starting memory** " + (f"{count} in use" if held else "none of it in use"))
    small(f"{WHAT} They begin untried and earn their trust here; left out they are archived, and can come back.")
    if held:
        st.button("Leave it out", icon=":material/archive:", key="starting_out", on_click=_leave_out)
    else:
        st.button("Take it in", icon=":material/download:", key="starting_in", on_click=_take_again)


def _looked_at(file_id: str, name: str, content: bytes) -> Incoming | None:
    """Read once for each file; what is no pack is told."""
    kept = st.session_state.get(_SEEN)
    if kept is None or kept[0] != file_id:
        try:
            kept = (file_id, incoming(workspace(), name, content), "")
        except EXPECTED as problem:
            kept = (file_id, None, str(problem))
        st.session_state[_SEEN] = kept
    if kept[2]:
        st.error(escaped(kept[2]), icon=":material/error:")
    seen: Incoming | None = kept[1]
    return seen


def _what_it_brings(seen: Incoming) -> None:
    made_by = f" :small[:gray[made by {escaped(seen.pack.made_by)}]]" if seen.pack.made_by else ""
    st.markdown(f"**{seen.in_short}**{made_by}")
    _listed("New", seen.new)
    _listed("Refused", seen.refused)
    _listed("Known here, and archived: they stay so; “Use again” brings them back", seen.archived)
    if seen.differing:
        _differences(seen.differing)
    small("What comes in is untried here: trust is earned at home.")


def _differences(differing: Sequence[Differing]) -> None:
    """Each lesson that differs, with a choice of its own; one for all goes before."""
    uids = tuple(each.uid for each in differing[:MOST_CHOSEN] if not each.is_locked)
    st.markdown("Known here, and different")
    if len(differing) > 1:
        st.selectbox(
            "For all of them",
            list(CHOICES),
            format_func=CHOICES.__getitem__,
            key=_ALL,
            on_change=_choose_all,
            args=(uids,),
        )
    for each in differing[:MOST_CHOSEN]:
        with st.container(gap="xsmall"):
            st.markdown(escaped(each.claim) + (" :orange-badge[:material/lock: locked]" if each.is_locked else ""))
            small(escaped(each.fields))
            st.radio(
                f"What to do with “{each.claim}”",
                list(each.choices),
                format_func=each.choices.__getitem__,
                key=_choice_key(each.uid),
                horizontal=True,
                label_visibility="collapsed",
            )
    if len(differing) > MOST_CHOSEN:
        small(f"and {len(differing) - MOST_CHOSEN} more, which go by the choice for all")


def _choice_key(uid: str) -> str:
    return f"pack_choice_{uid}"


def _choose_all(uids: Sequence[str]) -> None:
    for uid in uids:
        st.session_state[_choice_key(uid)] = st.session_state[_ALL]


def _chosen(differing: Sequence[Differing]) -> dict[str, str]:
    """What to do with each, ours where nothing was said."""
    for_all = str(st.session_state.get(_ALL, next(iter(CHOICES))))
    return {each.uid: str(st.session_state.get(_choice_key(each.uid), for_all)) for each in differing}


def _listed(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    more = [f"and {len(lines) - MOST_TOLD} more"] if len(lines) > MOST_TOLD else []
    st.markdown(f"{title}\n" + "\n".join(f"- {escaped(line)}" for line in (*lines[:MOST_TOLD], *more)))


def _bring(seen: Incoming) -> None:
    with dialogs.acting():
        brought = bring_in(workspace(), seen, _chosen(seen.differing), actor())
        st.session_state.pop(_SEEN, None)
        came = brought.taken.added + brought.taken.took_theirs + brought.taken.kept_both
        say(f"{came} lessons came in; the worker takes them into the index.", icon=":material/check:")
        for claim in brought.kept:
            say(
                f"“{escaped(claim)}” was changed here after you looked, and stays as it is; look again to choose.",
                icon=":material/group:",
                duration="infinite",
            )
        wake_worker()


def _take_first() -> None:
    with shown_errors():
        _take()


def _take_again() -> None:
    with dialogs.acting():
        _take()


def _take() -> None:
    count = workspace().starting.take(actor())
    say(f"{count} lessons came in; the worker takes them into the index.", icon=":material/check:")


def _leave_out() -> None:
    with dialogs.acting():
        report = workspace().starting.leave_out(actor())
        refused = f"; {len(report.refused)} stay: {report.refused[0].refused}" if report.refused else ""
        say(f"{len(report.done)} lessons are archived{refused}.", icon=":material/archive:")
