"""The Memory page's lists: lessons by level, filtered, searched by meaning or by word, each with what it has earned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.data.profile import Profile, values
from core.errors import InvalidInput
from core.memory.conditions import check
from core.memory.documents import LESSONS
from core.memory.records import Lesson
from core.memory.trust import prior_of
from core.records import Dataset, Study
from core.store import Store
from core.views.facets import Choice, Facets, choices, wanted
from core.views.lesson_titles import titles
from core.views.lessons import Trust, trust
from core.workspace import Workspace
from vectorstore.protocol import VectorStoreError

LEVELS = ("study", "dataset", "cognition")
EVERY = ("active", "muted", "archived")
MEANING, WORD = "meaning", "word"
MOST_FOUND = 200
NO_FACETS = Facets()
REBUILD = "`python -m core memory rebuild` makes it anew"


@dataclass(frozen=True)
class Filters:
    """What a person asked to see. `statuses` empty means active and muted; `study` None means every study."""

    study: Study | None = None
    words: str = ""
    by: str = MEANING
    pinned: bool = False
    contested: bool = False
    statuses: frozenset[str] = frozenset()
    fits: Dataset | None = None
    facets: Facets = NO_FACETS

    @property
    def count(self) -> int:
        """How many narrow the list, apart from the study and the words."""
        return self.pinned + self.contested + len(self.statuses) + (self.fits is not None) + self.facets.count

    @property
    def are_set(self) -> bool:
        """Whether anything narrows the list, apart from the study."""
        return bool(self.words.strip() or self.count)


@dataclass(frozen=True)
class Row:
    """A lesson in a list; `match` in [0, 1] where it was found by meaning."""

    lesson: Lesson
    title: str
    trust: Trust
    helped: int
    hurt: int
    match: float | None = None

    @property
    def is_contested(self) -> bool:
        """Whether trials speak both ways."""
        return self.helped > 0 and self.hurt > 0

    @property
    def record(self) -> str:
        """`▲ 4  ▼ 1`, or untried."""
        return f"▲ {self.helped}  ▼ {self.hurt}" if self.helped + self.hurt else "untried"

    @property
    def marks(self) -> list[str]:
        """What sets it apart: pinned, muted, archived."""
        status = [] if self.lesson.status == "active" else [self.lesson.status]
        named = {"pinned": self.lesson.pinned, "locked": self.lesson.locked}
        return [name for name, is_set in named.items() if is_set] + status


@dataclass(frozen=True)
class Notice:
    """What a person must know about a search, with the way out; `needs_worker` where starting it is that way."""

    text: str
    needs_worker: bool = False


@dataclass(frozen=True)
class Listing:
    """The rows of each level, best first; `known` counts every lesson, whatever the filters."""

    levels: Mapping[str, tuple[Row, ...]]
    known: int
    notices: tuple[Notice, ...] = ()
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    matches: Mapping[int, float | None]
    notices: tuple[Notice, ...] = field(default=())


def browse(workspace: Workspace, filters: Filters) -> Listing:
    """The lessons a person asked to see; a search by meaning that cannot work falls back to words, and says so."""
    store = workspace.store
    lessons = store.lessons.all(EVERY)
    found = _search(workspace, filters) if filters.words.strip() else None
    prior, records, untested = prior_of(store), store.lessons.records(), (0, 0)
    listed = [
        lesson for lesson in lessons if _is_wanted(lesson, filters) and (found is None or lesson.id in found.matches)
    ]
    named = titles(store, listed)
    rows = [
        Row(
            lesson,
            named[lesson.id],
            trust(lesson, prior),
            *records.get(lesson.id, untested),
            found.matches.get(lesson.id) if found else None,
        )
        for lesson in listed
    ]
    rows = [row for row in rows if row.is_contested or not filters.contested]
    offered = choices(store, [row.lesson for row in rows], [row.trust for row in rows])
    rows = [row for row in rows if wanted(row.lesson, row.trust, filters.facets)]
    levels = {level: _ordered(row for row in rows if row.lesson.level == level) for level in LEVELS}
    return Listing(levels, len(lessons), found.notices if found else (), offered)


def fits(lesson: Lesson, dataset: Dataset) -> bool:
    """Whether it speaks to a dataset: learned there, or every condition is met by its profile."""
    if lesson.level != "cognition":
        return lesson.dataset_id == dataset.id
    try:
        clauses = check(lesson.conditions, values(Profile.from_json(dataset.profile)))
    except InvalidInput:  # written by another version; it applies nowhere that we know of
        return False
    return all(clause.met is True for clause in clauses)


def level_of(listing: Listing, lesson: Lesson | None) -> str:
    """The tab to open: the lesson's own, else the widest that holds anything."""
    if lesson is not None:
        return lesson.level
    return next((level for level in reversed(LEVELS) if listing.levels[level]), "cognition")


