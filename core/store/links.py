"""Links between lessons in SQL: which say the same, support, contradict or supersede one another."""

from sqlalchemy import ColumnElement, and_, insert, not_, or_, select, update

from core.errors import InvalidInput, NotFound
from core.memory.records import LessonLink
from core.store import schema
from core.store.part import Part

_table = schema.lesson_links
_lessons = schema.lessons
KINDS = ("supports", "contradicts", "duplicates", "supersedes")
SYMMETRIC = ("supports", "contradicts", "duplicates")
BY_RULE = "relations"  # the actor of what was closed because it holds no more
OPEN, SETTLED = "open", "settled"


class Links(Part):
    """Rows of `lesson_links`. A symmetric link is kept once, the smaller id first."""

    def add(self, lesson_id: int, other_id: int, kind: str, why: str, actor: str) -> bool:
        """Link two lessons; False when they were linked so before, settled or not, unless `withdraw` closed that.

        Raises InvalidInput.
        """
        if kind not in KINDS or lesson_id == other_id:
            raise InvalidInput(f"lessons {lesson_id} and {other_id} cannot be linked as {kind!r}; {', '.join(KINDS)}")
        first, second = sorted((lesson_id, other_id)) if kind in SYMMETRIC else (lesson_id, other_id)
        state = OPEN if kind in ("contradicts", "duplicates") else SETTLED
        row = {"lesson_id": first, "other_id": second, "kind": kind, "state": state, "why": why, "actor": actor}
        with self.database.write() as connection:
            known = connection.execute(select(_table.c.actor).where(*_is(first, second, kind))).first()
            if known is not None and known.actor != BY_RULE:
                return False
            connection.execute(_table.delete().where(*_is(first, second, kind)))
            connection.execute(insert(_table).values({**row, "at": self.clock.now()}))
            detail = {"other": second, "kind": kind, "why": why}
            self._note(connection, "lesson linked", actor, detail, lesson_id=first)
        return True

    def settle(self, lesson_id: int, other_id: int, why: str, actor: str) -> int:
        """Say that what was open between two lessons is resolved; how many links that closes. Raises NotFound."""
        first, second = sorted((lesson_id, other_id))
        here = (_pair(first, second), or_(_table.c.state == OPEN, _table.c.actor == BY_RULE))
        with self.database.write() as connection:
            values = {"state": SETTLED, "why": why, "actor": actor, "at": self.clock.now()}
            count = connection.execute(update(_table).where(*here).values(values)).rowcount
            if not count:
                raise NotFound(
                    f"nothing is open between lessons {first} and {second}; what is: python -m core memory conflicts"
                )
            self._note(connection, "lessons settled", actor, {"other": second, "why": why}, lesson_id=first)
        return count

    def withdraw(self, link: LessonLink, why: str) -> None:
        """Close what is open and holds no more; should it hold again, `add` opens it again."""
        with self.database.write() as connection:
            values = {"state": SETTLED, "why": why, "actor": BY_RULE, "at": self.clock.now()}
            here = (*_is(link.lesson_id, link.other_id, link.kind), _table.c.state == OPEN)
            if connection.execute(update(_table).where(*here).values(values)).rowcount:
                detail = {"other": link.other_id, "why": why}
                self._note(connection, "lessons settled", BY_RULE, detail, lesson_id=link.lesson_id)

    def take_over(self, keep_id: int, other_id: int, actor: str) -> None:
        """What links a lesson links the one that it is merged into from now on, settled or not; what was open between
        the two is answered."""
        between = or_(_pair(keep_id, other_id), _pair(other_id, keep_id))
        with self.database.write() as connection:
            connection.execute(_table.delete().where(between, _table.c.kind != "supersedes"))
            for row in connection.execute(select(_table).where(_touches(other_id), not_(between))).mappings().all():
                ends = [keep_id if id == other_id else id for id in (row["lesson_id"], row["other_id"])]
                first, second = sorted(ends) if row["kind"] in SYMMETRIC else ends
                connection.execute(_table.delete().where(*_is(row["lesson_id"], row["other_id"], row["kind"])))
                if connection.execute(select(_table.c.kind).where(*_is(first, second, row["kind"]))).first():
                    continue
                connection.execute(insert(_table).values({**row, "lesson_id": first, "other_id": second}))
                detail = {"other": second, "kind": row["kind"], "why": row["why"]}
                self._note(connection, "lesson linked", actor, detail, lesson_id=first)

    def of(self, lesson_id: int) -> list[LessonLink]:
        """Every link of a lesson, oldest first."""
        return self._all(LessonLink, select(_table).where(_touches(lesson_id)).order_by(_table.c.at, _table.c.other_id))

    def unsettled(self) -> list[LessonLink]:
        """Whatever is open, of archived lessons too."""
        return self._all(LessonLink, select(_table).where(_table.c.state == OPEN))

    def open(self) -> list[LessonLink]:
        """What waits for a person: contradictions and duplicates of lessons that are not archived."""
        one, other = _lessons.alias("one"), _lessons.alias("other")
        query = (
            select(_table)
            .join(one, one.c.id == _table.c.lesson_id)
            .join(other, other.c.id == _table.c.other_id)
            .where(_table.c.state == OPEN, one.c.status != "archived", other.c.status != "archived")
            .order_by(_table.c.at, _table.c.lesson_id, _table.c.other_id)
        )
        return self._all(LessonLink, query)


def _pair(first: int, second: int) -> ColumnElement[bool]:
    return and_(_table.c.lesson_id == first, _table.c.other_id == second)


def _touches(lesson_id: int) -> ColumnElement[bool]:
    return or_(_table.c.lesson_id == lesson_id, _table.c.other_id == lesson_id)


def _is(first: int, second: int, kind: str) -> tuple[ColumnElement[bool], ...]:
    return _table.c.lesson_id == first, _table.c.other_id == second, _table.c.kind == kind
