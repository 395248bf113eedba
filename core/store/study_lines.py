"""Studies as lines of a table: narrowed by name, sorted and paged in SQL; what a week brought is counted there too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from core.records import Run
from core.states import RunState, TrialState, Verdict
from core.store import schema
from core.store.part import Part

_studies = schema.studies
_datasets = schema.datasets
_trials = schema.trials
_runs = schema.runs


@dataclass(frozen=True)
class StudyLine:
    """A study without its trials. `best` is the current best's value, `estimate` that of the recommended trial where
    no verdict made it the current best; `trials` count against the budget, `seconds` are of training."""

    id: int
    best: float | None
    estimate: float | None
    baseline: float | None
    trials: int
    seconds: float


class StudyLines(Part):
    """Reads only."""

    def page(
        self, limit: int, offset: int = 0, contains: str = "", order: str = "newest", archived: bool = False
    ) -> list[StudyLine]:
        """Studies whose name, or whose dataset's, contains a text, in an order of ORDERS; empty values come last."""
        query = _narrowed(select(_studies.c.id, *_COLUMNS).select_from(_joined), contains, archived)
        query = query.order_by(ORDERS.get(order, ORDERS["newest"]).nulls_last(), _studies.c.id.desc())
        return self._all(StudyLine, query.limit(limit).offset(offset))

    def count(self, contains: str = "", archived: bool = False) -> int:
        """How many such studies there are."""
        query = _narrowed(select(func.count()).select_from(_joined), contains, archived)
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def versions(self) -> tuple[int, int]:
        """How many studies there are, and the sum of their versions: one of the two moves with any change."""
        query = select(func.count(), func.coalesce(func.sum(_studies.c.version), 0))
        with self.database.read() as connection:
            count, total = connection.execute(query).one()
        return int(count), int(total)

    def judged_since(self, moment: float) -> tuple[int, int]:
        """How many trials of all studies were judged since then, and how many of those were better."""
        judged = select(func.count()).where(_trials.c.state == TrialState.APPROVED, _trials.c.judged_at > moment)
        with self.database.read() as connection:
            every = connection.execute(judged).scalar()
            better = connection.execute(judged.where(_trials.c.verdict == Verdict.BETTER)).scalar()
        return int(every or 0), int(better or 0)

    def seconds_since(self, moment: float) -> float:
        """Training spent on the runs of all studies that ended since then."""
        query = select(func.coalesce(func.sum(_runs.c.seconds), 0.0)).where(_runs.c.ended_at > moment)
        with self.database.read() as connection:
            return float(connection.execute(query).scalar() or 0.0)

    def running(self) -> list[Run]:
        """The runs of all studies that train at this moment, those of the newest study first."""
        query = select(_runs).where(_runs.c.state == RunState.RUNNING)
        return self._all(Run, query.order_by(_runs.c.study_id.desc(), _runs.c.trial_id, _runs.c.id))


def _value_of(id: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(_trials.c.value).where(_trials.c.id == id).correlate(_studies).scalar_subquery()


_joined = _studies.join(_datasets, _datasets.c.id == _studies.c.dataset_id)
_best = _value_of(_studies.c.incumbent_id)
_estimate = (
    select(_trials.c.value)
    .where(
        _trials.c.id == _studies.c.recommended_id, _studies.c.recommended_id.is_distinct_from(_studies.c.incumbent_id)
    )
    .correlate(_studies)
    .scalar_subquery()
)
_baseline = (
    select(_trials.c.value)
    .where(_trials.c.study_id == _studies.c.id, _trials.c.kind == "baseline")
    .order_by(_trials.c.number)
    .limit(1)
    .correlate(_studies)
    .scalar_subquery()
)
_used = (  # as core/loop/gathering.budget_used has it
    select(func.count())
    .where(_trials.c.study_id == _studies.c.id, _trials.c.state.in_((TrialState.PROPOSED, TrialState.APPROVED)))
    .correlate(_studies)
    .scalar_subquery()
)
_seconds = (
    select(func.coalesce(func.sum(_runs.c.seconds), 0.0))
    .where(_runs.c.study_id == _studies.c.id)
    .correlate(_studies)
    .scalar_subquery()
)
_COLUMNS = (
    _best.label("best"),
    _estimate.label("estimate"),
    _baseline.label("baseline"),
    _used.label("trials"),
    _seconds.label("seconds"),
)
ORDERS: Mapping[str, ColumnElement[Any]] = {
    "newest": _studies.c.id.desc(),
    "name": func.lower(_studies.c.name).asc(),
    "state": _studies.c.state.asc(),
    "gain": (_best / func.nullif(_baseline, 0.0)).desc(),
    "trials": _used.desc(),
    "time": _seconds.desc(),
}


def _narrowed(query: Select[Any], contains: str, archived: bool) -> Select[Any]:
    shelved = _studies.c.archived_at
    query = query.where(shelved.is_not(None) if archived else shelved.is_(None))
    if not contains:
        return query
    names = (_studies.c.name, _datasets.c.name)
    return query.where(or_(*(name.icontains(contains, autoescape=True) for name in names)))
