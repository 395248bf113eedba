"""Opening the sealed test: what it means, a name, then the result on the record."""

import streamlit as st

from core.records import Study
from core.views.reveal import RevealView, reveal_view
from pages.components import dialogs
from pages.components.chart import chart
from pages.components.chips import chip
from pages.components.intervals import Bar, height_of, interval_figure, told
from pages.components.moments import when
from pages.components.rows import head, small
from pages.components.workspace import actor, escaped, say, wake_worker, workspace


@dialogs.dialog("Open the sealed test", width="medium")
def reveal_dialog(study: Study) -> None:
    """Says what it means and asks for a name."""
    store = workspace().store
    dataset = store.datasets.get(study.dataset_id)
    looks = store.reveals.looks(dataset.lineage)
    before = "nobody has looked at it yet" if not looks else f"it was looked at {looks} time{'s' if looks > 1 else ''}"
    st.markdown(
        f"The test of **{escaped(dataset.name)}** was never used to choose anything; {before}. Opening it scores the "
        "baseline, the recommended trial and the reference lines (popularity, Markov, co-occurrence) in one act. "
        "**Once per study, with your name, on the record:** tuning further after seeing it makes every later figure on "
        "this test too bright."
    )
    st.text_input("Your name", actor(), key="reveal-name", max_chars=80)
    st.toggle(
        "Also refit the recommended config on training plus validation",
        key="reveal-refit",
        help="trains it once more, on all that a user of the model would have; labelled apart",
    )
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Open it", key="reveal-go", type="primary", icon=":material/lock_open:", on_click=_request, args=(study,)
        )
        st.button("Leave it sealed", key="reveal-back", on_click=dialogs.close)


def reveal_card(study: Study) -> None:
    """What the test said, or how far its scoring is; nothing before somebody asked."""
    reveal = workspace().store.reveals.of_study(study.id)
    if reveal is None:
        return
    seen = reveal_view(study, reveal)
    with st.container(border=True, key="reveal-card"):
        with head("Sealed test", "reveal-head"):
            st.markdown(chip(seen.standing, seen.word))
        small(f"{seen.opened}, {when(reveal.requested_at)}")
        if seen.problem:
            st.error(escaped(seen.problem), icon=":material/error:")
        if seen.rows:
            _result(study, seen)


def _result(study: Study, seen: RevealView) -> None:
    if seen.headline:
        bar = Bar("fresh seeds", seen.headline.value, seen.headline.low, seen.headline.high, seen.headline.standing)
        drawn = interval_figure([bar], None, study.min_gain)
        chart(
            drawn, key=f"reveal-{study.id}", alt=f"Test, against the baseline: {told([bar])}", height=height_of([bar])
        )
    st.table([dict(row) for row in seen.rows], border="horizontal", hide_index=True)
    small(seen.stamp)


def _request(study: Study) -> None:
    with dialogs.acting():
        name = st.session_state.get("reveal-name", "")
        workspace().reveals.request(study, name, bool(st.session_state.get("reveal-refit")))
        say("The test is being scored; its result appears on this page.", icon=":material/lock_open:")
        wake_worker()
