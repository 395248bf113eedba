"""What the reveal gave: one table, and the sentences it must not be read without."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.figures import change, metric
from core.report.facts import Facts
from core.report.headline import interval, ordinal, revealed_gain
from core.report.sentences import day
from core.report.text import one_line
from core.verdict import Comparison


@dataclass(frozen=True)
class SealedTest:
    """What the reveal gave. A row: label, seeds, metrics, recommended minus this."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]
    stamp: str


def sealed_test(facts: Facts) -> SealedTest | None:
    """The table of the study's one reveal; None before it is done."""
    reveal = facts.reveal
    if reveal is None or reveal.state != "done" or not reveal.result:
        return None
    result = reveal.result
    metrics = tuple(dict.fromkeys((facts.study.objective, "recall@10", "mrr@10")))
    lines = [_row(line, metrics) for line in result["lines"]]
    # another stamp (fitted on more): shown apart, never compared
    lines += [_row({**line, "chosen_minus_this": None}, metrics) for line in result.get("refit", ())]
    stamps = [result["stamp"], *(str(line["stamp"]) for line in result.get("refit", ()))]
    return SealedTest(
        columns=("config", "seeds", *metrics, "recommended minus this"),
        rows=tuple(lines),
        sentences=tuple(_told(facts, result)),
        stamp=" · ".join(dict.fromkeys(stamps)),
    )


def _row(line: Mapping[str, Any], metrics: tuple[str, ...]) -> tuple[str, ...]:
    trial = f" (trial {line['trial']})" if line.get("trial") else ""
    against = Comparison.from_json(line["chosen_minus_this"]) if line.get("chosen_minus_this") else None
    gap = change(against.difference, against.low, against.high) if against else "–"
    return (
        f"{_label(line)}{trial}",
        str(line["seeds"] or "–"),
        *(metric(line["metrics"].get(name)) for name in metrics),
        gap,
    )


def _label(line: Mapping[str, Any]) -> str:
    names = {"markov": "first-order Markov", "cooccurrence": "item co-occurrence"}
    return names.get(line["label"], str(line["label"]))


def _told(facts: Facts, result: Mapping[str, Any]) -> list[str]:
    assert facts.reveal is not None
    reveal = facts.reveal
    look, by = ordinal(reveal.look).capitalize(), one_line(reveal.actor, 60)
    sentences = [f"{look} look at the test of this data, on {day(reveal.done_at)}, by {by}."]
    if reveal.look > 1:
        sentences.append("What earlier looks taught may have flowed into this study: read the gain with that in mind.")
    tested = revealed_gain(facts)
    if tested is not None:
        gain = f"{change(tested.difference, tested.low, tested.high)} ({interval(tested)}), {tested.verdict}"
        sentences.append(f"On fresh seeds alone, recommended minus baseline: {gain}. The table averages all seeds.")
    if beaten := [_label(line) for line in result["lines"] if _loses_to(line)]:
        sentences.append(f"A reference line scores higher than the recommended config: {', '.join(beaten)}.")
    if result.get("refit"):
        sentences.append("“refitted” was trained on training plus validation: another stamp, so it is not compared.")
    return sentences


def _loses_to(line: Mapping[str, Any]) -> bool:
    is_reference = line.get("trial") is None and line.get("chosen_minus_this")
    return bool(is_reference and line["chosen_minus_this"]["difference"] < 0)


def sealed_note(facts: Facts) -> str:
    """Why there is no table."""
    reveal = facts.reveal
    if reveal is None:
        return "Not opened. A person may open it once for this study, on the record, when the study is finished."
    if reveal.state == "failed":
        return f"It could not be scored, and nothing was shown: {one_line(reveal.error or 'cause unknown')}"
    return "" if reveal.state == "done" else "A person asked to open it; it is being scored."
