"""A person's acts on trials and studies, checked before they reach the store."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.agents.tried import CLOSE_TO, near
from core.errors import Conflict, InvalidInput
from core.records import Proposal, Study, Trial
from core.space import SearchSpace
from core.states import TrialState
from core.store import Store
from core.studies.caps import refuse_without_room

LONGEST_REASON = 2_000


class Deciding:
    """Approve, edit, veto, plan again; queue one's own config; add seeds; clone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def approve(
        self, trial: Trial, actor: str, via: str, seen_hash: str | None = None, accept_stale: bool = False
    ) -> Trial:
        """Let the proposed config run as it is. Raises Conflict when decided, changed, stale and not accepted so,
        or without room under the study's cap on training."""
        proposal = self._store.proposals.proposal(trial.id)
        if proposal and proposal.stale and not accept_stale:
            raise Conflict(
                f"the proposal of trial {trial.number} is stale: {proposal.stale}; plan it again (replan), "
                "or approve it all the same (--stale)"
            )
        refuse_without_room(self._store, self._store.studies.get(trial.study_id))
        return self._store.trials.decide(trial, "approve", actor, via, "", seen_hash)

    def edit(
        self,
        trial: Trial,
        changes: Mapping[str, Any],
        actor: str,
        via: str,
        reason: str = "",
        seen_hash: str | None = None,
    ) -> Trial:
        """Approve another config: the proposed one with some fields changed. Raises InvalidParams, Conflict."""
        if not changes:
            raise InvalidInput("nothing was changed; approve it, or give fields to change")
        study = self._store.studies.get(trial.study_id)
        space = SearchSpace.from_json(study.space)
        params = space.complete({**trial.params, **changes})
        if params == dict(trial.params):
            return self.approve(trial, actor, via, seen_hash)
        refuse_without_room(self._store, study)
        return self._store.trials.decide(trial, "edit", actor, via, reason, seen_hash, params)

    def veto(self, trial: Trial, reason: str, actor: str, via: str, seen_hash: str | None = None) -> Trial:
        """Refuse it, for a reason the agent and later readers are told. Raises InvalidInput without one, Conflict."""
        return self._store.trials.decide(trial, "veto", actor, via, veto_reason(reason), seen_hash)

    def replan(self, trial: Trial, actor: str, via: str) -> Trial:
        """Let a waiting proposal go, so that the agent plans again with what it knows now."""
        return self._store.trials.decide(trial, "expire", actor, via, "planned again")

    def queue(self, study: Study, changes: Mapping[str, Any], actor: str, via: str, reason: str = "") -> Trial:
        """A person's own config, approved and queued. Raises InvalidParams, Conflict for a duplicate."""
        if study.has_ended:
            raise Conflict(f"study {study.id} is {study.state}; start another one to run this config")
        params = SearchSpace.from_json(study.space).complete(changes)
        refuse_without_room(self._store, study)
        return self._store.trials.add_approved(study, "person", params, (study.seed,), actor, via, reason)

    def close_to(self, trial: Trial) -> str:
        """A word of warning where another trial of the study is nearly the same; empty otherwise."""
        others = [each for each in self._store.trials.of_study(trial.study_id) if each.id != trial.id]
        number = near(others, trial.params)
        return f"It is {CLOSE_TO} {number}: one number differs, by less than a tenth." if number else ""

    def add_seeds(self, trial: Trial, count: int, actor: str, via: str) -> Trial:
        """Further seeds of an approved trial. Raises InvalidInput, Conflict."""
        if not 1 <= count <= 10:
            raise InvalidInput(f"{count} seeds cannot be added at once; give 1 to 10")
        study = self._store.studies.get(trial.study_id)
        if study.has_ended:
            raise Conflict(f"the study of trial {trial.number} has ended; no seed can be added")
        refuse_without_room(self._store, study)
        first = max(trial.seeds) + 1
        seeds = tuple(range(first, first + count))
        return self._store.trials.add_seeds(trial, seeds, "extra", actor, via, "a person asked for more seeds")


def veto_reason(text: str) -> str:
    """The reason as it is written down. Raises InvalidInput when it is blank or too long."""
    reason = text.strip()
    if not reason:
        raise InvalidInput("a veto needs a reason; the agent learns from it")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"a reason of {len(reason)} characters is too long; at most {LONGEST_REASON}")
    return reason


def trial_of(store: Store, proposal_id: int) -> tuple[Proposal, Trial]:
    """A proposal by its id, with its trial. Raises NotFound."""
    proposal = store.proposals.proposal_by_id(proposal_id)
    return proposal, store.trials.get(proposal.trial_id)


def waiting_summary(store: Store, studies: Sequence[Study]) -> dict[int, int]:
    """How many proposals wait, by study."""
    counts = {study.id: 0 for study in studies}
    for trial in store.trials.waiting():
        if trial.state is TrialState.PROPOSED and trial.study_id in counts:
            counts[trial.study_id] += 1
    return counts
