"""The approval card: the acts; what changes, why, what is expected, what would refute it, cost, risk, lessons."""

import streamlit as st

from core.agents.tried import CLOSE_TO
from core.figures import duration
from core.records import Study, Trial
from core.states import Autonomy
from core.views.config_form import Field, fields
from core.views.glossary import WORDS
from core.views.moments import waited
from core.views.trial import Change, TrialView
from pages.components import dialogs
from pages.components.chart import chart
from pages.components.cited import cited_in_short
from pages.components.config_form import changed, config_form
from pages.components.intervals import Bar, height_of, interval_figure, told
from pages.components.rows import head, row, small
from pages.components.who import sign_hint
from pages.components.workspace import escaped, say, shown_errors, signature, wake_worker, workspace

VIA = "dashboard"
NO_VALUE = "the trial it was planned from has no value yet"
RISKS = {"low": "green", "medium": "orange", "high": "orange"}


def approval_card(study: Study, seen: TrialView) -> None:
    """A proposal that waits for a decision, its acts first: they stand in the same place whatever it says.

    Draw it inside the fragment that refreshes.
    """
    trial = seen.trial
    with st.container(border=True, key="approval-card"):
        with head(seen.title, "approval-head"):
            _countdown(study, trial)
        if seen.is_stale:
            st.warning(f"Stale: {escaped(seen.is_stale)}.", icon=":material/history:")
        if seen.acts.decide:
            _acts(study, seen)
        else:
            small("The study has ended; nothing can be decided any more.")
        what_changes(seen)
        why_row(seen)
        _expected(study, seen)
        wrong_if_row(seen)
        proposal = seen.proposal
        if proposal:
            with row("Cost"):
                st.markdown(seen.cost.replace("$", "\\$"))
            with row("Risk, novelty"):
                _risk(proposal.risk, proposal.novelty)
        if seen.gates:
            with row("Asks because"):
                st.markdown(escaped("; ".join(seen.gates)))
        with row("Lessons", f"Trust: {WORDS['trust']}."):
            cited_in_short(seen.cited)


def what_changes(seen: TrialView) -> None:
    """The difference to the trial it was planned from."""
    with row("What changes" if seen.trial.waits else "What changed"):
        for change in seen.changes:
            st.markdown(_change(change))
        if not seen.changes:
            small("nothing: the plain config" if seen.trial.kind == "baseline" else "nothing")
        if seen.against:
            small(seen.against)


def _change(change: Change) -> str:
    edited = f" :orange-badge[:material/edit: edited, proposed {change.proposed}]" if change.proposed else ""
    return f"`{change.field}` &nbsp; :gray[{change.before}] → :blue-badge[**{change.after}**]{edited}"


def why_row(seen: TrialView) -> None:
    """The leading reason with its claim, further ones on demand; nothing where nobody proposed it."""
    why = seen.why
    if why is None:
        return
    with row("Why"):
        claim = f" **{escaped(why.claim)}**" if why.claim else ""
        st.markdown(f"{escaped(why.leading)}{claim}")
        if why.more:
            label = "1 more reason" if len(why.more) == 1 else f"{len(why.more)} more reasons"
            with st.expander(label, type="compact", key=f"reasons-{seen.trial.id}"):
                for reason in why.more:
                    small(escaped(reason))


def wrong_if_row(seen: TrialView) -> None:
    """What would prove the proposal wrong, where it says so."""
    if seen.proposal and seen.proposal.falsifier:
        with row("Wrong if", WORDS["falsifier"]):
            st.markdown(escaped(seen.proposal.falsifier))


def _expected(study: Study, seen: TrialView) -> None:
    with row("Expected", f"Noise floor: {WORDS['noise floor']}."):
        if seen.predicted is None:
            has_claim = seen.proposal is not None and seen.proposal.axis
            small(f"not predicted: {NO_VALUE if has_claim else 'a sampler expects nothing'}")
            return
        expected = seen.predicted
        bars = [Bar("", expected.value, expected.low, expected.high, expected.standing)]
        drawn = interval_figure(bars, seen.noise_floor, seen.min_gain)
        drawn.update_layout(margin={"l": 8})
        alt = f"Expected change of {study.objective}: {told(bars)}; grey is the noise floor"
        chart(drawn, key=f"expected-{seen.trial.id}", alt=alt, height=height_of(bars) + 8)
        small(":blue[◆] predicted, ± one standard deviation · grey: noise floor")


def _risk(risk: str, novelty: str) -> None:
    level, _, more = risk.partition(":")
    colour = RISKS.get(level.strip(), "gray")
    words = f"{level.strip()} risk" + (f": {more.strip()}" if more else "")
    twin = ":orange-badge[nearly a duplicate]" if CLOSE_TO in novelty else ":gray-badge[no duplicate]"
    st.markdown(f":{colour}-badge[{escaped(words)}] :gray-badge[{escaped(novelty)}] {twin}")


