"""What a study leaves to other datasets, told by the language model from the evidence table; else by code, visibly."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from core.agents.llm import prompts, prose, telling
from core.agents.llm.answers import InvalidAnswer, SummaryAnswer
from core.agents.llm.asking import Asker
from core.agents.llm.model import ModelFailed
from core.agents.llm.prose import Record
from core.agents.llm.provider import Provider
from core.memory.conditioning import phrases_of
from core.memory.wording import Row, Summary, ending, opening, summary
from core.records import Dataset, Study

MOST_ROWS = 60  # of the table, the clearest effects first
MOST_SUMMARY = 1_200  # characters


class Distilling:
    """Opening and gain on fresh seeds stay code's; every figure between them is held against the table."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def summary(self, study: Study, dataset: Dataset, rows: Sequence[Row], gain: float | None) -> Summary:
        """The model's summary, or code's with the reason. Raises Conflict when the study was lost meanwhile."""
        asker = None
        try:
            asker = self._provider.asker(study, "distil", study.best_id)
            told = self._told(asker, study, dataset, rows, gain)
        except ModelFailed as problem:
            why = telling.short(str(problem), 300)
            told = Summary(
                summary(study, dataset, rows, gain).text,
                f"the language model gave no usable summary ({why}), so code put the evidence table into words",
            )
        if asker is not None:
            asker.hold()
        return told

    def _told(self, asker: Asker, study: Study, dataset: Dataset, rows: Sequence[Row], gain: float | None) -> Summary:
        shown = sorted(rows, key=lambda row: -abs(row.effect))[:MOST_ROWS]
        prompt = prompts.distil(study, _table(dataset, shown, gain), self._provider.tool("distil"))
        record = prose.record(
            [row.trials for row in shown], [gain, *((row.effect, row.low, row.high) for row in shown)]
        )
        answering = self._provider.answering(asker)
        text, wrong = answering.answer(prompt, SummaryAnswer, "distil", partial(_checked, shown, record))
        how = f"told by {asker.model} from the evidence table"
        marked = f"; not in the table, and marked so: {', '.join(wrong)}" if wrong else ""
        whole = " ".join([opening(study, dataset), text, *ending(gain)])
        return Summary(whole, how + marked)


def _table(dataset: Dataset, rows: Sequence[Row], gain: float | None) -> dict[str, Any]:
    told = [
        {
            "field": row.axis,
            "direction": row.direction,
            "relative": telling.rounded(row.effect),
            "low": telling.rounded(row.low),
            "high": telling.rounded(row.high),
            "trials": row.trials,
            "lesson": telling.short(row.says, 200),
        }
        for row in rows
    ]
    about = {"dataset": telling.short(dataset.name, 100), "data": phrases_of(dataset)}
    return {**about, "table": told, "gain_on_fresh_seeds": telling.rounded(gain)}


def _checked(rows: Sequence[Row], record: Record, answer: SummaryAnswer) -> tuple[str, tuple[str, ...]]:
    """The text with its wrong figures marked, and those. Raises InvalidAnswer where it is about none of the steps."""
    if not any(row.axis in answer.text for row in rows):
        raise InvalidAnswer(f"text names none of the table's fields: {', '.join(row.axis for row in rows[:8])}")
    return prose.check(telling.short(answer.text, MOST_SUMMARY), record)
