"""A proposal in the terminal, in the order of the approval card."""

from collections.abc import Callable, Iterator

from core.cli.output import note
from core.figures import duration, objective_words, param_changes, percent, signed, signed_percent
from core.loop.gates import gates_of
from core.records import Proposal, Study, Trial
from core.states import Autonomy
from core.workspace import Workspace


def show_proposal(
    workspace: Workspace,
    study: Study,
    trial: Trial,
    proposal: Proposal,
    asks: bool,
    tell: Callable[[str, str], None] = note,
) -> None:
    """What changes, why, what is expected, what would refute it, cost, risk, lessons; how to decide, if it asks."""
    changed = param_changes(proposal.changes)
    tell(f"◆ trial {trial.number} of study {study.id}, proposal {proposal.id}: {changed}", "bold")
    for name, text in _card(workspace, study, trial, proposal):
        tell(f"    {name:<9} {text}", "yellow" if name == "stale" else "")
    if asks:
        verbs = f'approve | edit --set FIELD=VALUE | veto --reason "…"{" | replan" if proposal.stale else ""}'
        tell(f"    decide: python -m core decide {proposal.id} {verbs}", "")


def _card(workspace: Workspace, study: Study, trial: Trial, proposal: Proposal) -> Iterator[tuple[str, str]]:
    yield "why", proposal.mechanism
    yield "expected", _expected(proposal, study)
    if proposal.falsifier:
        yield "wrong if", proposal.falsifier
    yield "cost", _cost(proposal)
    yield "risk", f"{proposal.risk}; {proposal.novelty}"
    for found in workspace.store.proposals.retrievals(trial.id):
        if found.cited:
            lesson = workspace.store.lessons.get(found.lesson_id)
            chose = " · chose this step" if found.decisive else ""
            yield "lesson", f"{lesson.id}: {lesson.claim} (score {found.score:.2f}{chose})"
    if trial.waits and (gates := gates_of(workspace.store, study, trial)):
        yield "asks", "; ".join(gates)
    if trial.deadline_at is not None and trial.waits:
        silence = "it runs" if study.autonomy is Autonomy.WINDOW else "it expires"
        left = max(trial.deadline_at - workspace.clock.now(), 0.0)
        yield "deadline", f"{silence} in {duration(left)} unless somebody decides"
    if proposal.stale:
        yield "stale", proposal.stale


def _expected(proposal: Proposal, study: Study) -> str:
    relative, sd = proposal.expected["relative"], proposal.expected["relative_sd"]
    if relative is None:
        return "no change predicted"
    text = f"{signed_percent(relative)} ± {percent(sd)}"
    absolute, absolute_sd = proposal.expected["absolute"], proposal.expected["absolute_sd"]
    if absolute is not None and absolute_sd is not None:
        text += f" ({objective_words(study.objective)} {signed(absolute)} ± {absolute_sd:.4f})"
    return text


def _cost(proposal: Proposal) -> str:
    minutes = proposal.cost.get("minutes")
    return f"{duration(minutes * 60) if minutes is not None else 'not known yet'}, 1 seed"
