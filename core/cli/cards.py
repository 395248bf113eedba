"""A proposal in the terminal, in the order of the approval card."""

from core.cli.output import note
from core.figures import duration, percent, signed, signed_percent
from core.records import Proposal, Study, Trial
from core.workspace import Workspace


def show_proposal(workspace: Workspace, study: Study, trial: Trial, proposal: Proposal, asks: bool) -> None:
    """What changes, why, what is expected, what would refute it, cost, risk, lessons; how to decide, if it asks."""
    note(f"◆ trial {trial.number}, proposal {proposal.id}: {_changes(proposal)}", "bold")
    note(f"    why       {proposal.mechanism}")
    note(f"    expected  {_expected(proposal, study)}")
    note(f"    wrong if  {proposal.falsifier}")
    note(f"    cost      {_cost(proposal)}")
    note(f"    risk      {proposal.risk}; {proposal.novelty}")
    for found in workspace.store.proposals.retrievals(trial.id):
        if found.cited:
            lesson = workspace.store.lessons.get(found.lesson_id)
            chose = " · chose this step" if found.decisive else ""
            note(f"    lesson    {lesson.id}: {lesson.claim} (score {found.score:.2f}{chose})")
    if proposal.stale:
        note(f"    stale     {proposal.stale}", "yellow")
    if asks:
        note(f'    decide: python -m core decide {proposal.id} approve | edit --set FIELD=VALUE | veto --reason "…"')


def _changes(proposal: Proposal) -> str:
    return ", ".join(f"{axis} {before} → {after}" for axis, (before, after) in proposal.changes.items())


def _expected(proposal: Proposal, study: Study) -> str:
    relative, sd = proposal.expected["relative"], proposal.expected["relative_sd"]
    text = f"{signed_percent(relative)} ± {percent(sd)}"
    absolute, absolute_sd = proposal.expected["absolute"], proposal.expected["absolute_sd"]
    if absolute is not None and absolute_sd is not None:
        text += f" ({study.objective} {signed(absolute)} ± {absolute_sd:.4f})"
    return text


def _cost(proposal: Proposal) -> str:
    minutes = proposal.cost.get("minutes")
    return f"{duration(minutes * 60) if minutes is not None else 'not known yet'}, 1 seed"
