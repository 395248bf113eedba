"""One decision on several proposals at once: each stands or falls by itself, and what was refused is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import VirtualMLEError
from core.records import Trial
from core.store import Store
from core.studies.deciding import Deciding, veto_reason


@dataclass(frozen=True)
class Seen:
    """A proposal as it stood in front of a person."""

    trial_id: int
    label: str
    approval_hash: str


@dataclass(frozen=True)
class Outcome:
    """What became of one of them; `refused` is the reason when nothing was changed."""

    label: str
    refused: VirtualMLEError | None


def approve_each(store: Store, seen: Sequence[Seen], actor: str, via: str) -> tuple[Outcome, ...]:
    """Approve them one by one; a stale, changed or already decided one is refused and the others go on."""
    deciding = Deciding(store)
    return _each(store, seen, lambda trial, hash: deciding.approve(trial, actor, via, hash))


def veto_each(store: Store, seen: Sequence[Seen], reason: str, actor: str, via: str) -> tuple[Outcome, ...]:
    """Veto them one by one for the same reason. Raises InvalidInput for a blank or overlong one, before any is
    touched."""
    text, deciding = veto_reason(reason), Deciding(store)
    return _each(store, seen, lambda trial, hash: deciding.veto(trial, text, actor, via, hash))


def _each(store: Store, seen: Sequence[Seen], decide: Callable[[Trial, str], Trial]) -> tuple[Outcome, ...]:
    outcomes = []
    for each in seen:
        try:
            decide(store.trials.get(each.trial_id), each.approval_hash)
            outcomes.append(Outcome(each.label, None))
        except VirtualMLEError as problem:
            outcomes.append(Outcome(each.label, problem))
    return tuple(outcomes)
