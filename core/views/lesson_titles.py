"""Titles of lessons that stand together: where some read alike, what sets them apart stands behind them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from core.memory.records import Lesson
from core.store import Store
from core.views.lessons import LONGEST_TITLE, backbone_words, deed, shortened, title


def titles(store: Store, lessons: Iterable[Lesson]) -> dict[int, str]:
    """A title for each: `Short histories: raise dropout`, or where that would repeat `Raise dropout · hstu, shop`."""
    known = {lesson.id: lesson for lesson in lessons}
    plain = {id: title(lesson) for id, lesson in known.items()}
    if not (repeated := _repeated(plain)):
        return plain
    names = data_names(store)
    told = dict(plain)
    for ids in repeated:
        alike = [known[id] for id in ids]
        marks = _apart(alike, names)
        for lesson, apart in zip(alike, marks, strict=True):
            told[lesson.id] = _with(lesson, apart if marks.count(apart) == 1 else [*apart, f"no. {lesson.id}"])
    return told


def data_names(store: Store) -> dict[str, str]:
    """Every dataset's name by id: those of packs, then those of this home."""
    names = {each.id: each.name for each in store.foreign.profiles()}
    return names | {each.id: each.name for each in store.datasets.all(archived=True)}


def _apart(lessons: Sequence[Lesson], names: Mapping[str, str]) -> list[list[str]]:
    """Backbone and data of each, as far as they differ."""
    sources: tuple[Callable[[Lesson], str], ...] = (
        lambda lesson: backbone_words(lesson.backbone),
        lambda lesson: names.get(lesson.dataset_id or "", "by hand").partition(" (")[0],
    )
    columns = [[source(lesson) for lesson in lessons] for source in sources]
    differing = [column for column in columns if len(set(column)) > 1]
    return [[column[place] for column in differing] for place in range(len(lessons))]


def _with(lesson: Lesson, apart: Sequence[str]) -> str:
    """The conditions give way to what sets it apart, which is never cut."""
    marks = ", ".join(apart)
    action = deed(lesson) or lesson.claim
    longest = max(LONGEST_TITLE - len(marks) - 3, LONGEST_TITLE // 3)
    return f"{shortened(action[0].upper() + action[1:], longest)} · {marks}"


def _repeated(titled: Mapping[int, str]) -> list[list[int]]:
    counts = Counter(titled.values())
    groups: dict[str, list[int]] = {}
    for id, text in titled.items():
        if counts[text] > 1:
            groups.setdefault(text, []).append(id)
    return list(groups.values())
