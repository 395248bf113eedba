"""Lessons in SQL: the truth of the memory, with every revision, evidence and the outbox of the index."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, func, insert, or_, select, union_all, update

from core.errors import Conflict, InvalidInput, NotFound
from core.memory.records import Evidence, Lesson, LessonRevision
from core.records import Dataset, Study
from core.store import schema
from core.store.part import Part, inserted_id, lost_the_race

_table = schema.lessons
_revisions = schema.lesson_revisions
_links = schema.lesson_links
EDITABLE = frozenset({"kind", "claim", "axis", "direction", "conditions", "status", "pinned", "level", "backbone"})
EDITABLE |= {"low", "high", "effect", "locked"}
AT_ONCE = 500  # databases limit the parameters of one statement
LEVELS = ("study", "dataset", "cognition")
STATUSES = ("active", "muted", "archived")
COLLECTION = "lessons"


class Lessons(Part):
    """Rows of `lessons`, `lesson_revisions` and `evidence`; each change leaves a note for the index in `outbox`."""

    def add(
        self, values: Mapping[str, Any], author: str, reason: str, history: Sequence[Mapping[str, Any]] = ()
    ) -> Lesson:
        """Insert a lesson at revision 1, or after the revisions of `history` (body, author, reason, at) it comes with.

        Raises InvalidInput for a level or status that does not exist.
        """
        now = self.clock.now()
        row = {
            "effect": None,
            "dataset_id": None,
            "study_id": None,
            "stamp": None,
            "conditions": "",
            "lineage": None,
            "status": "active",
            "pinned": False,
            "wins": 0.0,
            "losses": 0.0,
            "uid": uuid.uuid4().hex,
            "low": None,
            "high": None,
            "locked": False,
            **values,
            "author": author,
            "revision": len(history) + 1,
            "created_at": now,
            "updated_at": now,
        }
        _check(row)
        with self.database.write() as connection:
            id = inserted_id(connection.execute(insert(_table).values(row)))
            for number, old in enumerate(history, 1):
                connection.execute(insert(_revisions).values({**old, "lesson_id": id, "revision": number}))
            self._revise(connection, id, row["revision"], row, author, reason)
            self._note(
                connection, "lesson written", author, {"claim": row["claim"]}, lesson_id=id, study_id=row["study_id"]
            )
        return self.get(id)

    def edit(self, id: int, revision: int, changes: Mapping[str, Any], author: str, reason: str = "") -> Lesson:
        """Write the next revision; `revision` is the one the editor had in front of them.

        Raises Conflict when somebody else edited since or locked it, InvalidInput for fields that cannot be edited.
        """
        if unknown := sorted(set(changes) - EDITABLE):
            raise InvalidInput(f"{', '.join(unknown)} cannot be edited; these can: {', '.join(sorted(EDITABLE))}")
        _check(changes)
        with self.database.write() as connection:
            before = connection.execute(select(_table).where(_table.c.id == id)).mappings().first()
            if before is None:
                raise _unknown(id)
            if before["locked"] and changes.get("locked", True):
                raise Conflict(f"lesson {id} is locked; unlock it first: python -m core memory unlock {id}")
            changed = sorted(key for key, value in changes.items() if before[key] != value)
            guard = update(_table).where(_table.c.id == id, _table.c.revision == revision)
            values = {**changes, "revision": revision + 1, "updated_at": self.clock.now()}
            if not connection.execute(guard.values(values)).rowcount:
                what = f"lesson {id} (you saw revision {revision})"
                raise lost_the_race(connection, what, "lesson_id", id, "edited", "lesson edited")
            row = connection.execute(select(_table).where(_table.c.id == id)).mappings().one()
            self._revise(connection, id, revision + 1, row, author, reason)
            ids = {"lesson_id": id, "study_id": row["study_id"]}
            self._note(connection, "lesson edited", author, {"changed": changed, "reason": reason}, **ids)
        return self.get(id)

    def restore(self, id: int, seen: int, revision: int, author: str) -> Lesson:
        """Write an old revision's body as the newest one; a lock stays as it is. `seen` is the revision that was the
        newest for whoever restores: Raises Conflict when it is not any more."""
        bodies = {old.revision: old.body for old in self.revisions(id)}
        if revision not in bodies:
            raise NotFound(f"lesson {id} has no revision {revision}; it has {', '.join(map(str, sorted(bodies)))}")
        body = {key: value for key, value in bodies[revision].items() if key != "locked"}
        return self.edit(id, seen, body, author, f"restored revision {revision}")

    def delete(self, id: int, actor: str) -> None:
        """Delete a lesson with its revisions. Raises Conflict unless it is archived and no proposal used it."""
        with self.database.write() as connection:
            row = connection.execute(
                select(_table.c.status, _table.c.study_id, _table.c.locked).where(_table.c.id == id)
            ).first()
            if row is None:
                raise _unknown(id)
            if row.locked:
                raise Conflict(f"lesson {id} is locked; unlock it first: python -m core memory unlock {id}")
            if row.status != "archived":
                raise Conflict(f"lesson {id} is {row.status}; archive it first, then delete it")
            uses = select(func.count()).select_from(schema.retrievals).where(schema.retrievals.c.lesson_id == id)
            if connection.execute(uses).scalar():
                raise Conflict(
                    f"lesson {id} was shown to the agent in past proposals; it stays archived, for the record"
                )
            for table in (_revisions, schema.evidence, schema.foreign_evidence, _links):
                connection.execute(table.delete().where(table.c.lesson_id == id))
            connection.execute(_links.delete().where(_links.c.other_id == id))
            connection.execute(_table.delete().where(_table.c.id == id))
            self._post(connection, id)
            self._note(connection, "lesson deleted", actor, lesson_id=id, study_id=row.study_id)

    def add_evidence(self, id: int, trial_id: int, outcome: str, effect: float, low: float, high: float) -> None:
        """Link a trial that speaks for or against; the same trial again replaces what it said."""
        table = schema.evidence
        row = {"lesson_id": id, "trial_id": trial_id, "outcome": outcome, "effect": effect, "low": low, "high": high}
        with self.database.write() as connection:
            connection.execute(table.delete().where(table.c.lesson_id == id, table.c.trial_id == trial_id))
            connection.execute(insert(table).values({**row, "at": self.clock.now()}))
            restate_effect(connection, id)
            self._post(connection, id)

    def drop_evidence(self, id: int, trial_id: int) -> None:
        """Unlink a trial that says nothing of it any more."""
        table = schema.evidence
        with self.database.write() as connection:
            connection.execute(table.delete().where(table.c.lesson_id == id, table.c.trial_id == trial_id))
            restate_effect(connection, id)
            self._post(connection, id)

    def pay(self, id: int, trial_id: int, won: float, lost: float) -> None:
        """Add credit to the lesson that chose a trial's axis and direction."""
        with self.database.write() as connection:
            values = {"wins": _table.c.wins + won, "losses": _table.c.losses + lost, "updated_at": self.clock.now()}
            connection.execute(update(_table).where(_table.c.id == id).values(values))
            trial = connection.execute(select(schema.trials.c.study_id).where(schema.trials.c.id == trial_id))
            ids = {"lesson_id": id, "trial_id": trial_id, "study_id": trial.scalar()}
            self._note(connection, "lesson paid", "verdict", {"won": won, "lost": lost}, **ids)

    def get(self, id: int) -> Lesson:
        """By id. Raises NotFound."""
        found = self._first(Lesson, select(_table).where(_table.c.id == id))
        if found is None:
            raise _unknown(id)
        return found

    def all(self, statuses: tuple[str, ...] = ("active",), **equal: Any) -> list[Lesson]:
        """Lessons by status and equal columns, oldest first."""
        query = select(_table).where(_table.c.status.in_(statuses)).order_by(_table.c.id)
        for column, value in equal.items():
            query = query.where(_table.c[column] == value)
        return self._all(Lesson, query)

    def some(self, ids: Iterable[int]) -> dict[int, Lesson]:
        """Lessons by id, whatever their status; unknown ids are left out."""
        wanted, found = sorted(set(ids)), list[Lesson]()
        for start in range(0, len(wanted), AT_ONCE):
            found += self._all(Lesson, select(_table).where(_table.c.id.in_(wanted[start : start + AT_ONCE])))
        return {lesson.id: lesson for lesson in found}

    def close_to(self, study: Study, dataset: Dataset) -> list[Lesson]:
        """Active lessons heard whatever they say: the study's, its data's in any version, and those people pinned."""
        own = and_(_table.c.level == "study", _table.c.study_id == study.id)
        same_data = or_(_table.c.dataset_id == dataset.id, _table.c.lineage == dataset.lineage)
        of_dataset = and_(_table.c.level == "dataset", same_data)
        pinned = and_(_table.c.level == "cognition", _table.c.pinned)
        query = select(_table).where(_table.c.status == "active", _table.c.backbone.in_((study.backbone, "")))
        return self._all(Lesson, query.where(or_(own, of_dataset, pinned)).order_by(_table.c.id))

    def across(self, backbone: str, most: int) -> list[Lesson]:
        """Every active lesson across datasets for a backbone; none when there are more than `most`."""
        query = select(_table).where(_table.c.status == "active", _table.c.level == "cognition")
        found = self._all(
            Lesson, query.where(_table.c.backbone.in_((backbone, ""))).order_by(_table.c.id).limit(most + 1)
        )
        return found if len(found) <= most else []

    def by_uid(self, uid: str) -> Lesson | None:
        """The lesson of that name in every home."""
        return self._first(Lesson, select(_table).where(_table.c.uid == uid))

    def containing(self, words: str) -> list[Lesson]:
        """Lessons whose claim contains every word, whatever its case."""
        query = select(_table).where(_table.c.status != "archived").order_by(_table.c.id)
        for word in words.split():
            query = query.where(_table.c.claim.icontains(word, autoescape=True))
        return self._all(Lesson, query)

    def revisions(self, id: int) -> list[LessonRevision]:
        """Every revision, oldest first."""
        query = select(_revisions).where(_revisions.c.lesson_id == id).order_by(_revisions.c.revision)
        return self._all(LessonRevision, query)

    def evidence(self, id: int) -> list[Evidence]:
        """The trials that speak for or against a lesson."""
        table = schema.evidence
        query = select(table).where(table.c.lesson_id == id).order_by(table.c.at, table.c.trial_id)
        return self._all(Evidence, query)

    def records(self) -> dict[int, tuple[int, int]]:
        """Of every lesson with trials of this home: how many of its step gained, and how many lost."""
        table = schema.evidence
        gained = func.sum(case((table.c.effect > 0, 1), else_=0))
        query = select(table.c.lesson_id, gained, func.count()).group_by(table.c.lesson_id)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return {id: (int(helped), int(count) - int(helped)) for id, helped, count in rows}

    def _revise(self, connection: Connection, id: int, revision: int, row: Any, author: str, reason: str) -> None:
        body = {key: row[key] for key in EDITABLE}
        values = {"lesson_id": id, "revision": revision, "body": body, "author": author, "reason": reason}
        connection.execute(insert(_revisions).values({**values, "at": self.clock.now()}))
        self._post(connection, id)

    def _post(self, connection: Connection, id: int) -> None:
        row = {"collection": COLLECTION, "document_id": f"lesson-{id}", "at": self.clock.now()}
        connection.execute(insert(schema.outbox).values(row))


def restate_effect(connection: Connection, id: int) -> None:
    """The mean effect over the trials of this home and of others."""
    here, elsewhere = schema.evidence, schema.foreign_evidence
    seen = union_all(
        select(here.c.effect).where(here.c.lesson_id == id),
        select(elsewhere.c.effect).where(elsewhere.c.lesson_id == id),
    ).subquery()
    mean = select(func.avg(seen.c.effect)).scalar_subquery()
    connection.execute(update(_table).where(_table.c.id == id).values(effect=mean))


def _check(values: Mapping[str, Any]) -> None:
    for field, allowed in (("level", LEVELS), ("status", STATUSES)):
        if field in values and values[field] not in allowed:
            raise InvalidInput(f"{field}={values[field]!r} does not exist; it is one of {', '.join(allowed)}")


def _unknown(id: int) -> NotFound:
    return NotFound(f"no lesson {id}; list them: python -m core memory list")
