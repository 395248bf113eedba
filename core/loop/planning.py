"""Asks the agent for the next trial and settles who decides it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from core.agents.protocol import Agent, Draft, Evidence, Nothing
from core.agents.tried import CLOSE_TO, near
from core.approval import config_hash
from core.clock import Clock
from core.errors import Conflict
from core.loop.costs import minutes_of
from core.loop.gates import EVENT, Asked, fired
from core.loop.gathering import Gathering
from core.loop.vetoes import standing_vetoes, told_apart
from core.memory.hits import Hit
from core.records import Study, Trial
from core.states import Autonomy, StudyState, TrialState
from core.store import Found, Store
from core.studies.caps import why_no_room

WINDOW_SECONDS = 15 * 60.0  # how long a `window` study waits for a veto, unless it says otherwise


class Planning:
    """As many proposals wait at a time as the study says; while people decide, one approved trial may be ahead."""

    def __init__(
        self, store: Store, gathering: Gathering, agent_of: Callable[[Study], Agent], clock: Clock, parallel: int
    ) -> None:
        self._store = store
        self._gathering = gathering
        self._agent_of = agent_of
        self._clock = clock
        self._parallel = parallel
        self._rested: dict[int, str] = {}  # study -> why its agent proposes nothing while something is open

    def step(self, study: Study) -> bool:
        """Settle deadlines, then propose a trial if one is wanted; whether anything happened."""
        settled = self._settle_deadlines(study) or self._settle_autopilot(study)
        return settled or (self._wants_trial(study) and self._propose(study))

    def _wants_trial(self, study: Study) -> bool:
        if study.state is not StudyState.ACTIVE:
            return False
        trials = self._store.trials.of_study(study.id)
        used = [trial for trial in trials if trial.state in (TrialState.PROPOSED, TrialState.APPROVED)]
        if len(used) >= study.max_trials or sum(trial.waits for trial in used) >= study.parallel:
            return False
        ahead, at_once = sum(trial.judged_at is None for trial in used), max(study.parallel, self._parallel)
        is_free = ahead < at_once if study.autonomy is Autonomy.AUTOPILOT else ahead <= at_once
        return is_free and not why_no_room(self._store, study)

    def _propose(self, study: Study) -> bool:
        evidence = self._gathering.evidence(study)
        agent = self._agent_of(study)
        draft = agent.propose(evidence)
        if isinstance(draft, Nothing):
            return self._rest(study, agent.name, draft, evidence)
        if config_hash(draft.params) in _held(evidence):
            raise Conflict(f"{agent.name} proposed a config that this study holds already, and is asked again later")
        self._rested.pop(study.id, None)
        draft = self._completed(draft, evidence, study)
        study = self._store.studies.get(study.id)  # its settings may have changed while the agent thought
        asks = fired(draft, replace(evidence, study=study))
        try:
            trial = self._store.proposals.propose(
                study,
                draft.params,
                (study.seed,),
                _frozen(draft, evidence, draft.author or agent.name),
                _found(draft, evidence, self._gathering.cited(evidence, draft.cited)),
                self._deadline(study),
            )
        except Conflict:  # a person queued the same config meanwhile: plan again with it in sight
            return False
        self._store.calls.attach(draft.calls, trial.id)
        self._decide_by_autonomy(study, trial, asks)
        return True

    def _rest(self, study: Study, author: str, nothing: Nothing, evidence: Evidence) -> bool:
        """The study ends, unless something of it is still open: then that there is nothing more is told, once."""
        live = (TrialState.PROPOSED, TrialState.APPROVED)
        if not any(view.trial.judged_at is None for view in evidence.trials if view.trial.state in live):
            self._store.studies.move(study.id, StudyState.STOPPING, author, nothing.reason)
        elif self._rested.get(study.id) != nothing.reason:
            self._rested[study.id] = nothing.reason
            self._store.events.note("nothing proposed", author, {"reason": nothing.reason}, study_id=study.id)
        return False

    def _completed(self, draft: Draft, evidence: Evidence, study: Study) -> Draft:
        """What the loop knows better than any agent: the cost, a trial close by, and whose wish was heard."""
        close = near((view.trial for view in evidence.trials), draft.params)
        beside = f"{CLOSE_TO} {close}" if close else ""
        novelty = draft.novelty if beside in draft.novelty else "; ".join(filter(None, (draft.novelty, beside)))
        draft = replace(draft, minutes=minutes_of(draft, evidence), novelty=novelty)
        vetoes = standing_vetoes(self._store, study, [view.trial for view in evidence.trials])
        return told_apart(draft, study, vetoes, evidence.space.declared)

    def _decide_by_autonomy(self, study: Study, trial: Trial, asks: Sequence[Asked]) -> None:
        if study.autonomy is Autonomy.AUTOPILOT or (study.autonomy is Autonomy.GATED and not asks):
            reason = "no gate fired" if study.autonomy is Autonomy.GATED else ""
            self._store.trials.decide(trial, "approve", "autopilot", str(study.autonomy), reason, trial.approval_hash)
        elif asks:
            detail = {"gates": [each.why for each in asks], "names": [each.gate for each in asks]}
            self._store.events.note(EVENT, "autopilot", detail, study_id=study.id, trial_id=trial.id)

    def _deadline(self, study: Study) -> float | None:
        if study.autonomy is Autonomy.WINDOW:
            return self._clock.now() + (study.deadline_seconds or WINDOW_SECONDS)
        if study.autonomy is Autonomy.EACH and study.deadline_seconds:
            return self._clock.now() + study.deadline_seconds
        return None

    def _settle_autopilot(self, study: Study) -> bool:
        """On autopilot nothing waits: what was proposed just before somebody switched is decided now."""
        if study.autonomy is not Autonomy.AUTOPILOT:
            return False
        waiting = self._store.trials.waiting(study.id)
        for trial in waiting:
            proposal, full = self._store.proposals.proposal(trial.id), why_no_room(self._store, study)
            kind = "expire" if full or (proposal and proposal.stale) else "approve"
            with suppress(Conflict):  # somebody decided in the last moment
                self._store.trials.decide(trial, kind, "autopilot", str(study.autonomy), full, trial.approval_hash)
        return bool(waiting)

    def _settle_deadlines(self, study: Study) -> bool:
        """In `window` silence approves, elsewhere it expires."""
        late = [t for t in self._store.trials.waiting(study.id) if t.deadline_at and t.deadline_at <= self._clock.now()]
        for trial in late:
            kind = "approve" if study.autonomy is Autonomy.WINDOW else "expire"
            proposal, full = self._store.proposals.proposal(trial.id), why_no_room(self._store, study)
            if full or (proposal and proposal.stale):
                kind = "expire"
            why = full or "nobody decided in time"
            try:
                self._store.trials.decide(trial, kind, "deadline", "deadline", why, trial.approval_hash)
            except Conflict:  # somebody decided in the last moment
                continue
        return bool(late)


def _held(evidence: Evidence) -> set[str]:
    """Hashes of the configs that were run, wait or were vetoed, as the agent was shown them."""
    gone = (TrialState.EXPIRED, TrialState.CANCELLED)
    return {view.trial.config_hash for view in evidence.trials if view.trial.state not in gone}


def _frozen(draft: Draft, evidence: Evidence, author: str) -> Mapping[str, Any]:
    base = next((v for v in evidence.trials if v.trial.id == draft.base_trial_id), None)
    scale = base.trial.value if base else None
    expected = {
        "relative": draft.expected,
        "relative_sd": draft.expected_sd,
        "absolute": _scaled(draft.expected, scale),
        "absolute_sd": _scaled(draft.expected_sd, scale),
    }
    return {
        "author": author,
        "changes": {axis: list(pair) for axis, pair in draft.changes.items()},
        "axis": draft.axis,
        "direction": draft.direction,
        "claim": draft.claim,
        "mechanism": draft.mechanism,
        "expected": expected,
        "risk": draft.risk,
        "novelty": draft.novelty,
        "falsifier": draft.falsifier,
        "cost": {"minutes": draft.minutes, "seeds": 1, "money": draft.money},
        "base_trial_id": draft.base_trial_id,
    }


def _scaled(share: float | None, scale: float | None) -> float | None:
    return None if share is None or scale is None else share * scale


def _found(draft: Draft, evidence: Evidence, looked_up: Sequence[Hit]) -> list[Found]:
    """Every lesson that was found, whether it was shown, and whether the draft rests on it."""
    shown = {hit.lesson.id for hit in evidence.hits}
    return [
        Found(
            lesson_id=hit.lesson.id,
            revision=hit.lesson.revision,
            score=hit.score,
            parts=hit.parts,
            shown=hit.lesson.id in shown or hit.lesson.id in draft.cited,
            cited=hit.lesson.id in draft.cited,
            decisive=hit.lesson.id == draft.decisive,
        )
        for hit in (*evidence.hits, *evidence.held_back, *looked_up)
    ]
