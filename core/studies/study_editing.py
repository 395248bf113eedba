"""Editing a running study's settings; what waits for a decision follows the new way of deciding."""

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, InvalidInput
from core.loop.gates import gates_of
from core.loop.planning import WINDOW_SECONDS
from core.records import Study, Trial
from core.space import SearchSpace
from core.states import Autonomy
from core.store import Store
from core.studies.caps import check_caps, why_no_room
from core.studies.guards import check_guards
from core.studies.starting import check_ask_for, check_gates, check_parallel


def edit_settings(
    store: Store, study: Study, revision: int, changes: Mapping[str, Any], actor: str, reason: str = ""
) -> Study:
    """The study with the new settings; `revision` is the one the editor had in front of them.

    A new `autonomy` holds for what waits already: autopilot approves it, gated approves what tripped no gate, window
    gives it a deadline, each takes a deadline of the window away. Raises InvalidInput, and Conflict when the study has
    ended or was edited since, or when other epochs would part the trials so far from those to come.
    """
    if study.has_ended:
        raise Conflict(f"study {study.id} is {study.state}; its settings stay as they are: start another study")
    edited = store.studies.edit(study.id, revision, _checked(study, changes), actor, reason)
    if edited.autonomy is not study.autonomy:
        for trial in store.trials.waiting(study.id):
            _follow(store, edited, trial, actor)
    return edited


def _checked(study: Study, changes: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(changes)
    if "autonomy" in checked and checked["autonomy"] not in list(Autonomy):
        raise InvalidInput(f"autonomy {checked['autonomy']!r} does not exist; choose {', '.join(Autonomy)}")
    for name, low in (("max_trials", 1), ("max_epochs", 1), ("min_gain", 0)):
        if name in checked and checked[name] < low:
            raise InvalidInput(f"{name}={checked[name]} is too small; give at least {low}")
    deadline = checked.get("deadline_seconds")
    if deadline is not None and deadline <= 0:
        raise InvalidInput(f"a deadline of {deadline} s is no time to decide in; give more, or none")
    if "parallel" in checked:
        check_parallel(checked["parallel"])
    for name, check in (("guards", check_guards), ("caps", check_caps), ("gates_off", check_gates)):
        if name in checked:
            checked[name] = check(checked[name])
    if "ask_for" in checked:
        checked["ask_for"] = check_ask_for(checked["ask_for"], SearchSpace.from_json(study.space))
    return checked


def _follow(store: Store, study: Study, trial: Trial, actor: str) -> None:
    """Settle one waiting trial by the study's new autonomy; somebody's decision meanwhile stands."""
    proposal = store.proposals.proposal(trial.id)
    is_stale = proposal is not None and bool(proposal.stale)
    asks = gates_of(store, study, trial)
    runs = study.autonomy is Autonomy.AUTOPILOT or (study.autonomy is Autonomy.GATED and not asks and not is_stale)
    try:
        if runs and not is_stale and why_no_room(store, study):
            return  # the study is about to end
        if runs:
            kind, why = ("expire", "stale when") if is_stale else ("approve", "since")
            told = f"{why} {actor} set the study to {study.autonomy}"
            store.trials.decide(trial, kind, "autopilot", str(study.autonomy), told, trial.approval_hash)
        else:
            store.trials.set_deadline(trial, _deadline(store, study), actor)
    except Conflict:
        return


def _deadline(store: Store, study: Study) -> float | None:
    now = store.trials.clock.now()
    if study.autonomy is Autonomy.WINDOW:
        return now + (study.deadline_seconds or WINDOW_SECONDS)
    return now + study.deadline_seconds if study.autonomy is Autonomy.EACH and study.deadline_seconds else None
