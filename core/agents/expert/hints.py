"""From diagnosis to steps: what the base trial's curve, the profile and the slices suggest, each with its reason."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.agents.protocol import Evidence, TrialView
from core.figures import objective_words

LONG_SHARE = 0.85  # of the shortest histories' value: below it the longest ones are served badly
RANGE_SHIFT = 0.01  # what a range of values that did well elsewhere is worth, before any trial here
TAIL_SHARE = 0.1  # of the head's value: below it the tail gets next to nothing


@dataclass(frozen=True)
class Hint:
    """Shifts the expected relative change of one step, for a reason with figures in it."""

    axis: str
    direction: str
    shift: float
    reason: str


def hints(evidence: Evidence, base: TrialView | None) -> list[Hint]:
    """Everything that speaks for or against a step before any lesson is heard."""
    return [
        *_from_curve(base),
        *_from_slices(objective_words(evidence.study.objective), base),
        *_from_profile(evidence, base),
        *_from_ranges(evidence, base),
    ]


def _from_curve(base: TrialView | None) -> Iterator[Hint]:
    curve = base.curve if base else None
    if curve is None:
        return
    reason = f"Trial {base.trial.number}: {curve.sentence}." if base else ""
    for diagnosis, axis, direction, shift in (
        ("over-fit", "dropout", "up", 0.015),
        ("over-fit", "attn_dropout", "up", 0.005),
        ("over-fit", "weight_decay", "up", 0.01),
        ("over-fit", "lr", "down", 0.01),
        ("over-fit", "hidden_dim", "up", -0.01),
        ("over-fit", "num_blocks", "down", 0.005),
        ("under-fit", "lr", "up", 0.02),
        ("under-fit", "dropout", "down", 0.01),
        ("under-fit", "hidden_dim", "up", 0.005),
        ("under-fit", "batch_size", "down", 0.01),
        ("unstable", "lr", "down", 0.02),
        ("unstable", "batch_size", "up", 0.01),
        ("plateau", "hidden_dim", "up", 0.005),
        ("plateau", "negatives", "up", 0.005),
        ("plateau", "loss:full_softmax", "full_softmax", 0.005),
    ):
        if diagnosis == curve.diagnosis:
            yield Hint(axis.partition(":")[0], direction, shift, reason)


def _from_slices(objective: str, base: TrialView | None) -> Iterator[Hint]:
    """Long histories served worse than short ones want more of their order; a tail that gets nothing wants a say."""
    slices = base.slices if base else {}
    by_length = {name: value for name, value in slices.items() if name.startswith("history length ")}
    if len(by_length) > 1:
        (short, at_short), (long, at_long) = (_end_slice(by_length, which) for which in (min, max))
        if at_long < LONG_SHARE * at_short:
            reason = f"{objective} is {at_long:.4f} at {long} and {at_short:.4f} at {short}."
            for axis, direction in (("num_blocks", "up"), ("position", "both"), ("position", "rotary")):
                yield Hint(axis, direction, 0.005, reason)
            yield Hint("prior_recency", "down", 0.003, reason)
    head, tail = (slices.get(f"target popularity {group}") for group in ("head", "tail"))
    if head and tail is not None and tail < TAIL_SHARE * head:
        reason = f"{objective} is {tail:.4f} for targets of the tail, {head:.4f} for the head."
        yield Hint("dropout", "up", 0.003, reason)
        yield Hint("embedding_norm", "l2", 0.005, reason)
        yield Hint("popularity_discount", "up", 0.005, reason)


def _from_ranges(evidence: Evidence, base: TrialView | None) -> Iterator[Hint]:
    """Where an axis did well on other data: towards it is worth a little, away from it costs as much."""
    params = base.trial.params if base else evidence.space.baseline()
    for axis, known in evidence.soft_ranges.items():
        value = params.get(axis)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        told = ", ".join(map(str, known.lessons))
        where = f"at {known.low:g}" if known.low == known.high else f"from {known.low:g} to {known.high:g}"
        lessons = "lesson" if len(known.lessons) == 1 else "lessons"
        reason = f"{axis} did well {where} elsewhere ({lessons} {told})."
        if value >= known.high:
            yield Hint(axis, "up", -RANGE_SHIFT, reason)
        if value <= known.low:
            yield Hint(axis, "down", -RANGE_SHIFT, reason)
        if value < known.low:
            yield Hint(axis, "up", RANGE_SHIFT, reason)
        if value > known.high:
            yield Hint(axis, "down", RANGE_SHIFT, reason)


def _end_slice(by_length: Mapping[str, float], which: Callable[..., str]) -> tuple[str, float]:
    """The slice of the shortest or longest histories, and its value."""
    name = which(by_length, key=lambda each: int(each.removeprefix("history length ").split("-")[0]))
    return name, by_length[name]


def _from_profile(evidence: Evidence, base: TrialView | None) -> Iterator[Hint]:
    mean, longest = evidence.profile.get("mean_length"), evidence.profile.get("p95_length")
    max_len = base.trial.params.get("max_len") if base else None
    if mean is not None and mean < 10:
        reason = f"Histories are short (mean {mean:.1f} events)."
        yield Hint("dropout", "up", 0.01, reason)
        yield Hint("num_blocks", "up", -0.01, reason)
        yield Hint("num_blocks", "down", 0.005, reason)
    if longest is not None and max_len is not None:
        if longest > max_len:
            reason = f"5 % of the histories are longer than {longest:.0f} events, the model reads {max_len}."
            yield Hint("max_len", "up", 0.015, reason)
            yield Hint("train_windows", "all", 0.015, reason)
        else:
            reason = f"95 % of the histories have at most {longest:.0f} events, the model reads {max_len} already."
            yield Hint("max_len", "up", -0.02, reason)
            yield Hint("train_windows", "all", -0.02, reason)
    gini = evidence.profile.get("popularity_gini")
    if gini is not None and gini > 0.7:
        yield Hint("embedding_norm", "none", 0.01, f"Popularity is very uneven (Gini {gini:.2f}).")
