"""settings: how a running study decides, asks and spends, shown and edited."""

import argparse
from collections.abc import Mapping
from typing import Any

from core.cli.limits import NONE, add_limit_options, gates_off, limits_of
from core.cli.output import note, print_json, print_table
from core.errors import InvalidInput
from core.figures import duration
from core.loop.gates import GATES
from core.records import Study
from core.states import Autonomy
from core.studies.study_editing import edit_settings
from core.views.limits import cap_words
from core.worker.launch import ensure_worker
from core.workspace import Workspace


def add_verbs(verbs: Any) -> None:
    """Add this file's verb to the parser."""
    verb = verbs.add_parser("settings", help="who decides, what always asks, the budget; with options, edited")
    verb.add_argument("study", help="id or name")
    verb.add_argument("--autonomy", choices=tuple(Autonomy), help="who decides; holds for what waits already")
    verb.add_argument("--deadline", metavar="MINUTES", help=f"of a proposal; {NONE} lifts it")
    verb.add_argument("--ask-for", metavar="FIELD,FIELD", help=f"fields whose change gated always asks for; {NONE}")
    verb.add_argument("--parallel", type=int, metavar="K", help="proposals at a time")
    verb.add_argument("--trials", type=int, help="budget, the baseline included")
    verb.add_argument("--epochs", type=int, help="most epochs of a run; only where the trials so far stay comparable")
    add_limit_options(verb, None)
    verb.add_argument("--min-gain", type=float, help="smallest gain worth keeping")
    verb.add_argument("--instructions", help="standing instructions for the agent")
    verb.add_argument("--pruning", action=argparse.BooleanOptionalAction, help="stop hopeless runs")
    verb.add_argument("--extra-seeds", action=argparse.BooleanOptionalAction, help="a second look at promising trials")
    verb.add_argument("--reason", default="")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_settings)


def show_settings(workspace: Workspace, given: argparse.Namespace) -> int:
    """The settings of a study; edited first, where changes are given."""
    study = workspace.store.studies.get(given.study)
    if changes := _changes(study, given):
        revision = workspace.store.studies.revision(study.id)
        study = edit_settings(workspace.store, study, revision, changes, given.actor, given.reason)
        ensure_worker(workspace.settings)
        note(f"study {study.id} has settings revision {workspace.store.studies.revision(study.id)}")
    told = {**_told(study), "used": " · ".join(cap_words(workspace.store, study))}
    if given.json:
        print_json(told)
    else:
        rows = [(name, _in_words(value)) for name, value in told.items()]
        print_table(("setting", "value"), rows, study.name)
    return 0


def _changes(study: Study, given: argparse.Namespace) -> dict[str, Any]:
    plain = {
        "autonomy": given.autonomy,
        "parallel": given.parallel,
        "max_trials": given.trials,
        "max_epochs": given.epochs,
        "min_gain": given.min_gain,
        "instructions": given.instructions,
        "use_pruning": given.pruning,
        "extra_seeds": given.extra_seeds,
    }
    changes = {name: value for name, value in plain.items() if value is not None}
    if given.ask_for is not None:
        changes["ask_for"] = [] if given.ask_for == NONE else given.ask_for.split(",")
    if given.guard is not None:
        changes["guards"] = limits_of("--guard", given.guard, study.guards)
    if given.cap is not None:
        changes["caps"] = limits_of("--cap", given.cap, study.caps)
    if given.gates is not None:
        changes["gates_off"] = gates_off(given.gates)
    if given.deadline is not None:
        changes["deadline_seconds"] = None if given.deadline == NONE else _minutes(given.deadline) * 60
    return changes


def _minutes(text: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        raise InvalidInput(f"--deadline {text!r}: write minutes, such as 15, or {NONE}") from problem


def _in_words(value: Any) -> Any:
    return ", ".join(f"{name} {limit:g}" for name, limit in value.items()) if isinstance(value, Mapping) else value


def _told(study: Study) -> dict[str, Any]:
    return {
        "state": str(study.state),
        "agent": study.agent,
        "autonomy": str(study.autonomy),
        "deadline": duration(study.deadline_seconds),
        "ask_for": ", ".join(study.ask_for),
        "gates": ", ".join(name for name in GATES if name not in study.gates_off),
        "parallel": study.parallel,
        "trials": study.max_trials,
        "epochs": study.max_epochs,
        "guards": dict(study.guards),
        "caps": dict(study.caps),
        "min_gain": study.min_gain,
        "instructions": study.instructions,
        "extra_seeds": study.extra_seeds,
        "memory": study.use_memory,
        "reflection": study.use_reflection,
        "pruning": study.use_pruning,
    }
