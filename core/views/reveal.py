"""What the sealed test said, as rows and one headline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.figures import change, metric, objective_words
from core.records import Reveal, Study
from core.report.headline import ordinal
from core.states import StudyState
from core.verdict import Comparison
from core.views.trial import Interval

WORDS = {
    "requested": ("running", "being scored"),
    "failed": ("failed", "could not be scored"),
    "done": ("complete", "opened"),
}
COLUMNS = ("ndcg@10", "recall@10", "mrr@10")


@dataclass(frozen=True)
class RevealView:
    """`headline`: the recommended trial against the baseline on fresh seeds alone, when they are two."""

    standing: str
    word: str
    opened: str
    problem: str
    headline: Interval | None
    rows: tuple[Mapping[str, str], ...]
    stamp: str


def may_open_test(study: Study, reveal: Reveal | None) -> bool:
    """Once, after the study's end; again only where scoring failed and nothing was shown."""
    return study.state is StudyState.FINISHED and (reveal is None or reveal.state == "failed")


def reveal_view(study: Study, reveal: Reveal) -> RevealView:
    """A reveal at any of its states."""
    standing, word = WORDS[reveal.state]
    result = reveal.result or {}
    head = Comparison.from_json(result["headline"]) if result.get("headline") else None
    verdict = str(head.verdict) if head else ""
    return RevealView(
        standing=standing,
        word=word,
        opened=f"{ordinal(reveal.look)} look at this data's test, by {reveal.actor}",
        problem=f"{reveal.error}; ask for it again, nothing was shown" if reveal.state == "failed" else "",
        headline=Interval("fresh seeds", head.difference, head.low, head.high, verdict) if head else None,
        rows=tuple(_row(line, study.objective) for line in (*result.get("lines", ()), *result.get("refit", ()))),
        stamp=_stamp(result, verdict),
    )


def _stamp(result: Mapping[str, Any], verdict: str) -> str:
    if not result:
        return ""
    head = f"fresh seeds alone, against the baseline: {verdict} · " if verdict else ""
    return head + str(result["stamp"])


def _row(line: Mapping[str, Any], objective: str) -> dict[str, str]:
    gap = line.get("chosen_minus_this")
    seen = Comparison.from_json(gap) if gap else None
    gained = f"recommended minus this, {objective_words(objective)}"
    name = f"{line['label']} (trial {line['trial']})" if line.get("trial") else str(line["label"])
    return {
        "config": name,
        "seeds": str(line["seeds"]),
        **{name: metric(line["metrics"].get(name)) for name in dict.fromkeys((objective, *COLUMNS))},
        gained: change(seen.difference, seen.low, seen.high) if seen else "–",
    }
