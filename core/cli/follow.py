"""A study live in the terminal: what happens as lines, progress with the time left, and the table at the end."""

import time
from collections.abc import Callable

from rich.progress import Progress, TaskID, TextColumn
from rich.text import Text

from core.artifacts import LOG
from core.cli.cards import show_proposal
from core.cli.output import note, print_table, progress, say
from core.figures import change, duration, metric, param_changes
from core.loop.closing import final_comparison
from core.records import Decision, Event, Study, Trial
from core.states import RunState, StudyState, Verdict
from core.studies.forecast import Forecast, forecast
from core.verdict import Comparison
from core.worker.lock import is_held
from core.workspace import Workspace

POLL_SECONDS = 0.5
OF_THE_WORKER = frozenset({"index failed", "worker failed"})
GLYPHS = {Verdict.BETTER: "▲", Verdict.NOT_BETTER: "▼", Verdict.INCONCLUSIVE: "○"}


def follow(workspace: Workspace, study: Study) -> Study:
    """Show what happens until the study ends, or is paused and nothing of it runs any more; its last state."""
    telling = _Telling(workspace)
    with progress(TextColumn("{task.percentage:>3.0f} %{task.fields[left]}", markup=False)) as bar:
        task = bar.add_task(study.name, total=1.0, left="")
        while True:
            study = workspace.store.studies.get(study.id)
            telling.tell(study)
            _show_progress(bar, task, forecast(workspace.store, study, workspace.clock.now()))
            if study.has_ended or _is_at_rest(workspace, study):
                return study
            time.sleep(POLL_SECONDS)


