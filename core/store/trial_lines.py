"""A study's trials as lines of a table: filtered, sorted and paged in SQL, however many there are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.engine import RowMapping

from core.states import RunState, TrialState
from core.store import schema
from core.store.part import Part

_trials = schema.trials
_proposals = schema.proposals
_runs = schema.runs

WAITING, QUEUED, RUNNING, JUDGED = "waiting", "queued", "running", "judged"
STATES = (WAITING, QUEUED, RUNNING, JUDGED, "pruned", "failed", "vetoed", "expired", "cancelled")


@dataclass(frozen=True)
class TrialFilter:
    """What a line must be; empty means any. `states` are of STATES, `contains` is sought in what people read."""

    states: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    contains: str = ""
    archived: bool = False


@dataclass(frozen=True)
class TrialLine:
    """A trial without its curves: `gain` is the change against the trial it was judged with, `seconds` of training."""

    id: int
    number: int
    kind: str
    standing: str
    value: float | None
    gain: float | None
    low: float | None
    high: float | None
    against: int | None
    base_id: int | None  # of the trial it was planned from
    author: str
    axis: str
    changes: Mapping[str, Any]
    claim: str
    params: Mapping[str, Any]
    seeds: int
    seconds: float
    created_at: float
    judged_at: float | None
    note: str
    tags: tuple[str, ...]
    archived_at: float | None


class TrialLines(Part):
    """Reads only."""

    def page(
        self, study_id: int, wanted: TrialFilter, order: str, descending: bool, limit: int | None, offset: int = 0
    ) -> list[TrialLine]:
        """Lines in an order of ORDERS, or by the value of a param; what lacks the value comes last."""
        by = _ordered(order, descending)
        query = _filtered(_lines(), study_id, wanted).order_by(*by, _trials.c.number.desc())
        with self.database.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset) if limit else query).mappings()
            return [_line(row) for row in rows]

    def count(self, study_id: int, wanted: TrialFilter) -> int:
        """How many such lines there are."""
        joined = _trials.outerjoin(_proposals, _proposals.c.trial_id == _trials.c.id)
        query = _filtered(select(func.count()).select_from(joined), study_id, wanted)
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def varied(self, study_id: int, wanted: TrialFilter) -> tuple[str, ...]:
        """The params that are not the same in all such trials, by name."""
        joined = _trials.outerjoin(_proposals, _proposals.c.trial_id == _trials.c.id)
        query = _filtered(select(_trials.c.params).select_from(joined), study_id, wanted)
        first: dict[str, Any] = {}
        found: set[str] = set()
        with self.database.read() as connection:
            for params in connection.execute(query).scalars():
                first = first or params
                found |= {name for name, value in params.items() if first.get(name) != value}
        return tuple(sorted(found))

    def choices(self, study_id: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who planned the study's trials, and the axes they moved: what can be filtered by."""
        joined = _trials.outerjoin(_proposals, _proposals.c.trial_id == _trials.c.id)
        of_study = _trials.c.study_id == study_id
        with self.database.read() as connection:
            authors = connection.execute(select(_author).select_from(joined).where(of_study).distinct()).scalars()
            axes = connection.execute(select(_proposals.c.axis).select_from(joined).where(of_study).distinct())
            return tuple(sorted(authors)), tuple(sorted(axis for axis in axes.scalars() if axis))


_author = func.coalesce(_proposals.c.author, _trials.c.kind)
_counted = and_(_runs.c.trial_id == _trials.c.id, _runs.c.purpose != "fresh")


def _some_run(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_counted, *conditions).correlate(_trials)


