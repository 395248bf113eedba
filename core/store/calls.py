"""Calls of language models in SQL: what was sent and came back, and what a study has spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, insert, select, update

from core.records import AgentCall
from core.store import schema
from core.store.part import Part, inserted_id, touch

_table = schema.agent_calls


@dataclass(frozen=True)
class Spent:
    """What a study's calls took so far; `money` counts those whose price was known."""

    calls: int
    tokens: int
    money: float
    unpriced: int  # calls whose price was not known
    unpriced_tokens: int

    @property
    def bill(self) -> str:
        """In dollars; calls whose price is unknown are not called free."""
        if not self.unpriced:
            return f"${self.money:.2f}"
        known = f"${self.money:.2f} + " if self.money else ""
        return f"{known}{self.unpriced_tokens:,} tokens, price not set"


class Calls(Part):
    """Rows of `agent_calls`."""

    def add(self, study_id: int, call: Mapping[str, Any]) -> int:
        """Keep a call before it is made, at the most it may cost, or as it went; its id."""
        row = {"trial_id": None, **call, "study_id": study_id, "at": self.clock.now()}
        with self.database.write() as connection:
            id = inserted_id(connection.execute(insert(_table).values(row)))
            touch(connection, study_id)
        return id

    def close(self, id: int, study_id: int, call: Mapping[str, Any]) -> None:
        """Say how a call ended that was kept before it was made."""
        with self.database.write() as connection:
            connection.execute(update(_table).where(_table.c.id == id).values(dict(call)))
            touch(connection, study_id)

    def price(self, study_id: int, price_in: float, price_out: float) -> None:
        """Give their cost to the calls made before a price was known; prices are per million tokens."""
        money = (_table.c.tokens_in * price_in + _table.c.tokens_out * price_out) / 1e6
        unpriced = (_table.c.study_id == study_id) & _table.c.money.is_(None)
        with self.database.write() as connection:
            connection.execute(update(_table).where(unpriced).values(money=money))
            touch(connection, study_id)

    def settle(self, id: int, outcome: str, error: str) -> None:
        """Say what became of a reply that arrived, such as `invalid`."""
        with self.database.write() as connection:
            connection.execute(update(_table).where(_table.c.id == id).values(outcome=outcome, error=error))

    def attach(self, ids: Sequence[int], trial_id: int) -> None:
        """Name the trial that came of these calls."""
        if ids:
            with self.database.write() as connection:
                connection.execute(update(_table).where(_table.c.id.in_(ids)).values(trial_id=trial_id))

    def of_trial(self, trial_id: int) -> list[AgentCall]:
        """The calls behind a trial's proposal and reflection, oldest first."""
        return self._all(AgentCall, select(_table).where(_table.c.trial_id == trial_id).order_by(_table.c.id))

    def of_study(self, study_id: int, limit: int = 100) -> list[AgentCall]:
        """The newest calls of a study, newest first."""
        query = select(_table).where(_table.c.study_id == study_id).order_by(_table.c.id.desc()).limit(limit)
        return self._all(AgentCall, query)

    def spent(self, study_id: int | None = None, since: float = 0.0) -> Spent:
        """What the calls of a study, or of all, took since a moment."""
        tokens = _table.c.tokens_in + _table.c.tokens_out
        unpriced = _table.c.money.is_(None)
        query = select(
            func.count(),
            func.coalesce(func.sum(tokens), 0),
            func.coalesce(func.sum(_table.c.money), 0.0),
            func.count(case((unpriced, 1))),
            func.coalesce(func.sum(case((unpriced, tokens))), 0),
        ).where(_table.c.at >= since)
        if study_id is not None:
            query = query.where(_table.c.study_id == study_id)
        with self.database.read() as connection:
            calls, total, money, unpriced_calls, unpriced_tokens = connection.execute(query).one()
        return Spent(int(calls), int(total), float(money), int(unpriced_calls), int(unpriced_tokens))
