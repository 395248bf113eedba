"""A trial that was decided: its verdict against the prediction, its reflection, where the gain sits, its record."""

from collections.abc import Sequence

import streamlit as st

from core.records import Run, Study
from core.states import RunState
from core.views.run_log import log_tail, whole_log
from core.views.trial import Interval, TrialView, shown_metrics
from pages.components.approval import VIA, what_changes, why_row, wrong_if_row
from pages.components.calls import model_calls
from pages.components.chart import chart
from pages.components.chips import chip
from pages.components.cited import what_was_remembered, why_retrieved
from pages.components.intervals import Bar, height_of, interval_figure, told
from pages.components.moments import when
from pages.components.note_dialog import note_rows
from pages.components.rows import head, row, small
from pages.components.trial_verbs import trial_menu
from pages.components.under_way import under_way_rows
from pages.components.workspace import actor, escaped, say, shown_errors, wake_worker, workspace

CLAIM_SIGNS = {"yes": ":green-badge[✓ {}]", "no": ":violet-badge[▼ {}]", "unknown": ":gray-badge[○ {}]"}


def verdict_card(study: Study, seen: TrialView) -> None:
    """What changed, and what came of it against what was predicted."""
    with st.container(border=True, key="verdict-card"):
        with head(seen.title, "verdict-head"):
            st.markdown(chip(seen.standing))
            trial_menu(study, seen)
        what_changes(seen)
        under_way_rows(study, seen)
        if seen.reflection is None:
            why_row(seen)
        if seen.observed or seen.predicted:
            with row("Verdict" if seen.observed else "Expected"):
                _against_prediction(study, seen)
        elif seen.verdict_words:
            with row("Value"):
                st.markdown(seen.verdict_words)
        if seen.reflection is None:
            wrong_if_row(seen)
        _refused(seen)
        _failed(study, seen)
        note_rows(seen)


def reflection_card(study: Study, seen: TrialView) -> None:
    """What was observed, why, the rule, what follows, and what was remembered."""
    told_by = seen.reflection
    if told_by is None:
        return
    with st.container(border=True, key="reflection-card"):
        with head("Reflection", "reflection-head"):
            if seen.claim:
                st.markdown(CLAIM_SIGNS[told_by.claim_held].format(seen.claim))
        for label, text in (("Observed", told_by.observed), ("Because", told_by.why)):
            with row(label):
                st.markdown(escaped(text))
        with row("Rule"):
            st.markdown(f"**{escaped(told_by.rule)}**" if told_by.rule else _no_rule(seen))
        with row("Next"):
            st.markdown(escaped(told_by.next_action))
        if seen.remembered:
            with row("Remembered"):
                what_was_remembered(seen.remembered)
        if seen.standing == "inconclusive" and seen.acts.add_seeds:
            _one_more_seed(seen)


def record_tabs(study: Study, seen: TrialView, names: Sequence[str]) -> None:
    """The tabs below the curves that speak of this trial; call each within its tab."""
    drawers = {"Lessons": _lessons, "Model": _model, "Numbers": _numbers, "History": _history, "Log": _log}
    for name in names:
        drawers[name](study, seen)


def _model(study: Study, seen: TrialView) -> None:
    model_calls(seen.calls)


def _against_prediction(study: Study, seen: TrialView) -> None:
    intervals: list[Interval] = [each for each in (seen.predicted, seen.own_step, seen.observed) if each]
    bars = [Bar(each.label, each.value, each.low, each.high, each.standing) for each in intervals]
    drawn = interval_figure(bars, seen.noise_floor, seen.min_gain)
    alt = f"Change of {study.objective}: {told(bars)}; grey is the noise floor"
    chart(drawn, key=f"verdict-{seen.trial.id}", alt=alt, height=height_of(bars))
    spread = "Predicted: ± one standard deviation." if seen.predicted else ""
    small(" ".join(line for line in (seen.verdict_words, *seen.detail, spread) if line))


def _refused(seen: TrialView) -> None:
    last = seen.history[-1] if seen.history else None
    if last and seen.standing in ("vetoed", "expired", "cancelled"):
        with row("Why not"):
            st.markdown(f"{escaped(last.actor)} {last.did}: {escaped(last.reason) or 'no reason given'}")