_pruned = or_(
    and_(_trials.c.value.is_(None), _trials.c.comparison["epoch"].as_integer().is_not(None)),
    and_(_some_run(), ~_some_run(_runs.c.state != RunState.PRUNED)),
)
_unjudged = and_(_trials.c.state == TrialState.APPROVED, _trials.c.judged_at.is_(None))
_before = (  # as core/views/standing.py has it; a test holds the two together
    (_trials.c.state == TrialState.PROPOSED, WAITING),
    (_trials.c.state != TrialState.APPROVED, _trials.c.state),
    (and_(_unjudged, _some_run(_runs.c.state == RunState.RUNNING)), RUNNING),
    (and_(_unjudged, _some_run(), ~_some_run(_runs.c.state != RunState.FAILED)), "failed"),
    (_unjudged, QUEUED),
    (_pruned, "pruned"),
)
_is_baseline = and_(_trials.c.kind == "baseline", _trials.c.value.is_not(None))
_standing = case(
    *_before, (_trials.c.verdict.is_not(None), _trials.c.verdict), (_is_baseline, "baseline"), else_="failed"
)
_state = case(*_before, (or_(_trials.c.verdict.is_not(None), _is_baseline), JUDGED), else_="failed")
_seconds = select(func.coalesce(func.sum(_runs.c.seconds), 0.0)).where(_counted).correlate(_trials).scalar_subquery()
_gain = _trials.c.comparison["difference"].as_float()

ORDERS: Mapping[str, ColumnElement[Any]] = {
    "number": _trials.c.number,
    "value": _trials.c.value,
    "gain": _gain,
    "training": _seconds,
    "judged": _trials.c.judged_at,
}


def _ordered(order: str, descending: bool) -> list[ColumnElement[Any]]:
    """A column by its name, else a param, its numbers as numbers and its words as words; empty values last."""
    text = cast(_trials.c.params[order].as_string(), String)
    number = case((text.regexp_match(r"^-?[0-9.]+(e-?[0-9]+)?$"), _trials.c.params[order].as_float()), else_=None)
    columns = [ORDERS[order]] if order in ORDERS else [number, text]
    return [(column.desc() if descending else column.asc()).nulls_last() for column in columns]


def _lines() -> Select[Any]:
    joined = _trials.outerjoin(_proposals, _proposals.c.trial_id == _trials.c.id)
    comparison = _trials.c.comparison
    own = [_trials.c[name] for name in ("id", "number", "kind", "value", "params", "seeds", "note", "tags")]
    own += [_trials.c[name] for name in ("created_at", "judged_at", "archived_at")]
    return select(
        *own,
        _standing.label("standing"),
        _gain.label("gain"),
        comparison["low"].as_float().label("low"),
        comparison["high"].as_float().label("high"),
        comparison["against"].as_integer().label("against"),
        _proposals.c.base_trial_id.label("base_id"),
        _author.label("author"),
        _proposals.c.axis,
        _proposals.c.changes,
        _proposals.c.claim,
        _seconds.label("seconds"),
    ).select_from(joined)


def _filtered(query: Select[Any], study_id: int, wanted: TrialFilter) -> Select[Any]:
    shelved = _trials.c.archived_at
    conditions = [_trials.c.study_id == study_id, shelved.is_not(None) if wanted.archived else shelved.is_(None)]
    if wanted.states:
        conditions.append(_state.in_(wanted.states))
    if wanted.verdicts:
        conditions.append(_trials.c.verdict.in_(wanted.verdicts))
    if wanted.authors:
        conditions.append(_author.in_(wanted.authors))
    if wanted.axes:
        conditions.append(_proposals.c.axis.in_(wanted.axes))
    if wanted.contains.strip():
        conditions.append(_says(wanted.contains.strip()))
    return query.where(*conditions)


def _says(text: str) -> ColumnElement[bool]:
    """In note, tags, claim or changes; JSON keeps letters beyond ASCII as escapes."""
    plain = (_trials.c.note, _proposals.c.claim, _proposals.c.axis)
    written = (cast(_trials.c.tags, String), cast(_proposals.c.changes, String))
    inside = json.dumps(text)[1:-1]
    return or_(
        *(column.icontains(text, autoescape=True) for column in plain),
        *(column.icontains(inside, autoescape=True) for column in written),
    )


def _line(row: RowMapping) -> TrialLine:
    values = dict(row)
    values |= {"seeds": len(row["seeds"]), "tags": tuple(row["tags"]), "changes": row["changes"] or {}}
    values |= {"axis": row["axis"] or "", "claim": row["claim"] or "", "seconds": float(row["seconds"])}
    return TrialLine(**values)
