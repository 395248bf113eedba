"""From diagnosis to steps: what the base trial's curve, the profile and the slices suggest, each with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.agents.protocol import Evidence, TrialView


@dataclass(frozen=True)
class Hint:
    """Shifts the expected relative change of one step, for a reason with figures in it."""

    axis: str
    direction: str
    shift: float
    reason: str


def hints(evidence: Evidence, base: TrialView | None) -> list[Hint]:
    """Everything that speaks for or against a step before any lesson is heard."""
    return [*_from_curve(base), *_from_profile(evidence, base)]


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
