"""Lessons that code writes, in words: claims, records, and the summary a study leaves behind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.figures import signed_percent
from core.memory.conditioning import phrases_of
from core.memory.records import Evidence, Lesson
from core.memory.trust import EVEN, Prior, confidence
from core.records import Dataset, Study

MOST_NAMED = 8  # rules a summary names on either side


@dataclass(frozen=True)
class Row:
    """A line of a study's evidence table: a step, what it did over all its conclusive trials, and how often."""

    axis: str
    direction: str
    effect: float
    trials: int
    low: float
    high: float
    says: str = ""  # the lesson's claim, which a person may have worded

    @property
    def text(self) -> str:
        """`raising dropout (+3.1 % over 2 trials, between +1.0 % and +5.2 %)`."""
        times = "1 trial" if self.trials == 1 else f"{self.trials} trials"
        span = f"between {signed_percent(self.low)} and {signed_percent(self.high)}"
        return f"{step_words(self.axis, self.direction)} ({signed_percent(self.effect)} over {times}, {span})"


@dataclass(frozen=True)
class Summary:
    """What a study leaves to other datasets; `how` it was told, where not by code alone."""

    text: str
    how: str = ""


def step_words(axis: str, direction: str) -> str:
    """`raising dropout`, `lowering lr`, `loss = full_softmax`."""
    return {"up": f"raising {axis}", "down": f"lowering {axis}"}.get(direction, f"{axis} = {direction}")


def claim(study: Study, dataset: Dataset, level: str, axis: str, direction: str, effect: float) -> str:
    """A rule as a sentence with where it holds."""
    verb = "helps" if effect > 0 else "does not help"
    step = step_words(axis, direction)
    where = {"study": "in this study", "dataset": f"on {dataset.name}"}.get(
        level, f"on data with {phrases_of(dataset, axis)}"
    )
    return f"{step[0].upper() + step[1:] if direction in ('up', 'down') else step} {verb} {study.backbone} {where}."


def reworded(lesson: Lesson) -> str:
    """The claim of a rule whose evidence has turned."""
    before, after = (" does not help ", " helps ") if (lesson.effect or 0.0) > 0 else (" helps ", " does not help ")
    return lesson.claim.replace(before, after, 1)


def summary(study: Study, dataset: Dataset, rows: Sequence[Row], gain: float | None) -> Summary:
    """By code: what helped, what is ruled out, and on what kind of data."""
    helped = sorted((row for row in rows if row.effect > 0), key=lambda row: -row.effect)
    ruled_out = sorted((row for row in rows if row.effect <= 0), key=lambda row: row.effect)
    parts = [opening(study, dataset)]
    parts += [f"Helped: {_listed(helped)}."] if helped else ["Nothing helped beyond the noise."]
    parts += [f"Ruled out: {_listed(ruled_out)}."] if ruled_out else []
    return Summary(" ".join([*parts, *ending(gain)]))


def opening(study: Study, dataset: Dataset) -> str:
    """Every summary's first sentence, whoever tells the rest: of what it speaks."""
    return f"{study.backbone} on data with {phrases_of(dataset)} (learned on {dataset.name})."


def ending(gain: float | None) -> list[str]:
    """Every summary's last sentence; none where no gain was measured on fresh seeds."""
    return [f"On fresh seeds the recommended config was {signed_percent(gain)} from the baseline."] if gain else []


def is_summary(lesson: Lesson) -> bool:
    """Whether a lesson is a study's summary, of this home or of the one a pack comes from."""
    return lesson.kind == "fact" and lesson.claim.startswith(f"{lesson.backbone} on data with ")


def _listed(rows: Sequence[Row]) -> str:
    more = f"; and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    return "; ".join(row.text for row in rows[:MOST_NAMED]) + more


def record_of_lesson(lesson: Lesson, evidence: Iterable[Evidence], prior: Prior = EVEN) -> str:
    """A lesson's record in one line: `helped 2, hurt 0 · mean +2.1 % · trust 0.75`."""
    seen = list(evidence)
    helped = sum(each.effect > 0 for each in seen)
    return (
        f"helped {helped}, hurt {len(seen) - helped} · mean {signed_percent(lesson.effect)} · "
        f"trust {confidence(lesson, prior):.2f}"
    )