def lesson_or_none(store: Store, reference: str | None) -> Lesson | None:
    """The lesson of a link; None for a link without one. Raises InvalidInput, NotFound."""
    if not reference:
        return None
    if not (reference.isdecimal() and len(reference) < 10):
        raise InvalidInput(f"{reference!r} is no lesson's number; choose a lesson from the list")
    return store.lessons.get(int(reference))


def _is_wanted(lesson: Lesson, filters: Filters) -> bool:
    study = filters.study
    if study is not None and lesson.level == "study" and lesson.study_id != study.id:
        return False
    if study is not None and lesson.level == "dataset" and lesson.dataset_id != study.dataset_id:
        return False
    if lesson.status not in (filters.statuses or {"active", "muted"}) or (filters.pinned and not lesson.pinned):
        return False
    return filters.fits is None or fits(lesson, filters.fits)


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Pinned first, then by match, by trust, by how much is known, the newest first."""
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                not row.lesson.pinned,
                -(row.match or 0.0),
                -row.trust.mean,
                -(row.helped + row.hurt),
                -row.lesson.id,
            ),
        )
    )


def _search(workspace: Workspace, filters: Filters) -> _Found:
    if filters.by == WORD:
        return _Found(_by_word(workspace.store, filters))
    try:
        hits = workspace.retrieval.search(filters.words, MOST_FOUND)
        fault = _fault(workspace)
    except VectorStoreError as problem:
        hits, fault = [], Notice(f"The search by meaning failed: {problem}. Shown by word instead.")
    if fault:
        return _Found(_by_word(workspace.store, filters), (fault,))
    return _Found({lesson.id: score for lesson, score in hits}, tuple(_remarks(workspace, filters)))


def _by_word(store: Store, filters: Filters) -> dict[int, float | None]:
    found: dict[int, float | None] = {lesson.id: None for lesson in store.lessons.containing(filters.words)}
    if "archived" in filters.statuses:
        words = filters.words.lower().split()
        archived = store.lessons.all(("archived",))
        found |= {each.id: None for each in archived if all(word in each.claim.lower() for word in words)}
    return found


def _fault(workspace: Workspace) -> Notice | None:
    """Why a search by meaning would mean nothing; None when it works."""
    if not workspace.store.lessons.all():
        return None
    held = workspace.index.describe(LESSONS)
    if held is None:
        text = f"The index of meanings is not built yet; the worker builds it, or {REBUILD}. Shown by word instead."
        return Notice(text, needs_worker=True)
    if held["embedder"] != workspace.embedder.name:
        made, here = held["embedder"], workspace.embedder.name
        text = f"The index was made with {made}, this installation reads with {here}; {REBUILD}. Shown by word instead."
        return Notice(text)
    return None


def _remarks(workspace: Workspace, filters: Filters) -> Iterable[Notice]:
    pending = sum(collection == LESSONS for _, collection, _ in workspace.store.index.pending(10_000))
    if pending:
        changes = "1 change of a lesson is" if pending == 1 else f"{pending} changes of lessons are"
        text = f"{changes} not in the index yet; the worker takes them in within seconds."
        yield Notice(text, needs_worker=True)
    if workspace.chosen_embedder.is_fallback:
        yield Notice(f"Found with {workspace.chosen_embedder.note}.")
    if filters.statuses - {"active"}:
        yield Notice("Only active lessons are in the index; search by word for muted and archived ones.")