def _failed(study: Study, seen: TrialView) -> None:
    for run in seen.runs:
        if run.error:
            with row(f"Seed {run.seed}"):
                if run.state is RunState.PRUNED:
                    st.warning(f"✕ Pruned: {escaped(run.error)}.")
                else:
                    st.error(escaped(run.error), icon=":material/error:")
                if run in seen.acts.retry:
                    st.button(
                        "Run it to its end" if run.state is RunState.PRUNED else "Retry from its last epoch",
                        key=f"retry-{run.id}",
                        icon=":material/replay:",
                        on_click=_retry,
                        args=(run,),
                    )


def _no_rule(seen: TrialView) -> str:
    if seen.standing == "inconclusive":
        return "None. **No lesson is drawn from an inconclusive trial**; the current best stays."
    return "None."


def _one_more_seed(seen: TrialView) -> None:
    if seen.asks_seed:
        small(f"**It asks for one more seed**: {escaped(seen.asks_seed)}.")
    with st.container(horizontal=True, vertical_alignment="center", key="one-more"):
        st.button(
            "Add one seed",
            key="add-seed",
            type="primary" if seen.asks_seed else "secondary",
            icon=":material/add:",
            on_click=_add_seed,
            args=(seen,),
        )
        small(
            "once more, then judged again; two looks stay below 5 %" if seen.trial.looks < 2 else "judged twice already"
        )


def _lessons(study: Study, seen: TrialView) -> None:
    why_retrieved(seen.cited)


def _numbers(study: Study, seen: TrialView) -> None:
    if not seen.runs:
        small("No run yet.")
        return
    rows = [
        {
            "seed": f"{run.seed}" + (f" ({run.purpose})" if run.purpose != "trial" else ""),
            "run": chip(str(run.state)),
            "epoch": f"{run.best_epoch} of {run.epoch}" if run.best_epoch else str(run.epoch),
            "minutes": f"{run.seconds / 60:.1f}",
            **shown_metrics(run, study.objective),
        }
        for run in seen.runs
    ]
    st.table(rows, border="horizontal", hide_index=True)
    small("validation, best epoch of each seed; fresh seeds are for the final figure alone")
    st.table(
        {"field": [f"`{name}`" for name in seen.trial.params], "value": [str(v) for v in seen.trial.params.values()]},
        border="horizontal",
        hide_index=True,
        height=220,
    )


def _history(study: Study, seen: TrialView) -> None:
    for line in seen.history:
        via = f" by {line.via}" if line.via not in (line.actor, VIA, "") else ""
        config = f" · {line.approval_hash[:4]}" if line.approval_hash else ""
        st.markdown(f"**{escaped(line.actor)}** {line.did}{via} :small[:gray[{when(line.at)}{config}]]")
        if line.reason:
            small(escaped(line.reason))
    if not seen.history:
        small("Nobody has decided yet.")


def _log(study: Study, seen: TrialView) -> None:
    started = [run for run in seen.runs if run.attempt]
    if not started:
        small("No run has started yet.")
        return
    run = st.selectbox(
        "Run",
        started,
        format_func=lambda each: f"seed {each.seed}, {each.state}",
        key=f"log-{seen.trial.id}",
        index=len(started) - 1,
        label_visibility="collapsed",
    )
    with shown_errors():
        text = log_tail(workspace().artifacts, seen.trial, run)
        st.code(text or "the log is empty so far", language=None, height=200)
        st.download_button(
            "Download the whole log",
            lambda: whole_log(workspace().artifacts, seen.trial, run),
            file_name=f"study-{study.id}-trial-{seen.trial.number}-seed-{run.seed}.log",
            icon=":material/download:",
            key=f"log-get-{run.id}",
            on_click="ignore",
        )


def _retry(run: Run) -> None:
    with shown_errors():
        workspace().store.runs.retry(run, actor())
        say(f"Seed {run.seed} is queued again, from epoch {run.epoch}.", icon=":material/replay:")
        wake_worker()


def _add_seed(seen: TrialView) -> None:
    with shown_errors():
        changed = workspace().deciding.add_seeds(seen.trial, 1, actor(), VIA)
        say(f"Trial {changed.number} has one more seed; it is judged again.", icon=":material/add:")
        wake_worker()
