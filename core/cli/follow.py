"""A study live in the terminal: what happens as lines, progress with the time left, and the table at the end."""

import time
from collections.abc import Callable

from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from core.cli.cards import show_proposal
from core.cli.output import note, notes, print_table, say
from core.figures import change, duration, metric
from core.forecast import Forecast, forecast
from core.loop.closing import final_comparison
from core.records import Event, Study, Trial
from core.states import RunState, StudyState, Verdict
from core.verdict import Comparison
from core.workspace import Workspace

POLL_SECONDS = 0.5
GLYPHS = {Verdict.BETTER: "▲", Verdict.NOT_BETTER: "▼", Verdict.INCONCLUSIVE: "○"}


def follow(workspace: Workspace, study: Study) -> Study:
    """Show what happens until the study ends, or is paused and nothing of it runs any more; its last state."""
    last_event, version = 0, -1
    with _bar() as bar:
        task = bar.add_task(study.name, total=1.0, left="")
        while True:
            study = workspace.store.studies.get(study.id)
            if study.version != version:
                version = study.version
                for event in workspace.store.events.after(last_event, study.id):
                    last_event = event.id
                    _tell(workspace, study, event)
            _show_progress(bar, task, forecast(workspace.store, study, workspace.clock.now()))
            if study.has_ended or _is_at_rest(workspace, study):
                return study
            time.sleep(POLL_SECONDS)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} % · {task.fields[left]}"),
        console=notes,
        transient=True,
    )


def _show_progress(bar: Progress, task: object, seen: Forecast) -> None:
    left = "waits for a decision" if seen.waits else f"{duration(seen.seconds_left)} left" if seen.seconds_left else ""
    bar.update(task, completed=seen.share, description=seen.doing, left=left)  # type: ignore[arg-type]


def _is_at_rest(workspace: Workspace, study: Study) -> bool:
    runs = workspace.store.runs.of_study(study.id)
    return study.state is StudyState.PAUSED and not any(run.state is RunState.RUNNING for run in runs)


def _tell(workspace: Workspace, study: Study, event: Event) -> None:
    teller = _TELLERS.get(event.kind)
    if teller:
        teller(workspace, study, event)


def _tell_proposal(workspace: Workspace, study: Study, event: Event) -> None:
    trial = workspace.store.trials.get(event.trial_id or 0)
    proposal = workspace.store.proposals.proposal(trial.id)
    if proposal:
        show_proposal(workspace, study, trial, proposal, asks=trial.waits)


def _tell_verdict(workspace: Workspace, study: Study, event: Event) -> None:
    trial = workspace.store.trials.get(event.trial_id or 0)
    note(
        f"{_glyph(trial)} trial {trial.number}: {study.objective} {metric(trial.value)} · {_verdict_text(trial)}",
        "bold",
    )


def _tell_reflection(workspace: Workspace, study: Study, event: Event) -> None:
    reflection = workspace.store.proposals.reflection(event.trial_id or 0)
    if reflection:
        for text in (reflection.observed, reflection.why, reflection.rule, reflection.next_action):
            if text:
                note(f"    {text}")


def _tell_move(workspace: Workspace, study: Study, event: Event) -> None:
    reason = event.detail.get("reason") or event.detail.get("error") or event.detail.get("why") or ""
    number = workspace.store.trials.get(event.trial_id).number if event.trial_id else None
    where = f" (trial {number})" if number else ""
    note(f"· {event.kind}{where} by {event.actor}{': ' + str(reason) if reason else ''}", "dim")


_TELLERS: dict[str, Callable[[Workspace, Study, Event], None]] = {
    "trial proposed": _tell_proposal,
    "trial judged": _tell_verdict,
    "trial reflected": _tell_reflection,
    **dict.fromkeys(
        (
            "trial approved",
            "trial vetoed",
            "trial edited and approved",
            "trial expired",
            "run failed",
            "run lost",
            "study paused",
            "study active",
            "study stopping",
            "study finished",
            "study cancelled",
            "lesson written",
            "trial recommended",
            "proposal stale",
            "loop failed",
        ),
        _tell_move,
    ),
}


def show_end(workspace: Workspace, study: Study) -> None:
    """The table of trials, what is recommended, and what to do next."""
    trials = workspace.store.trials.of_study(study.id)
    rows = [_row(workspace, study, trial) for trial in trials]
    columns = (
        "",
        "trial",
        "what changed",
        "decision",
        study.objective,
        "change against the best then",
        "verdict",
        "lessons",
    )
    print_table(columns, rows, f"{study.name} · {study.state}", right=("trial", study.objective))
    say(study.stamp, "dim")
    if study.recommended_id:
        best = workspace.store.trials.get(study.recommended_id)
        kind = "best by verdict" if study.recommended_id == study.incumbent_id else "best pooled estimate"
        say(f"recommended: trial {best.number} ({kind}), {study.objective} {metric(best.value)}", "bold")
    final = final_comparison(workspace.store, workspace.artifacts, study)
    if final:
        gain = change(final.difference, final.low, final.high)
        say(f"on fresh seeds, against the baseline: {gain}, {final.verdict}")
    if study.state is StudyState.FINISHED:
        say(f"next: python -m core report {study.id} · python -m core reveal {study.id}")


def _row(workspace: Workspace, study: Study, trial: Trial) -> tuple[object, ...]:
    proposal = workspace.store.proposals.proposal(trial.id)
    decisions = workspace.store.trials.decisions(trial.id)
    changes = proposal.changes if proposal else {}
    if proposal and any(decision.kind == "edit" for decision in decisions):
        changes = {k: (proposal.params.get(k), v) for k, v in trial.params.items() if proposal.params.get(k) != v}
    what = ", ".join(f"{axis} {before} → {after}" for axis, (before, after) in changes.items()) or trial.kind
    cited = [str(found.lesson_id) for found in workspace.store.proposals.retrievals(trial.id) if found.cited]
    decision = f"{decisions[0].kind} ({decisions[0].actor})" if decisions else str(trial.state)
    comparison = Comparison.from_json(trial.comparison) if trial.comparison else None
    gap = change(comparison.difference, comparison.low, comparison.high) if comparison else "–"
    return (
        _glyph(trial),
        trial.number,
        what,
        decision,
        metric(trial.value),
        gap,
        _verdict_text(trial),
        ", ".join(cited),
    )


def _glyph(trial: Trial) -> Text:
    styles = {Verdict.BETTER: "green", Verdict.NOT_BETTER: "magenta"}
    if trial.verdict is None:
        return Text("■" if trial.value is not None else " ")
    return Text(GLYPHS[trial.verdict], style=styles.get(trial.verdict, ""))


def _verdict_text(trial: Trial) -> str:
    if trial.verdict is not None:
        return str(trial.verdict)
    return "baseline" if trial.kind == "baseline" and trial.value is not None else str(trial.state)
