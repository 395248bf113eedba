"""Studies in SQL: their states, their settings with every revision, their incumbent."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.errors import Conflict, InvalidInput, NotFound
from core.records import Study
from core.states import STUDY_ENDED, STUDY_MOVES, StudyState
from core.store import schema
from core.store.epochs import refuse_unlike
from core.store.part import inserted_id, lost_the_race, record_of
from core.store.trial_rows import TrialRows

_table = schema.studies
_revisions = schema.study_revisions
_datasets = schema.datasets
NAME_LENGTH = 200
EDITABLE = frozenset(
    {"name", "space", "max_trials", "min_gain", "guards", "autonomy", "deadline_seconds", "instructions", "extra_seeds"}
    | {"use_pruning", "ask_for", "parallel", "max_epochs", "caps", "gates_off"}
)

USUAL = {
    "use_reflection": True,
    "use_pruning": True,
    "ask_for": [],
    "parallel": 1,
    "without_lessons": [],
    "caps": {},
    "gates_off": [],
}  # unless the plan says otherwise


class Studies(TrialRows):
    """Rows of `studies` and their revisions."""

    def create(self, values: Mapping[str, Any], actor: str) -> Study:
        """Insert an active study at revision 1. Raises Conflict when the name is taken."""
        row = {
            "state": StudyState.ACTIVE,
            "space_version": 1,
            "version": 0,
            "incumbent_id": None,
            "recommended_id": None,
            **USUAL,
            "created_by": actor,
            "created_at": self.clock.now(),
            **values,
        }
        with self.database.write() as connection:
            self._refuse_name(connection, row["name"])
            if not connection.execute(select(_datasets.c.id).where(_datasets.c.id == row["dataset_id"])).first():
                raise NotFound(
                    f"no dataset {row['dataset_id']!r}; import it first: python -m core import FILE --name NAME"
                )
            id = inserted_id(connection.execute(insert(_table).values(row)))
            self._revise(connection, id, {key: row[key] for key in EDITABLE}, actor, "created")
            self._note(connection, "study created", actor, study_id=id)
        return self.get(id)

    def get(self, reference: int | str) -> Study:
        """By id or name. Raises NotFound naming the way to list them."""
        conditions = [_table.c.name == str(reference)]
        if str(reference).isdecimal() and int(reference) < 2**31:  # an id, unless it is too long to be one
            conditions.insert(0, _table.c.id == int(reference))
        for condition in conditions:
            if found := self._first(Study, select(_table).where(condition)):
                return found
        names = ", ".join(f"{study.id} {study.name}" for study in self.all()[-5:]) or "none yet"
        raise NotFound(f"no study {reference!r}; the newest are: {names}")

    def in_sight(self, also: int | None = None) -> list[Study]:
        """Those that are not archived, oldest first; and one that is shown all the same."""
        seen = _table.c.archived_at.is_(None) | (_table.c.id == also)
        return self._all(Study, select(_table).where(seen).order_by(_table.c.id))

    def all(self, states: frozenset[StudyState] | None = None) -> list[Study]:
        """Every study, archived or not, oldest first."""
        query = select(_table).order_by(_table.c.id)
        if states is not None:
            query = query.where(_table.c.state.in_(sorted(states)))
        return self._all(Study, query)

    def version(self, id: int) -> int:
        """The number that moves with every change of the study; pages poll it."""
        with self.database.read() as connection:
            return int(connection.execute(select(_table.c.version).where(_table.c.id == id)).scalar() or 0)

    def move(self, id: int, target: StudyState, actor: str, reason: str = "") -> Study:
        """Pause, resume, stop, finish or cancel; cancelling withdraws its waiting trials and ends its runs too.

        Raises IllegalMove, Conflict when raced.
        """
        origin = self.get(id).state
        with self.database.write() as connection:
            values = {"ended_at": self.clock.now()} if target in STUDY_ENDED else {}
            if not self._move(connection, _table, id, (origin, target), STUDY_MOVES, **values):
                raise lost_the_race(connection, f"study {id}", "study_id", id, f"made {target}", "study ")
            self._note(connection, f"study {target}", actor, {"reason": reason} if reason else {}, study_id=id)
            if target is StudyState.CANCELLED:
                self._cancel_study(connection, id, actor)
        return self.get(id)

    def edit(self, id: int, revision: int, changes: Mapping[str, Any], actor: str, reason: str = "") -> Study:
        """Change settings in mid-study as a new revision; `revision` is the one the editor had in front of them.

        A changed space raises the study's space version. Raises Conflict when somebody else edited since, the new
        name is taken or other epochs would part the trials so far from those to come, InvalidInput for settings that
        cannot be changed.
        """
        if unknown := sorted(set(changes) - EDITABLE):
            raise InvalidInput(f"{', '.join(unknown)} cannot be changed; these can: {', '.join(sorted(EDITABLE))}")
        with self.database.write() as connection:
            if self._revision(connection, id) != revision:
                what = f"study {id} (you saw revision {revision})"
                raise lost_the_race(connection, what, "study_id", id, "edited", "study edited")
            before = connection.execute(select(_table).where(_table.c.id == id)).mappings().one()
            values = {key: value for key, value in changes.items() if before[key] != value}
            if not values:
                return record_of(Study, before)
            if "name" in values:
                self._refuse_name(connection, values["name"])
            if "max_epochs" in values:
                refuse_unlike(connection, id, before["max_epochs"], values["max_epochs"])
            if "space" in values:
                values["space_version"] = before["space_version"] + 1
            connection.execute(update(_table).where(_table.c.id == id).values(values))
            row = connection.execute(select(_table).where(_table.c.id == id)).mappings().one()
            self._revise(connection, id, {key: row[key] for key in EDITABLE}, actor, reason)
            self._note(connection, "study edited", actor, {"changed": sorted(values), "reason": reason}, study_id=id)
        return self.get(id)

    def restore(self, id: int, revision: int, actor: str) -> Study:
        """Write an old revision's settings as the newest one. Raises NotFound, Conflict when raced."""
        bodies = {old["revision"]: old["body"] for old in self.revisions(id)}
        if revision not in bodies:
            raise NotFound(f"study {id} has no revision {revision}; it has {', '.join(map(str, sorted(bodies)))}")
        return self.edit(id, max(bodies), bodies[revision], actor, f"restored revision {revision}")

    def revision(self, id: int) -> int:
        """The newest revision of the study's settings."""
        with self.database.read() as connection:
            return self._revision(connection, id)

    def revisions(self, id: int) -> list[Mapping[str, Any]]:
        """Every revision of the study's settings, oldest first."""
        query = select(_revisions).where(_revisions.c.study_id == id).order_by(_revisions.c.revision)
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def set_incumbent(self, id: int, trial_id: int, before: int | None, actor: str) -> bool:
        """Make a trial the current best, if the one before it still is; False when it is not."""
        with self.database.write() as connection:
            guard = update(_table).where(_table.c.id == id, _table.c.incumbent_id.is_not_distinct_from(before))
            if not connection.execute(guard.values(incumbent_id=trial_id)).rowcount:
                return False
            self._note(connection, "incumbent changed", actor, {"before": before}, study_id=id, trial_id=trial_id)
        return True

    def recommend(self, id: int, trial_id: int, why: str, actor: str) -> None:
        """Write down which trial the study recommends at its end."""
        with self.database.write() as connection:
            connection.execute(update(_table).where(_table.c.id == id).values(recommended_id=trial_id))
            self._note(connection, "trial recommended", actor, {"why": why}, study_id=id, trial_id=trial_id)

    def _refuse_name(self, connection: Connection, name: str) -> None:
        if not 0 < len(name) <= NAME_LENGTH:
            raise InvalidInput(f"a study's name has 1 to {NAME_LENGTH} characters; this one has {len(name)}")
        if connection.execute(select(_table.c.id).where(_table.c.name == name)).first():
            raise Conflict(f"a study named {name!r} is already there; give another --name")

    def _revision(self, connection: Connection, id: int) -> int:
        newest = select(func.max(_revisions.c.revision)).where(_revisions.c.study_id == id)
        return int(connection.execute(newest).scalar() or 0)

    def _revise(self, connection: Connection, id: int, body: Mapping[str, Any], actor: str, reason: str) -> None:
        row = {"study_id": id, "revision": self._revision(connection, id) + 1, "body": dict(body)}
        row |= {"author": actor, "reason": reason, "at": self.clock.now()}
        connection.execute(insert(_revisions).values(row))
