"""The trials a lesson rests on: those of this home, and those of others that a memory pack brought."""

from dataclasses import dataclass

from core.memory.records import Evidence, ForeignEvidence
from core.records import Study
from core.store import Store
from core.views.lessons import effect


@dataclass(frozen=True)
class Witness:
    """A trial that speaks for or against the lesson."""

    study: Study
    number: int
    change: str
    helped: bool


@dataclass(frozen=True)
class Elsewhere:
    """What a trial of another home said, brought by a pack: its data, its study and number, and the change it saw."""

    dataset: str
    study: str
    number: str
    change: str
    helped: bool


def witness(store: Store, each: Evidence) -> Witness:
    """The trial with its study."""
    trial = store.trials.get(each.trial_id)
    return Witness(store.studies.get(trial.study_id), trial.number, effect(each), each.effect > 0)


def elsewhere(each: ForeignEvidence) -> Elsewhere:
    """`origin` is data/study/number/second; a study's name may hold slashes."""
    parts = each.origin.split("/")
    named = ("/".join(parts[1:-2]), parts[-2]) if len(parts) >= 4 else (each.origin, "")
    return Elsewhere(each.dataset, *named, effect(each), each.effect > 0)
