"""What a study may take at most, beside its budget of trials: minutes of training, its language model's tokens and
money. The program's limits hold for every study; a study's own caps can only be lower."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.errors import Conflict, InvalidInput
from core.figures import duration
from core.records import Run, Study
from core.settings import ModelLimits
from core.states import RunState
from core.store import Store

CAPS = {
    "minutes": "all runs together; the fresh seeds at the end come on top, as with trials",
    "tokens": "read and written by the language model",
    "money": "what the language model costs",
}


@dataclass(frozen=True)
class Minutes:
    """Training of a study, in minutes: `used` so far, `ahead` on runs that are queued or under way, and what a run
    takes, 0 before the first has ended. Fresh seeds are left out."""

    cap: float
    used: float
    ahead: float
    typical: float

    @property
    def has_room(self) -> bool:
        """Whether a further run is likely to end within the cap."""
        left = self.cap - self.used - self.ahead
        return left > 0 and left >= self.typical

    @property
    def words(self) -> str:
        """Such as `58 min of 1 h 0 min of training are used, and a run takes about 3 min 10 s`."""
        ahead = f", {duration(self.ahead * 60)} more are under way" if self.ahead else ""
        typical = f", and a run takes about {duration(self.typical * 60)}" if self.typical else ""
        return f"{duration(self.used * 60)} of {duration(self.cap * 60)} of training are used{ahead}{typical}"


def check_caps(caps: Mapping[str, float]) -> dict[str, float]:
    """The caps as numbers. Raises InvalidInput naming those that exist."""
    for name, limit in caps.items():
        if name not in CAPS:
            raise InvalidInput(f"nothing called {name!r} can be capped; there are {', '.join(CAPS)}")
        if not isinstance(limit, int | float) or not 0 < limit < math.inf:
            raise InvalidInput(f"cap {name}={limit!r} must be a number above 0; leave it out for no cap")
    return {name: int(limit) if name == "tokens" else float(limit) for name, limit in caps.items()}


def within(limits: ModelLimits, caps: Mapping[str, float]) -> ModelLimits:
    """The limits, lowered to the study's own caps."""
    money = [each for each in (limits.money, caps.get("money")) if each is not None]
    return replace(
        limits,
        tokens=min(limits.tokens, int(caps.get("tokens", limits.tokens))),
        money=min(money, default=None),
    )


def minutes_of(store: Store, study: Study) -> Minutes | None:
    """How the study stands against its cap on training; None without one."""
    if "minutes" not in study.caps:
        return None
    runs = [run for run in store.runs.of_study(study.id) if run.purpose != "fresh"]
    complete = [run.seconds / 60 for run in runs if run.state is RunState.COMPLETE]
    typical = sum(complete) / len(complete) if complete else 0.0
    spent = {run.id: _seconds(store, run) / 60 for run in runs}
    ahead = sum(max(typical - spent[run.id], 0.0) for run in runs if not run.has_ended)
    return Minutes(study.caps["minutes"], sum(spent.values()), ahead, typical)


def why_no_room(store: Store, study: Study) -> str:
    """Why no further run may be queued, in a sentence; empty when one may."""
    minutes = minutes_of(store, study)
    if minutes is None or minutes.has_room:
        return ""
    return f"its cap on training leaves no room for a further run: {minutes.words}"


def refuse_without_room(store: Store, study: Study) -> None:
    """Raises Conflict where a further run could pass the study's cap on training."""
    if why := why_no_room(store, study):
        raise Conflict(
            f"study {study.id}: {why}; raise the cap in its settings "
            f"(python -m core settings {study.id} --cap minutes=N), or let the study end"
        )


def _seconds(store: Store, run: Run) -> float:
    """Of training so far; a run that has not ended is counted by its epochs."""
    return run.seconds if run.has_ended else sum(value.seconds for value in store.runs.values(run.id))
