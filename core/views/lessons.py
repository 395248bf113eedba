"""What every page that names a lesson needs: a short title, what it has earned, figures in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from math import inf
from typing import Any

from scipy.special import betaincinv

from core.data.profile_words import BUCKETS, bucket
from core.errors import InvalidInput
from core.figures import signed_percent
from core.memory.conditions import Clause, parse
from core.memory.records import Evidence, ForeignEvidence, Lesson
from core.memory.trust import EVEN, Prior, confidence
from core.memory.wording import is_summary
from recmodels.registry import BACKBONES

LONGEST_TITLE = 44  # more does not fit a table's column, whose text does not wrap
LEVEL_WORDS = {"study": "this study", "dataset": "this dataset", "cognition": "across datasets"}
KIND_WORDS = {"do": "do this", "avoid": "avoid this", "fact": "good to know"}
WIDTH = 0.95
FIELD_WORDS = {
    "claim": "lesson",
    "kind": "it says",
    "axis": "knob",
    "direction": "direction",
    "low": "did well from",
    "high": "did well up to",
    "effect": "strength",
    "conditions": "applies where",
    "level": "level",
    "backbone": "backbone",
    "status": "status",
    "pinned": "pinned",
    "locked": "locked",
}


@dataclass(frozen=True)
class Trust:
    """Mean of the Beta posterior over the trials a lesson chose, with its 95 % interval; all in [0, 1]."""

    mean: float
    low: float
    high: float
    wins: float
    losses: float
    begins: float = EVEN.mean  # the trust of a lesson nobody tried
    basis: int = 0  # clear trials without memory whose rate that is; 0 while it is not known

    @property
    def words(self) -> str:
        """How many trials it rests on: `4 of 5`, or `untried`."""
        return f"{self.wins:g} of {self.wins + self.losses:g}" if self.is_tried else "untried"

    @property
    def is_tried(self) -> bool:
        """Whether any trial that it chose was clear."""
        return bool(self.wins + self.losses)


@dataclass(frozen=True)
class Segment:
    """A piece of a text beside its former version; `mark` is same, removed or added."""

    mark: str
    text: str


def trust(lesson: Lesson, prior: Prior = EVEN) -> Trust:
    """What a lesson has earned by the trials whose axis and direction it chose."""
    low, high = _interval(prior.wins + lesson.wins, prior.losses + lesson.losses)
    return Trust(confidence(lesson, prior), low, high, lesson.wins, lesson.losses, prior.mean, prior.trials)


@lru_cache(4096)
def _interval(wins: float, losses: float) -> tuple[float, float]:
    low, high = (float(betaincinv(wins, losses, (1 + side * WIDTH) / 2)) for side in (-1, 1))
    return low, high


def helped_and_hurt(evidence: Iterable[Evidence]) -> tuple[int, int]:
    """How many trials of its step gained, and how many lost; for a lesson that warns, losses speak for it."""
    effects = [each.effect for each in evidence]
    return sum(effect > 0 for effect in effects), sum(effect <= 0 for effect in effects)


@lru_cache(16_384)
def title(lesson: Lesson) -> str:
    """Under 45 characters, from what it says to do and where: `Short histories: raise dropout`."""
    where, action = _where(lesson), deed(lesson)
    if not action:
        return shortened(lesson.claim)
    whole = f"{where}: {action}" if where else action
    best = whole if len(whole) <= LONGEST_TITLE else action
    return shortened(best[0].upper() + best[1:])


def deed(lesson: Lesson) -> str:
    """What it says to do wherever that is, or whose summary it is; empty for another fact."""
    return f"what {backbone_words(lesson.backbone)} learned" if is_summary(lesson) else step(lesson)


def backbone_words(name: str) -> str:
    """Its title; the name itself of one that is not known here, as from a memory pack."""
    return BACKBONES[name].title if name in BACKBONES else name or "any backbone"


def step(lesson: Lesson) -> str:
    """The typed rule in words: `raise dropout`, `avoid loss = full softmax`; empty without an axis or for a fact."""
    if not lesson.axis or lesson.kind == "fact":
        return ""
    return rule_words(lesson.axis, lesson.direction, is_warning=lesson.kind == "avoid")


def rule_words(axis: str, direction: str, is_warning: bool = False) -> str:
    """A step on an axis in words; `direction` is up, down or the option itself."""
    knob = axis.replace("_", " ")
    verbs = {"up": ("raise", "raising"), "down": ("lower", "lowering")}
    if direction in verbs:
        plain, gerund = verbs[direction]
        return f"avoid {gerund} {knob}" if is_warning else f"{plain} {knob}"
    option = {"True": "on", "False": "off"}.get(direction, direction.replace("_", " "))
    value = f"{knob} = {option}" if option else knob
    return f"avoid {value}" if is_warning else value


def span_words(low: float | None, high: float | None) -> str:
    """The values of its knob that did well: `from 0.3 to 0.4`, `at 0.3`; empty where none is known."""
    if low is None or high is None:
        return ""
    return f"at {low:g}" if low == high else f"from {low:g} to {high:g}"


def field_words(name: str, value: Any) -> str:
    """One field of a lesson as people read it; empty for nothing."""
    if value is None or value == "":
        return ""
    if name == "effect":
        return signed_percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int):
        return f"{value:g}"
    return {"kind": KIND_WORDS, "level": LEVEL_WORDS}.get(name, {}).get(value, str(value).replace("_", " "))


def shortened(text: str, longest: int = LONGEST_TITLE) -> str:
    """A text cut at a word, with an ellipsis, when it is longer."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(".,;:") + "…"


def clauses_of(conditions: str) -> list[Clause]:
    """The clauses of a stored lesson; none when an older version wrote what cannot be read any more."""
    try:
        return parse(conditions)
    except InvalidInput:
        return []


def _where(lesson: Lesson) -> str:
    """The first condition in words, where the profile has a telling one: `short histories`."""
    limits: dict[str, list[float]] = {}
    for clause in clauses_of(lesson.conditions):
        held = limits.setdefault(clause.feature, [-inf, inf])
        held[1 if clause.comparison.startswith("<") else 0] = clause.limit
    for feature, (low, high) in limits.items():
        if feature in BUCKETS:
            held_bucket = bucket(feature, low if low > -inf else high * (1 - 1e-9))
            if held_bucket.salient and held_bucket.below >= high:
                return held_bucket.phrase.format(tail="")
    return ""


def word_diff(before: str, after: str) -> tuple[Segment, ...]:
    """What changed from one text to the next, word by word."""
    old, new = before.split(), after.split()
    segments: list[Segment] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            segments.append(Segment("same", " ".join(old[a:b])))
            continue
        segments += [Segment("removed", " ".join(old[a:b]))] if b > a else []
        segments += [Segment("added", " ".join(new[c:d]))] if d > c else []
    return tuple(segments)


def number(value: float | None) -> str:
    """A profile's figure, to be read beside a condition's limit: `12,101`, `9.96`, `0.0007`."""
    if value is None:
        return "unknown"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.3g}"
    return f"{float(f'{value:.2g}'):.12f}".rstrip("0")


def effect(each: Evidence | ForeignEvidence) -> str:
    """The relative change a trial saw, with half the width of its interval: `+7.9 % ± 2.1 %`."""
    return f"{signed_percent(each.effect)} ± {(each.high - each.low) * 50:.1f} %"


def enumerated(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
