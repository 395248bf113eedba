"""What a person vetoed stays refused: each vetoed step becomes a wish that agents read beside the instructions.

A step is one field in one direction, so that what lies beyond the vetoed value is not proposed either. A later
instruction that names the field, or a trial of a person's own on it, lifts the veto.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.agents.expert.instructions import read
from core.agents.protocol import Draft
from core.agents.tried import moved
from core.records import Proposal, Study, Trial
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
    proposals = store.listings.proposals([trial.id for trial in trials]) if vetoed else {}
    found: dict[tuple[str, str], Veto] = {}
    for trial in vetoed:
        proposal = proposals.get(trial.id)
        if proposal is None or not proposal.axis or len(proposal.changes) != 1:
            continue
        at = store.trials.decisions(trial.id)[-1].at
        lifted = _is_instructed_since(store, study, proposal.axis, at) or any(
            _is_tried_since(store, trials[0], each, proposals.get(each.id), proposal.axis, at) for each in trials
        )
        if not lifted:
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


def _is_tried_since(store: Store, first: Trial, trial: Trial, proposal: Proposal | None, axis: str, at: float) -> bool:
    """Whether a person moved the field after the veto, in a trial of their own or by an edit."""
    if trial.kind == "person":
        return trial.created_at > at and axis in moved(trial, None, first.params)
    if proposal is None or proposal.params.get(axis) == trial.params.get(axis):
        return False
    return any(each.kind == "edit" and each.at > at for each in store.trials.decisions(trial.id))
