"""Taking a pack in: what is new comes in, what is the same stays, what differs is shown and waits for a choice.

Text of a pack is text: it is stored, escaped where it is shown, and obeyed by nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.memory.editing import LARGEST_EFFECT, LONGEST_CLAIM, check_lesson
from core.memory.pack_file import MOST_LINE, Pack, Row
from core.memory.packing import BODY, LEVELS, origin_of
from core.memory.records import ForeignEvidence, Lesson
from core.memory.relations import Relations
from core.memory.storable import is_storable, storable
from core.store import Store
from core.store.lessons import LENGTHS

NEW, SAME, DIFFERS, REFUSED = "new", "same", "differs", "refused"
OURS, THEIRS, BOTH = "ours", "theirs", "both"
CHOICES = (OURS, THEIRS, BOTH)
LARGEST = 1e12  # of any figure in a pack
LONGEST = 200
SHORTEST = 64  # names of datasets and lineages
UID = re.compile(r"[0-9a-f]{32}")
TEXTS = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")


@dataclass(frozen=True)
class Arrival:
    """A lesson of a pack beside the one here of the same name, if there is one."""

    state: str
    row: Row
    ours: Lesson | None = None
    reason: str = ""

    @property
    def claim(self) -> str:
        """What it says, as it can be shown; a refused row may hold anything."""
        return storable(self.row.get("claim") or "", LONGEST_CLAIM)

    @property
    def differences(self) -> list[tuple[str, Any, Any]]:
        """Field, ours, theirs."""
        if self.ours is None:
            return []
        return [(name, getattr(self.ours, name), self.row.get(name)) for name in BODY if self._differs(name)]

    def _differs(self, name: str) -> bool:
        return bool(getattr(self.ours, name) != self.row.get(name))


@dataclass(frozen=True)
class Taken:
    """What an import did, in numbers of lessons."""

    added: int
    same: int
    kept_ours: int
    took_theirs: int
    kept_both: int
    refused: int
    evidence: int
    links: int


class Unpacking:
    """Every lesson comes in as a whole or not at all; the same pack twice changes nothing the second time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def look(self, pack: Pack) -> list[Arrival]:
        """What the pack would do; nothing is written."""
        seen = set[str]()
        return [self._arrival(row, seen) for row in pack.lessons]

    def take(
        self,
        pack: Pack,
        actor: str,
        choose: Callable[[Arrival], str] = lambda arrival: OURS,
        author: str = "",
    ) -> tuple[Taken, list[Arrival]]:
        """Import; `choose` decides each lesson that differs: ours, theirs or both. Ours unless it says otherwise.

        `author` stands on new lessons instead of the pack's name and who took it.
        """
        for row in pack.profiles:
            self._take_profile(row, pack.name)
        author = author or f"import of {pack.name} by {actor}"[:100]
        count: dict[str, int] = dict.fromkeys((NEW, SAME, OURS, THEIRS, BOTH, REFUSED), 0)
        arrivals, touched, evidence = self.look(pack), list[Lesson](), 0
        witnesses, history = _by_lesson(pack.evidence), _by_lesson(pack.revisions)
        for arrival in arrivals:
            uid = str(arrival.row.get("uid"))
            done, lesson = self._settle(arrival, history.get(uid, []), author, choose)
            count[done] += 1
            if lesson is not None and done != OURS:
                evidence += self._take_evidence(lesson, witnesses.get(uid, []))
                touched.append(self._store.lessons.get(lesson.id))
        links = Relations(self._store).relate(touched, author)
        taken = Taken(count[NEW], count[SAME], count[OURS], count[THEIRS], count[BOTH], count[REFUSED], evidence, links)
        self._store.events.note("memory pack imported", actor, {"pack": pack.name, **vars(taken)})
        return taken, arrivals

    def _arrival(self, row: Row, seen: set[str]) -> Arrival:
        try:
            check_row(row)
        except InvalidInput as problem:
            return Arrival(REFUSED, row, reason=str(problem))
        uid = str(row["uid"])
        if uid in seen:
            return Arrival(REFUSED, row, reason=f"the pack holds lesson {uid[:8]} twice")
        seen.add(uid)
        ours = self._store.lessons.by_uid(uid)
        if ours is None:
            return Arrival(NEW, row)
        arrival = Arrival(DIFFERS, row, ours)
        return arrival if arrival.differences else Arrival(SAME, row, ours)

    def _settle(
        self, arrival: Arrival, history: Sequence[Row], author: str, choose: Callable[[Arrival], str]
    ) -> tuple[str, Lesson | None]:
        if arrival.state in (REFUSED, SAME):
            return arrival.state, arrival.ours
        if arrival.state == NEW:
            return NEW, self._add(arrival.row, str(arrival.row["uid"]), history, author)
        choice = choose(arrival)
        if choice not in CHOICES:
            raise InvalidInput(f"{choice!r} is no choice; there are {', '.join(CHOICES)}")
        if choice == BOTH:
            return BOTH, self._add(arrival.row, None, history, author)
        is_locked = arrival.ours is not None and arrival.ours.locked
        take = choice == THEIRS and not is_locked  # a lock holds against packs too
        return (THEIRS, self._overwrite(arrival, author)) if take else (OURS, arrival.ours)

    def _add(self, row: Row, uid: str | None, history: Sequence[Row], author: str) -> Lesson:
        values = {name: row.get(name) for name in (*BODY, "effect", "dataset_id", "stamp", "lineage", "status")}
        values |= {"uid": uid} if uid is not None else {}
        return self._store.lessons.add(values, author, "a memory pack", _clean(history))

    def _overwrite(self, arrival: Arrival, author: str) -> Lesson:
        assert arrival.ours is not None
        changes = {name: theirs for name, _, theirs in arrival.differences}
        edited = self._store.lessons.edit(arrival.ours.id, arrival.ours.revision, changes, author, "theirs was taken")
        why = f"lesson {edited.id}, which it cites, was replaced by that of a pack (revision {edited.revision})"
        self._store.proposals.mark_stale(edited.id, why, author)
        return edited

    def _take_evidence(self, lesson: Lesson, rows: Sequence[Row]) -> int:
        mine = {
            origin_of(self._store, self._store.trials.get(each.trial_id))
            for each in self._store.lessons.evidence(lesson.id)
        }
        fresh = 0
        for row in rows:
            if _is_evidence(row) and row["origin"] not in mine:
                given = {name: row[name] for name in ("origin", "dataset", "outcome", "effect", "low", "high", "at")}
                fresh += self._store.foreign.add_evidence(ForeignEvidence(lesson_id=lesson.id, **given))
        return fresh

    def _take_profile(self, row: Row, pack: str) -> None:
        profile = row.get("profile")
        texts = [row.get(name) for name in ("id", "name", "lineage")]
        if not isinstance(profile, Mapping) or not all(text and is_storable(text, SHORTEST) for text in texts):
            return
        figures = {key: value for key, value in profile.items() if is_storable(key, LONGEST) and _is_measure(value)}
        self._store.foreign.add_profile(str(row["id"]), str(row["name"]), str(row["lineage"]), figures, pack)


