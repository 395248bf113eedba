"""What a change of a study's epochs would do to the runs that were trained under the old limit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import RowMapping

from core.errors import Conflict
from core.states import RunState
from core.store import schema

_runs = schema.runs
_trials = schema.trials


def refuse_unlike(connection: Connection, study_id: int, before: int, after: int) -> None:
    """Raises Conflict while a run is under way, and where one would have gone otherwise under the new limit: its
    figures and those to come would be of different training, which no protocol stamp tells."""
    columns = (_trials.c.number, _trials.c.params, _runs.c.state, _runs.c.epoch, _runs.c.best_epoch)
    joined = _runs.join(_trials, _trials.c.id == _runs.c.trial_id)
    query = select(*columns).select_from(joined).where(_runs.c.study_id == study_id).order_by(_trials.c.number)
    rows = connection.execute(query.where(_runs.c.state != RunState.CANCELLED)).mappings().all()
    if running := _numbers(row for row in rows if row["state"] == RunState.RUNNING):
        raise Conflict(
            f"epochs {before} → {after}: {running} runs within {before} epochs; wait for its end or pause the study, "
            "then change them: paused runs go on under the new limit"
        )
    if unlike := _numbers(row for row in rows if not _is_alike(row, before, after)):
        raise Conflict(
            f"epochs {before} → {after}: {unlike} would have trained otherwise within {after} epochs, so that its "
            f"figures and those to come would not compare; start another study with {after} epochs"
        )


def _is_alike(run: RowMapping, before: int, after: int) -> bool:
    """Whether a run comes to the same value under both limits."""
    epoch, best, params = run["epoch"], run["best_epoch"], run["params"]
    if not epoch:
        return True
    if _is_planned_over_epochs(params):
        return False
    if run["state"] != RunState.COMPLETE or best is None:
        return bool(epoch <= after)
    if after < before:
        return bool(best <= after)
    return bool(epoch < before or epoch - best >= params.get("early_stop_patience", epoch))


def _is_planned_over_epochs(params: Mapping[str, Any]) -> bool:
    """Whether its learning rate depends on how many epochs are planned."""
    return params.get("schedule", "constant") != "constant" or bool(params.get("warmup"))


def _numbers(rows: Any) -> str:
    """`trial 3`, or `each of trials 1, 3`; empty without any."""
    numbers = list(dict.fromkeys(row["number"] for row in rows))
    if len(numbers) < 2:
        return "".join(f"trial {number}" for number in numbers)
    return f"each of trials {', '.join(map(str, numbers))}"