def _countdown(study: Study, trial: Trial) -> None:
    if trial.deadline_at is None:
        waits = waited(max(workspace().clock.now() - trial.created_at, 0.0))
        st.markdown(f":gray-badge[:material/hourglass_empty: {waits}]", help="how long it has waited for a decision")
        return
    left = max(trial.deadline_at - workspace().clock.now(), 0.0)
    does = "approves itself" if study.autonomy is Autonomy.WINDOW else "expires"
    st.markdown(f":orange-badge[:material/timer: {does} in {duration(left)}]")
    st.button(
        "Keep waiting",
        key="keep-waiting",
        icon=":material/all_inclusive:",
        on_click=_keep_waiting,
        args=(trial,),
        help="lift the deadline: it waits until somebody decides",
    )


def _acts(study: Study, seen: TrialView) -> None:
    trial = seen.trial
    with st.container(horizontal=True, vertical_alignment="center", key="acts"):
        if seen.is_stale:
            st.button(
                "Plan again", key="replan", type="primary", icon=":material/refresh:", on_click=_replan, args=(trial,)
            )
            st.button("Approve all the same", key="approve-stale", on_click=_approve, args=(trial, True))
        else:
            st.button(
                "Approve",
                key="approve",
                type="primary",
                icon=":material/check:",
                shortcut="A",
                on_click=_approve,
                args=(trial, False),
            )
        # keys of this trial: where another stands by now, a late click opens nothing
        if st.button("Edit", key=f"ask-edit-{trial.id}", icon=":material/edit:", shortcut="E"):
            _edit_dialog(study, trial)
        if st.button("Veto", key=f"ask-veto-{trial.id}", icon=":material/block:", shortcut="V"):
            _veto_dialog(trial)
        small(f"runs exactly this · {trial.approval_hash[:4]}")
        sign_hint()


@dialogs.dialog("Edit the proposal", width="large")
def _edit_dialog(study: Study, trial: Trial) -> None:
    st.markdown(f"**Trial {trial.number}.** Approves **your** config instead of the proposed one; the agent is told.")
    rows, key = fields(workspace().store, study, trial), f"edit-{trial.id}"
    changes = config_form(rows, key)
    if st.toggle(f"All {len(rows)} fields as JSON", key=f"{key}-json"):
        st.json({**trial.params, **changes}, expanded=True)
    st.text_input("Why (the agent learns from it)", key=f"{key}-reason", max_chars=2000)
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button(
            "Approve as edited",
            key=f"{key}-go",
            type="primary",
            icon=":material/check:",
            on_click=_approve_edited,
            args=(trial, rows, key),
        )
        st.button("Back", key=f"{key}-back", on_click=dialogs.close)
        if not changes:
            small("change a field, or go back and approve it as it is")


@dialogs.dialog("Veto the proposal")
def _veto_dialog(trial: Trial) -> None:
    key = f"veto-{trial.id}"
    st.text_area(
        f"Why trial {trial.number} should not run",
        key=f"{key}-reason",
        max_chars=2000,
        placeholder="The agent and later readers are told.",
    )
    dialogs.refusal()
    with st.container(horizontal=True):
        st.button("Veto", key=f"{key}-go", type="primary", icon=":material/block:", on_click=_veto, args=(trial, key))
        st.button("Back", key=f"{key}-back", on_click=dialogs.close)


def _approve(trial: Trial, accept_stale: bool) -> None:
    with shown_errors():
        workspace().deciding.approve(trial, signature(), VIA, trial.approval_hash, accept_stale)
        say(f"Trial {trial.number} is approved and queued.", icon=":material/check:")
        wake_worker()


def _approve_edited(trial: Trial, rows: tuple[Field, ...], key: str) -> None:
    with dialogs.acting():
        reason = st.session_state.get(f"{key}-reason", "")
        edited = workspace().deciding.edit(trial, changed(rows, key), signature(), VIA, reason, trial.approval_hash)
        beside = workspace().deciding.close_to(edited)
        say(f"Trial {trial.number} is approved with your config. {beside}".strip(), icon=":material/check:")
        wake_worker()


def _veto(trial: Trial, key: str) -> None:
    with dialogs.acting():
        reason = st.session_state.get(f"{key}-reason", "")
        workspace().deciding.veto(trial, reason, signature(), VIA, trial.approval_hash)
        say(f"Trial {trial.number} is vetoed; the agent plans another.", icon=":material/block:")


def _replan(trial: Trial) -> None:
    with shown_errors():
        workspace().deciding.replan(trial, signature(), VIA)
        say(f"Trial {trial.number} is let go; the agent plans again.", icon=":material/refresh:")
        wake_worker()


def _keep_waiting(trial: Trial) -> None:
    with shown_errors():
        workspace().store.trials.set_deadline(trial, None, signature())
        say(f"Trial {trial.number} waits until somebody decides.", icon=":material/all_inclusive:")