class _Telling:
    """Tells each event of a study once, and once when the worker is gone or the index cannot be written."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        newest = workspace.store.events.newest(1)
        self._last, self._last_of_all, self._version = 0, newest[0].id if newest else 0, -1
        self._has_worker = True

    def tell(self, study: Study) -> None:
        """Whatever is new."""
        if study.version != self._version:
            self._version = study.version
            for event in self._workspace.store.events.after(self._last, study.id):
                self._last = event.id
                if teller := _TELLERS.get(event.kind):
                    teller(self._workspace, study, event)
        for event in self._workspace.store.events.after(self._last_of_all):
            self._last_of_all = event.id
            if event.kind in OF_THE_WORKER:
                note(f"· {event.kind}: {event.detail.get('error', '')}", "red")
        self._tell_worker(study)

    def _tell_worker(self, study: Study) -> None:
        has_worker = is_held(self._workspace.settings.home)
        if self._has_worker and not has_worker and study.state in (StudyState.ACTIVE, StudyState.STOPPING):
            note(f"· no worker runs: the study waits. Start one: python -m core follow {study.id}", "red")
        self._has_worker = has_worker


def _show_progress(bar: Progress, task: TaskID, seen: Forecast) -> None:
    left = "waits for a decision" if seen.waits else f"{duration(seen.seconds_left)} left" if seen.seconds_left else ""
    bar.update(task, completed=seen.share, description=seen.doing, left=f" · {left}" if left else "")


def _is_at_rest(workspace: Workspace, study: Study) -> bool:
    runs = workspace.store.runs.of_study(study.id)
    return study.state is StudyState.PAUSED and not any(run.state is RunState.RUNNING for run in runs)


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


def _tell_run(workspace: Workspace, study: Study, event: Event) -> None:
    run = workspace.store.runs.get(event.run_id or 0)
    number = workspace.store.trials.get(run.trial_id).number
    note(
        f"· trial {number}, seed {run.seed}: {study.objective} {metric(run.value)} at epoch {run.best_epoch} "
        f"of {run.epoch}, {duration(run.seconds)}",
        "dim",
    )


def _tell_failure(workspace: Workspace, study: Study, event: Event) -> None:
    run = workspace.store.runs.get(event.run_id or 0)
    trial = workspace.store.trials.get(run.trial_id)
    note(f"✕ trial {trial.number}, seed {run.seed} failed: {event.detail.get('error') or run.error}", "red")
    log = workspace.artifacts.run(trial, run.seed) / LOG
    note(f"    its log: {log} · try it again: python -m core retry {run.id}")


def _tell_pruned(workspace: Workspace, study: Study, event: Event) -> None:
    run = workspace.store.runs.get(event.run_id or 0)
    trial = workspace.store.trials.get(run.trial_id)
    note(f"✕ trial {trial.number}, seed {run.seed} was pruned: {event.detail.get('error') or run.error}", "yellow")
    note(f"    run it to its end: python -m core retry {run.id}")


def _tell_move(workspace: Workspace, study: Study, event: Event) -> None:
    reason = event.detail.get("reason") or event.detail.get("error") or event.detail.get("why") or ""
    number = workspace.store.trials.get(event.trial_id).number if event.trial_id else None
    where = f" (trial {number})" if number else ""
    if event.lesson_id:
        where += f" {event.lesson_id}: {event.detail.get('claim', '')}"
    note(f"· {event.kind}{where} by {event.actor}{': ' + str(reason) if reason else ''}", "dim")


_TELLERS: dict[str, Callable[[Workspace, Study, Event], None]] = {
    "trial proposed": _tell_proposal,
    "trial judged": _tell_verdict,
    "trial reflected": _tell_reflection,
    "run complete": _tell_run,
    "run failed": _tell_failure,
    "run pruned": _tell_pruned,
    **dict.fromkeys(
        (
            "trial approved",
            "trial vetoed",
            "trial edited and approved",
            "trial expired",
            "trial cancelled",
            "run lost",
            "run retried",
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
    columns = ("", "#", "what changed", "decided by", study.objective, "change", "verdict", "cites")
    narrow = ("what changed", "decided by")
    print_table(columns, rows, f"{study.name} · {study.state}", right=("#", study.objective), wrap=narrow)
    say(study.stamp, "dim")
    if study.recommended_id:
        best = workspace.store.trials.get(study.recommended_id)
        kind = "best by verdict" if study.recommended_id == study.incumbent_id else "best pooled estimate"
        say(f"recommended: trial {best.number} ({kind}), {study.objective} {metric(best.value)}", "bold")
    final = final_comparison(workspace.store, workspace.artifacts, study)
    if final:
        gain = change(final.difference, final.low, final.high)
        say(f"on fresh seeds, against the baseline: {gain}, {final.verdict}")
    if study.state in _NEXT:
        say(_NEXT[study.state].format(id=study.id))


_NEXT = {
    StudyState.FINISHED: "next: python -m core report {id} · python -m core reveal {id}",
    StudyState.PAUSED: "it is paused; go on: python -m core resume {id}",
    StudyState.ACTIVE: "it goes on; see it: python -m core follow {id}",
    StudyState.STOPPING: "it is ending; see it: python -m core follow {id}",
}


def _row(workspace: Workspace, study: Study, trial: Trial) -> tuple[object, ...]:
    decisions = workspace.store.trials.decisions(trial.id)
    cited = [str(found.lesson_id) for found in workspace.store.proposals.retrievals(trial.id) if found.cited]
    decision = _decided_by(decisions[0]) if decisions else "–"
    comparison = Comparison.from_json(trial.comparison) if trial.comparison else None
    gap = change(comparison.difference, comparison.low, comparison.high) if comparison else "–"
    return (
        _glyph(trial),
        trial.number,
        param_changes(_changes(workspace, trial)) or trial.kind,
        decision,
        metric(trial.value),
        gap,
        _verdict_text(trial),
        ", ".join(cited),
    )


def _changes(workspace: Workspace, trial: Trial) -> dict[str, tuple[object, object]]:
    """What really ran against what the agent planned from; of a config without a proposal, against the baseline."""
    proposal = workspace.store.proposals.proposal(trial.id)
    if proposal is not None and dict(proposal.params) == dict(trial.params):
        return dict(proposal.changes)
    base = workspace.store.trials.by_number(trial.study_id, 1).params
    if proposal is not None:
        base = {**proposal.params, **{axis: before for axis, (before, _) in proposal.changes.items()}}
    return {axis: (base.get(axis), value) for axis, value in trial.params.items() if base.get(axis) != value}


def _decided_by(decision: Decision) -> str:
    return decision.actor if decision.kind == "approve" else f"{decision.actor}: {decision.kind}"


def _glyph(trial: Trial) -> Text:
    styles = {Verdict.BETTER: "green", Verdict.NOT_BETTER: "magenta"}
    if trial.pruned_at is not None:
        return Text("✕", style="yellow")
    if trial.verdict is None:
        return Text("■" if trial.value is not None else " ")
    return Text(GLYPHS[trial.verdict], style=styles.get(trial.verdict, ""))


def _verdict_text(trial: Trial) -> str:
    if trial.pruned_at is not None:
        return f"pruned, {trial.verdict} by epoch {trial.pruned_at}"
    if trial.verdict is not None:
        return str(trial.verdict)
    return "baseline" if trial.kind == "baseline" and trial.value is not None else str(trial.state)
