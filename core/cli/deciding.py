"""decide and queue: a person's acts on trials."""

import argparse
from typing import Any

from core.cli.cards import show_proposal
from core.cli.output import print_json, say
from core.cli.study_json import proposal_json
from core.errors import InvalidInput
from core.records import Proposal, Study, Trial
from core.space import SearchSpace
from core.studies.deciding import trial_of
from core.worker.launch import ensure_worker
from core.workspace import Workspace

VIA = "command line"


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    verb = verbs.add_parser("decide", help="approve, edit or veto a proposal; without one, those that wait")
    verb.add_argument("proposal", nargs="?", type=int)
    verb.add_argument("act", nargs="?", choices=("approve", "edit", "veto", "replan"))
    verb.add_argument("--set", action="append", default=[], dest="changes", metavar="FIELD=VALUE", help="of an edit")
    verb.add_argument("--reason", default="", help="of a veto, or of an edit")
    verb.add_argument("--hash", help="decide only if it is still exactly this (see the card)")
    verb.add_argument("--stale", action="store_true", help="approve although a lesson it cites was changed")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=decide)
    own = verbs.add_parser("queue", help="run a config of your own in a study")
    own.add_argument("study")
    own.add_argument("--set", action="append", default=[], dest="changes", metavar="FIELD=VALUE", required=True)
    own.add_argument("--reason", default="")
    own.set_defaults(run=queue)
    seeds = verbs.add_parser("add-seeds", help="run more seeds of a trial, for a firmer verdict")
    seeds.add_argument("study")
    seeds.add_argument("trial", type=int, help="its number")
    seeds.add_argument("--count", type=int, default=1)
    seeds.set_defaults(run=add_seeds)


def decide(workspace: Workspace, given: argparse.Namespace) -> int:
    """Decide one proposal, or show those that wait."""
    if given.proposal is None:
        return _show_waiting(workspace, given.json)
    proposal, trial = trial_of(workspace.store, given.proposal)
    if given.act is None:
        study = workspace.store.studies.get(trial.study_id)
        if given.json:
            print_json(_card_json(study, trial, proposal))
            return 0
        show_proposal(workspace, study, trial, proposal, trial.waits, say)
        say(f"    hash      {trial.approval_hash} (config, seeds, space and protocol; {trial.state})", "dim")
        return 0
    decided = _decide(workspace, given, trial)
    ensure_worker(workspace.settings)
    beside = workspace.deciding.close_to(decided) if given.act == "edit" else ""
    if given.json:
        told = {"trial": decided.number, "state": str(decided.state), "approval_hash": decided.approval_hash}
        print_json({**told, "warning": beside} if beside else told)
    else:
        say(f"trial {decided.number} is {decided.state} · {decided.approval_hash}. {beside}".strip(". "))
    return 0


def _decide(workspace: Workspace, given: argparse.Namespace, trial: Trial) -> Trial:
    deciding, actor = workspace.deciding, given.actor
    if given.act == "approve":
        return deciding.approve(trial, actor, VIA, given.hash, given.stale)
    if given.act == "edit":
        space = SearchSpace.from_json(workspace.store.studies.get(trial.study_id).space)
        changes = space.parse(given.changes)
        if not changes:
            raise InvalidInput("an edit needs at least one --set FIELD=VALUE")
        return deciding.edit(trial, changes, actor, VIA, given.reason, given.hash)
    if given.act == "veto":
        return deciding.veto(trial, given.reason, actor, VIA, given.hash)
    return deciding.replan(trial, actor, VIA)


def _show_waiting(workspace: Workspace, as_json: bool) -> int:
    found = [(trial, workspace.store.proposals.proposal(trial.id)) for trial in workspace.store.trials.waiting()]
    waiting = [(workspace.store.studies.get(t.study_id), t, proposal) for t, proposal in found if proposal]
    if as_json:
        print_json([_card_json(*each) for each in waiting])
        return 0
    for study, trial, proposal in waiting:
        show_proposal(workspace, study, trial, proposal, True, say)
    if not waiting:
        say("nothing waits for a decision")
    return 0


def _card_json(study: Study, trial: Trial, proposal: Proposal) -> dict[str, Any]:
    told = {"study": study.id, "trial": trial.number, "state": str(trial.state), "approval_hash": trial.approval_hash}
    return {**told, "deadline_at": trial.deadline_at, "proposal": proposal_json(proposal)}


def queue(workspace: Workspace, given: argparse.Namespace) -> int:
    """A person's own config."""
    study = workspace.store.studies.get(given.study)
    changes = SearchSpace.from_json(study.space).parse(given.changes)
    trial = workspace.deciding.queue(study, changes, given.actor, VIA, given.reason)
    ensure_worker(workspace.settings)
    say(f"trial {trial.number} of study {study.id} is queued. {workspace.deciding.close_to(trial)}".strip(". "))
    return 0


def add_seeds(workspace: Workspace, given: argparse.Namespace) -> int:
    """More seeds of a trial."""
    study = workspace.store.studies.get(given.study)
    trial = workspace.store.trials.by_number(study.id, given.trial)
    changed = workspace.deciding.add_seeds(trial, given.count, given.actor, VIA)
    ensure_worker(workspace.settings)
    say(f"trial {changed.number} now has seeds {', '.join(map(str, changed.seeds))}; it is judged again when they end")
    return 0
