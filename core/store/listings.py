"""Pages of rows for the dashboard's lists: filtered, sorted and cut in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.engine import RowMapping

from core.memory.records import Evidence, ForeignEvidence, Lesson, Retrieval
from core.records import Proposal, Reflection, Run, Trial
from core.states import TrialState
from core.store import schema
from core.store.part import Part, Record, record_of

_trials = schema.trials
_runs = schema.runs
_proposals = schema.proposals
_reflections = schema.reflections
_datasets = schema.datasets
_studies = schema.studies
_evidence = schema.evidence
_foreign_evidence = schema.foreign_evidence
_lessons = schema.lessons
_retrievals = schema.retrievals
AT_ONCE = 500  # databases limit the parameters of one statement


@dataclass(frozen=True)
class DatasetLine:
    """A dataset in the list, without its card."""

    id: str
    name: str
    users: int
    items: int
    events: int
    mean_length: float | None
    warnings: int
    studies: int
    synthetic: bool
    created_at: float


@dataclass(frozen=True)
class ModelLine:
    """The best trial of a study: the recommended one, else the current best."""

    study_id: int
    study: str
    state: str
    dataset: str
    backbone: str
    objective: str
    stamp: str
    number: int
    value: float | None
    baseline: float | None
    is_estimate: bool  # recommended, while no verdict made it the current best


Witness = TypeVar("Witness", Evidence, ForeignEvidence)


class Listings(Part):
    """Reads only."""

    def count_waiting(self, study_id: int | None = None) -> int:
        """How many trials wait for a decision, of one study or of all."""
        return self._count(_waiting(select(func.count()).select_from(_trials), study_id))

    def waiting(self, limit: int, offset: int = 0, study_id: int | None = None) -> list[Trial]:
        """Trials that wait for a decision, oldest first."""
        return self._all(Trial, _waiting(select(_trials), study_id).order_by(_trials.c.id).limit(limit).offset(offset))

    def waits_before(self, trial_id: int, study_id: int | None = None) -> int:
        """How many of the waiting trials are older than this one."""
        older = _waiting(select(func.count()).select_from(_trials), study_id)
        return self._count(older.where(_trials.c.id < trial_id))

    def studies_that_wait(self) -> list[int]:
        """Ids of the studies with a proposal to decide."""
        query = _waiting(select(_trials.c.study_id), None).distinct().order_by(_trials.c.study_id)
        with self.database.read() as connection:
            return [int(id) for id in connection.execute(query).scalars()]

    def proposals(self, trial_ids: Sequence[int]) -> dict[int, Proposal]:
        """The frozen proposals of these trials, by trial."""
        rows = self._some(Proposal, select(_proposals), _proposals.c.trial_id, trial_ids)
        return {row.trial_id: row for row in rows}

    def proposals_named(self, ids: Iterable[int]) -> dict[int, Proposal]:
        """Proposals by their own id."""
        return {row.id: row for row in self._some(Proposal, select(_proposals), _proposals.c.id, ids)}

    def reflections(self, trial_ids: Sequence[int]) -> dict[int, Reflection]:
        """What was made of these trials, by trial."""
        rows = self._some(Reflection, select(_reflections), _reflections.c.trial_id, trial_ids)
        return {row.trial_id: row for row in rows}

    def trials(self, ids: Iterable[int]) -> list[Trial]:
        """Trials by id."""
        return self._some(Trial, select(_trials), _trials.c.id, ids)

    def runs_of(self, trial_ids: Iterable[int]) -> list[Run]:
        """The runs of these trials."""
        return self._some(Run, select(_runs), _runs.c.trial_id, trial_ids)

    def evidence(self, lesson_ids: Iterable[int]) -> dict[int, list[Evidence]]:
        """The trials that speak for or against these lessons, oldest first; lessons without any are left out."""
        query = select(_evidence).order_by(_evidence.c.at, _evidence.c.trial_id)
        return _by_lesson(self._some(Evidence, query, _evidence.c.lesson_id, lesson_ids))

    def brought(self, lesson_ids: Iterable[int]) -> dict[int, list[ForeignEvidence]]:
        """What packs brought of trials elsewhere, by lesson, oldest first; lessons without any are left out."""
        query = select(_foreign_evidence).order_by(_foreign_evidence.c.at, _foreign_evidence.c.origin)
        return _by_lesson(self._some(ForeignEvidence, query, _foreign_evidence.c.lesson_id, lesson_ids))

    def resting_on(self, trial_id: int) -> list[tuple[Lesson, str]]:
        """The lessons that a trial bore witness to, each with what it said: for or against."""
        query = select(_lessons, _evidence.c.outcome).join(_evidence, _evidence.c.lesson_id == _lessons.c.id)
        query = query.where(_evidence.c.trial_id == trial_id).order_by(_lessons.c.id)
        with self.database.read() as connection:
            return [(record_of(Lesson, row), str(row["outcome"])) for row in connection.execute(query).mappings()]

    def shown_lessons(self, study_id: int) -> list[tuple[int, Retrieval]]:
        """Every lesson that was shown for a proposal of the study, with the trial's id; the oldest trial's first."""
        query = select(_retrievals, _proposals.c.trial_id).join(
            _proposals, _proposals.c.id == _retrievals.c.proposal_id
        )
        query = query.join(_trials, _trials.c.id == _proposals.c.trial_id).where(_trials.c.study_id == study_id)
        query = query.where(_retrievals.c.shown).order_by(
            _trials.c.number, _retrievals.c.score.desc(), _retrievals.c.lesson_id
        )
        with self.database.read() as connection:
            rows = connection.execute(query).mappings()
            return [(int(row["trial_id"]), record_of(Retrieval, row)) for row in rows]

    def steps(self, trial_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
        """Axis and direction of these trials' proposals, by trial."""
        query = select(_proposals.c.trial_id, _proposals.c.axis, _proposals.c.direction)
        found: dict[int, tuple[str, str]] = {}
        with self.database.read() as connection:
            for ids in _portions(trial_ids):
                rows = connection.execute(query.where(_proposals.c.trial_id.in_(ids)))
                found |= {id: (axis, direction) for id, axis, direction in rows}
        return found

    def datasets(self, limit: int, offset: int = 0, contains: str = "", order: str = "newest") -> list[DatasetLine]:
        """Datasets whose name contains a text; `order` is newest, name or events."""
        counts, profile = _datasets.c.card["counts"], _datasets.c.profile
        studies = select(func.count()).where(_studies.c.dataset_id == _datasets.c.id).scalar_subquery()
        events = counts["interactions"].as_integer()
        query: Select[Any] = select(
            _datasets.c.id,
            _datasets.c.name,
            func.coalesce(counts["users"].as_integer(), 0).label("users"),
            func.coalesce(counts["items"].as_integer(), 0).label("items"),
            func.coalesce(events, 0).label("events"),
            profile["mean_length"].as_float().label("mean_length"),
            _datasets.c.card["findings"].label("findings"),
            studies.label("studies"),
            _datasets.c.card["synthetic"].as_boolean().label("synthetic"),
            _datasets.c.created_at,
        )
        orders: dict[str, ColumnElement[Any]] = {"name": _datasets.c.name, "events": func.coalesce(events, 0).desc()}
        first = orders.get(order, _datasets.c.created_at.desc())
        query = _named(query, contains).order_by(first, _datasets.c.id)
        with self.database.read() as connection:
            return [_dataset_line(row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]

    def count_datasets(self, contains: str = "") -> int:
        """How many such datasets there are."""
        return self._count(_named(select(func.count()).select_from(_datasets), contains))

    def models(self, limit: int, offset: int = 0, contains: str = "") -> list[ModelLine]:
        """The best trial of every study whose name, or whose dataset's, contains a text; newest studies first."""
        best, baseline = _trials.alias("best"), _trials.alias("baseline")
        query: Select[Any] = select(
            _studies.c.id.label("study_id"),
            _studies.c.name.label("study"),
            _studies.c.state,
            _datasets.c.name.label("dataset"),
            _studies.c.backbone,
            _studies.c.objective,
            _studies.c.stamp,
            best.c.number,
            best.c.value,
            baseline.c.value.label("baseline"),
            _is_estimate.label("is_estimate"),
        )
        query = _models(query.select_from(_studies), contains).join(best, best.c.id == _best_id)
        is_baseline = (baseline.c.study_id == _studies.c.id) & (baseline.c.kind == "baseline")
        query = query.outerjoin(baseline, is_baseline).order_by(_studies.c.id.desc())
        return self._all(ModelLine, query.limit(limit).offset(offset))

    def count_models(self, contains: str = "") -> int:
        """How many such trials there are."""
        return self._count(_models(select(func.count()).select_from(_studies), contains))

    def _some(
        self, kind: type[Record], query: Select[Any], column: ColumnElement[Any], ids: Iterable[int]
    ) -> list[Record]:
        """The rows whose column is one of these, a bounded number of parameters at a time."""
        return [row for portion in _portions(ids) for row in self._all(kind, query.where(column.in_(portion)))]

    def _count(self, query: Select[Any]) -> int:
        with self.database.read() as connection:
            return int(connection.execute(query).scalar() or 0)


def _portions(ids: Iterable[int]) -> list[list[int]]:
    wanted = sorted(set(ids))
    return [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]


def _waiting(query: Select[Any], study_id: int | None) -> Select[Any]:
    found = query.where(_trials.c.state == TrialState.PROPOSED)
    return found if study_id is None else found.where(_trials.c.study_id == study_id)


_best_id = func.coalesce(_studies.c.recommended_id, _studies.c.incumbent_id)
_is_estimate = and_(
    _studies.c.recommended_id.is_not(None), _studies.c.recommended_id.is_distinct_from(_studies.c.incumbent_id)
)


def _models(query: Select[Any], contains: str) -> Select[Any]:
    found = query.join(_datasets, _datasets.c.id == _studies.c.dataset_id).where(_best_id.is_not(None))
    if not contains:
        return found
    names = (_studies.c.name, _datasets.c.name)
    return found.where(or_(*(name.icontains(contains, autoescape=True) for name in names)))


def _named(query: Select[Any], contains: str) -> Select[Any]:
    """Those out of the archive whose name contains a text."""
    kept = query.where(_datasets.c.archived_at.is_(None))
    return kept.where(_datasets.c.name.icontains(contains, autoescape=True)) if contains else kept


def _dataset_line(row: RowMapping) -> DatasetLine:
    values = {name: row[name] for name in ("id", "name", "users", "items", "events", "mean_length", "studies")}
    return DatasetLine(
        **values,
        warnings=sum(each["level"] != "info" for each in row["findings"] or ()),
        synthetic=bool(row["synthetic"]),
        created_at=row["created_at"],
    )


def _by_lesson(rows: Iterable[Witness]) -> dict[int, list[Witness]]:
    found: dict[int, list[Witness]] = {}
    for each in rows:
        found.setdefault(each.lesson_id, []).append(each)
    return found
