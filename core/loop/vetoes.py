"""What a person vetoed stays refused: each vetoed step becomes a wish that agents read beside the instructions.

A step is one field in one direction, so that what lies beyond the vetoed value is not proposed either. A later
instruction that names the field, or a trial of a person's own on it, lifts the veto.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.agents.expert.instructions import read
from core.agents.protocol import Draft
from core.agents.tried import moved
from core.records import Decision, Params, Proposal, Study, Trial
from core.space import Param, SearchSpace
from core.states import TrialState
from core.store import Store

VERBS = {"up": "raise", "down": "lower"}


@dataclass(frozen=True)
class Veto:
    """A vetoed step, and the number of the trial that proposed it."""

    number: int
    axis: str
    direction: str
    after: object

    @property
    def words(self) -> str:
        """Such as `hidden_dim (up)`."""
        return f"{self.axis} ({self.direction})"

    def wish(self, declared: Mapping[str, Param]) -> str:
        """As an instruction that rules can read; empty where its option has no name of its own."""
        act = f"{VERBS[self.direction]} {self.axis}" if self.direction in VERBS else f"use {self.direction}"
        meant = {(self.axis, self.direction)}
        if declared[self.axis].kind == "flag":
            act, meant = f"touch {self.axis}", {(self.axis, "")}
        text = f"vetoed in trial {self.number}: do not {act}"
        return text if read(text, declared).forbidden == meant else ""


def standing_vetoes(store: Store, study: Study, trials: Sequence[Trial]) -> tuple[Veto, ...]:
    """Every vetoed step of the study that nobody has lifted since; a veto of several fields at once refuses that config
    alone. `trials` are all of the study's, by number."""
    vetoed = [trial for trial in trials if trial.state is TrialState.VETOED]
    if not vetoed:
        return ()
    decided = {kind: _times(store.trials.decided(study.id, kind)) for kind in ("veto", "edit")}
    proposals = store.listings.proposals([*(trial.id for trial in vetoed), *decided["edit"]])
    tried = _tried_by_a_person(trials, proposals, decided["edit"])
    found: dict[tuple[str, str], Veto] = {}
    for trial in vetoed:
        proposal = proposals.get(trial.id)
        if proposal is None or not proposal.axis or len(proposal.changes) != 1:
            continue
        at = decided["veto"][trial.id]
        if tried.get(proposal.axis, at) <= at and not _is_instructed_since(store, study, proposal.axis, at):
            after = proposal.changes[proposal.axis][1]
            found[proposal.axis, proposal.direction] = Veto(trial.number, proposal.axis, proposal.direction, after)
    return tuple(found.values())


def instructed(study: Study, vetoes: Sequence[Veto], declared: Mapping[str, Param]) -> Study:
    """The study as an agent is told of it: its instructions, then the vetoes."""
    wishes = [wish for veto in vetoes if (wish := veto.wish(declared))]
    return replace(study, instructions=";\n".join(filter(None, (study.instructions, *wishes))))


def without_vetoed(space: SearchSpace, vetoes: Sequence[Veto], trials: Sequence[Trial]) -> SearchSpace:
    """The space without vetoed options that no wish can name, such as `all`, as long as no trial ran with them."""
    for veto in vetoes:
        param = space.searched.get(veto.axis)
        ran = any(trial.params.get(veto.axis) == veto.after for trial in trials if trial.state is TrialState.APPROVED)
        if param is None or ran or veto.after not in param.options or veto.wish(space.declared):
            continue
        space = space.narrow(veto.axis, options=tuple(each for each in param.options if each != veto.after))
    return space


def told_apart(draft: Draft, study: Study, vetoes: Sequence[Veto], declared: Mapping[str, Param]) -> Draft:
    """The draft with what was instructed and what was vetoed as sentences of their own."""
    if not vetoes:
        return draft
    together = read(instructed(study, vetoes, declared).instructions, declared).sentence
    apart = f"As vetoed, it leaves alone: {', '.join(sorted(veto.words for veto in vetoes))}."
    told = " ".join(filter(None, (read(study.instructions, declared).sentence, apart)))
    return replace(draft, mechanism=draft.mechanism.replace(together, told)) if together else draft


def _is_instructed_since(store: Store, study: Study, axis: str, at: float) -> bool:
    """Whether the instructions were written anew after the veto, and name its field."""
    names = "|".join(re.escape(name) for name in (axis, axis.replace("_", " ")))
    if not re.search(rf"(?<!\w)(?:{names})(?!\w)", study.instructions, re.IGNORECASE):
        return False
    before = [each["body"]["instructions"] for each in store.studies.revisions(study.id) if each["at"] <= at]
    return not before or before[-1] != study.instructions


def _times(decisions: Iterable[Decision]) -> dict[int, float]:
    """When each trial was last decided so."""
    return {decision.trial_id: decision.at for decision in decisions}


def _tried_by_a_person(
    trials: Sequence[Trial], proposals: Mapping[int, Proposal], edited: Mapping[int, float]
) -> dict[str, float]:
    """When a person last moved each field, in a trial of their own or by an edit."""
    found: dict[str, float] = {}
    for trial in trials:
        proposal, at = proposals.get(trial.id), trial.created_at
        if trial.kind == "person":
            fields = moved(trial, None, trials[0].params)
        elif proposal is not None and trial.id in edited:
            fields, at = _differing(proposal.params, trial.params), edited[trial.id]
        else:
            continue
        found |= {name: max(at, found.get(name, at)) for name in fields}
    return found


def _differing(proposed: Params, ran: Params) -> frozenset[str]:
    return frozenset(name for name in {*proposed, *ran} if proposed.get(name) != ran.get(name))
