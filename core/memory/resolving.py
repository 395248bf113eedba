"""Two lessons that contradict one another: one is muted, one is narrowed, or a person says that both may stand."""

from core.errors import Conflict, InvalidInput
from core.memory.conditioning import overlap
from core.memory.editing import Editing
from core.memory.records import Lesson
from core.records import Trial
from core.store import Store
from core.store.links import OPEN


class Resolving:
    """Every way closes what is open between the two, so that it is not offered again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._editing = Editing(store)

    def mute(self, loser: Lesson, other: Lesson, actor: str) -> list[Trial]:
        """`loser` is kept and shown to no agent; stale trials. Raises NotFound, Conflict."""
        self._check_open(loser, other)
        _, stale = self._editing.edit(loser, {"status": "muted"}, actor, f"contradicts lesson {other.id}")
        self._store.links.settle(loser.id, other.id, f"lesson {loser.id} was muted", actor)
        return stale

    def narrow(self, lesson: Lesson, other: Lesson, conditions: str, actor: str) -> list[Trial]:
        """`lesson` for other data than `other`; stale trials.

        Raises InvalidInput while some profile could meet the conditions of both, NotFound, Conflict.
        """
        self._check_open(lesson, other)
        if overlap(conditions, other.conditions):
            theirs = other.conditions or "none: it holds everywhere"
            raise InvalidInput(
                f"with {conditions.strip() or 'no conditions'} both lessons still speak to the same data (those of "
                f"lesson {other.id}: {theirs}); choose limits that exclude one another"
            )
        _, stale = self._editing.edit(lesson, {"conditions": conditions}, actor, f"narrowed beside lesson {other.id}")
        self._store.links.settle(lesson.id, other.id, f"lesson {lesson.id} was narrowed to {conditions}", actor)
        return stale

    def stand(self, lesson: Lesson, other: Lesson, reason: str, actor: str) -> None:
        """Both stay as they are. Raises InvalidInput without a reason, NotFound."""
        if not reason.strip():
            raise InvalidInput("say in a few words why both may stand; whoever meets them next will want to know")
        self._store.links.settle(lesson.id, other.id, reason.strip()[:500], actor)

    def _check_open(self, lesson: Lesson, other: Lesson) -> None:
        """Before anything is changed: somebody may have settled it meanwhile."""
        pair = {lesson.id, other.id}
        links = self._store.links.of(lesson.id)
        if not any({link.lesson_id, link.other_id} == pair and link.state == OPEN for link in links):
            raise Conflict(f"lessons {lesson.id} and {other.id} were settled meanwhile; nothing was changed")