def check_row(row: Row) -> None:
    """A lesson of a pack as planning could use it. Raises InvalidInput naming the field, its value and the limit."""
    uid = row.get("uid")
    if not isinstance(uid, str) or not UID.fullmatch(uid):
        raise InvalidInput(f"uid={str(uid)[:40]!r} is no name of a lesson")
    for name in TEXTS:
        if not is_storable(row.get(name), MOST_LINE):
            raise InvalidInput(f"{name}={ascii(row.get(name))[:40]} is no text")
    for name in ("dataset_id", "lineage", "stamp"):
        if row.get(name) is not None and not is_storable(row[name], LENGTHS[name]):
            raise InvalidInput(f"{name}={str(row[name])[:40]!r} is no text of at most {LENGTHS[name]} characters")
    for name in ("effect", "low", "high"):
        if row.get(name) is not None and not _is_figure(row[name]):
            raise InvalidInput(f"{name}={str(row[name])[:40]!r} is no number")
    if row["level"] not in LEVELS or row.get("status") not in ("active", "muted"):
        raise InvalidInput(f"level={row['level'][:20]!r}, status={str(row.get('status'))[:20]!r} do not travel")
    if abs(row.get("effect") or 0.0) > LARGEST_EFFECT:
        raise InvalidInput(f"an effect of {row['effect']:g} is beyond what a step can do ({LARGEST_EFFECT:g})")
    check_lesson(row)


def _is_figure(value: Any) -> bool:
    """A finite number of a size that a database takes; no NaN lies between two numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST


def _is_measure(value: Any) -> bool:
    """What a profile may hold: counts, shares and spans are never negative; None is not known."""
    return value is None or (_is_figure(value) and value >= 0)


def _by_lesson(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.get("lesson")), []).append(row)
    return found


def _is_evidence(row: Row) -> bool:
    figures = all(_is_figure(row.get(name)) for name in ("effect", "low", "high", "at"))
    texts = all(is_storable(row.get(name), LONGEST) for name in ("origin", "dataset"))
    return figures and texts and row.get("outcome") in ("for", "against") and abs(row["effect"]) <= LARGEST_EFFECT


def _is_revision(row: Row) -> bool:
    body = row.get("body")
    texts = all(is_storable(row.get(name), LONGEST) for name in ("author", "reason"))
    if not (isinstance(body, Mapping) and texts and _is_figure(row.get("at"))):
        return False
    if not all(is_storable(body.get(name, ""), MOST_LINE) for name in TEXTS):
        return False
    if not all(body.get(name) is None or _is_figure(body[name]) for name in ("low", "high")):
        return False
    try:
        check_lesson({name: body.get(name, "") for name in TEXTS})
    except InvalidInput:
        return False
    return True


def _clean(history: Sequence[Row]) -> list[dict[str, Any]]:
    """Bodies with the fields that travel, in the order of their numbers, authors marked as others'."""
    ordered = sorted((row for row in history if _is_revision(row)), key=lambda row: row["at"])
    return [
        {
            "body": {name: row["body"].get(name) for name in BODY},
            "author": f"elsewhere: {row['author']}"[:100],
            "reason": row["reason"],
            "at": float(row["at"]),
        }
        for row in ordered
    ]
