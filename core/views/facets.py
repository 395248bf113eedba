"""By what lessons can be told apart: backbone, the data they were learned on, axis, author, trust."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.memory.records import Lesson
from core.memory.starting import STARTING
from core.store import Store
from core.views.lesson_titles import data_names
from core.views.lessons import Trust, backbone_words

ANY = ""
AGENT, PERSON, IMPORT, SHIPPED = "agent", "person", "import", "starting memory"
AUTHORS = {
    AGENT: "written by the program from verdicts",
    PERSON: "written by a person",
    IMPORT: "came with a memory pack",
    SHIPPED: "came with this program",
}
UNTRIED, ABOVE, BELOW = "untried", "trusted", "doubted"
TRUSTS = {
    UNTRIED: "no trial has tested it",
    ABOVE: "trust above where it began",
    BELOW: "trust at or below where it began",
}
BROUGHT = "import of "  # how the author of a pack's lessons begins
_BY_CODE = frozenset({"consolidation", "expert", "llm"})


@dataclass(frozen=True)
class Facets:
    """What a person asked for; empty is any."""

    backbone: str = ANY
    dataset: str = ANY
    axis: str = ANY
    author: str = ANY
    trust: str = ANY

    @property
    def count(self) -> int:
        """How many narrow the list."""
        return sum(bool(value) for value in vars(self).values())


@dataclass(frozen=True)
class Choice:
    """One value of a facet, in words, with how many lessons have it."""

    value: str
    words: str
    count: int


def author_kind(lesson: Lesson) -> str:
    """agent, person, import or starting memory, by who wrote its first revision."""
    if lesson.author == STARTING:
        return SHIPPED
    if lesson.author.startswith(BROUGHT):
        return IMPORT
    return AGENT if lesson.author in _BY_CODE else PERSON


def trust_band(trust: Trust) -> str:
    """untried, trusted or doubted, beside where trust begins."""
    if not trust.wins + trust.losses:
        return UNTRIED
    return ABOVE if trust.mean > trust.begins else BELOW


def wanted(lesson: Lesson, trust: Trust, facets: Facets) -> bool:
    """Whether a lesson has every value asked for; a rule for any backbone speaks of each."""
    if facets.backbone and lesson.backbone not in (facets.backbone, ""):
        return False
    if facets.dataset and lesson.dataset_id != facets.dataset:
        return False
    if facets.axis and lesson.axis != facets.axis:
        return False
    if facets.author and author_kind(lesson) != facets.author:
        return False
    return not facets.trust or trust_band(trust) == facets.trust


def choices(store: Store, lessons: Sequence[Lesson], trusts: Iterable[Trust]) -> Mapping[str, tuple[Choice, ...]]:
    """The values that occur among these lessons, facet by facet, the commonest first."""
    names = data_names(store)
    bands = [trust_band(each) for each in trusts]
    return {
        "backbone": _counted([each.backbone for each in lessons], backbone_words),
        "dataset": _counted([each.dataset_id or "" for each in lessons], lambda id: names.get(id, id)),
        "axis": _counted([each.axis for each in lessons], lambda axis: axis.replace("_", " ")),
        "author": _counted([author_kind(each) for each in lessons], AUTHORS.__getitem__),
        "trust": _counted(bands, TRUSTS.__getitem__),
    }


def _counted(values: Sequence[str], words: Callable[[str], str]) -> tuple[Choice, ...]:
    counts = Counter(value for value in values if value)
    return tuple(Choice(value, words(value), count) for value, count in counts.most_common())
