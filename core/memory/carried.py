"""What the lessons of other datasets, taken together, say of a step on a new one.

What a step does differs between datasets by more than its noise. So the new dataset is believed to lie around the mean
of those that taught a lesson, as far from it as they lie from one another: a random-effects meta-analysis (DerSimonian
and Laird 1986, Controlled Clinical Trials 7:177) and its prediction for one study more (Higgins, Thompson and
Spiegelhalter 2009, Journal of the Royal Statistical Society A 172:137). Datasets are counted, not lessons: one that
taught the same thing twice speaks once.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.memory.hits import Hit

USUAL_EFFECT = 0.02  # relative, of a lesson that names none
WEIGHT = 4.0  # datasets for which the usual spread between them counts, beside those compared
LEAST_LIKENESS = 0.25  # a dataset quite unlike this one still says a little


@dataclass(frozen=True)
class Carried:
    """A step's mean relative effect on other datasets, and the lessons behind it, the best hit first.

    `datasets` counts each as far as it speaks for this one, `others` those that it can be compared with; `apart` is the
    sum of their squared distances from the mean.
    """

    axis: str
    direction: str
    effect: float
    datasets: float
    others: float
    apart: float
    hits: tuple[Hit, ...]

    def deviation(self, usual: float) -> float:
        """Of the effect on this dataset from that mean; `usual` is the spread between datasets where few compare."""
        spread = (self.apart + WEIGHT * usual**2) / (self.others + WEIGHT)
        return math.sqrt(spread * (1 + 1 / self.datasets))


def carried(hits: Iterable[Hit]) -> tuple[Carried, ...]:
    """One for each step that rules across datasets speak of, in the order of the hits; rules of which no condition
    holds say nothing."""
    steps: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        lesson = hit.lesson
        if lesson.level == "cognition" and speaks(hit):
            steps.setdefault((lesson.axis, lesson.direction), []).append(hit)
    return tuple(_together(axis, direction, found) for (axis, direction), found in steps.items())


def speaks(hit: Hit) -> bool:
    """Whether a lesson is a rule about a step, and some of its conditions hold."""
    return hit.lesson.kind != "fact" and hit.conditions > 0 and bool(hit.lesson.axis and hit.lesson.direction)


def effect_of(hit: Hit) -> float:
    """The relative effect a lesson saw, or the usual one where it names none."""
    lesson = hit.lesson
    return lesson.effect if lesson.effect is not None else USUAL_EFFECT * (1 if lesson.kind == "do" else -1)


def _together(axis: str, direction: str, hits: Sequence[Hit]) -> Carried:
    """Each dataset counts as far as it is like this one and its rule fits and has earned trust; one that nobody tested
    yet, and fits an equal dataset, counts as one."""
    sources: dict[str, list[Hit]] = {}
    for hit in hits:
        sources.setdefault(hit.lesson.lineage or f"lesson {hit.lesson.id}", []).append(hit)
    effects = [sum(map(effect_of, each)) / len(each) for each in sources.values()]
    weights = [max(map(_weight, each)) for each in sources.values()]
    total = sum(weights)
    mean = sum(w * effect for w, effect in zip(weights, effects, strict=True)) / total
    apart = sum(w * (effect - mean) ** 2 for w, effect in zip(weights, effects, strict=True))
    return Carried(axis, direction, mean, total, total * (1 - 1 / len(sources)), apart, tuple(hits))


def _weight(hit: Hit) -> float:
    return max(2 * hit.confidence * hit.conditions * max(hit.profile, LEAST_LIKENESS), 0.05)
