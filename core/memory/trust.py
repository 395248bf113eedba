"""What a lesson has earned: a Beta posterior around the rate at which the agent's steps help without any lesson.

A lesson is worth something where its steps help more often than those the agent would have taken anyway; so that rate,
once known, is where trust begins. Before, a lesson begins at one half.
"""

from dataclasses import dataclass

from core.memory.records import Lesson
from core.store import Store

WEIGHT = 2.0  # trials that the prior counts for
KNOWN_FROM = 20  # clear verdicts on steps planned without a lesson, from which on their rate is known


@dataclass(frozen=True)
class Prior:
    """Where trust begins; `trials` clear verdicts say so, none while the rate is not known."""

    mean: float = 0.5
    trials: int = 0

    @property
    def wins(self) -> float:
        """In units of trials."""
        return WEIGHT * self.mean

    @property
    def losses(self) -> float:
        """The same for the other side."""
        return WEIGHT * (1.0 - self.mean)


EVEN = Prior()


def prior_of(store: Store) -> Prior:
    """Around the rate without memory in this home, or even where too few trials tell it."""
    better, clear = store.proposals.rate_without_memory()
    return Prior((better + 1) / (clear + 2), clear) if clear >= KNOWN_FROM else EVEN


def confidence(lesson: Lesson, prior: Prior = EVEN) -> float:
    """Mean of the Beta posterior over wins and losses."""
    return (prior.wins + lesson.wins) / (WEIGHT + lesson.wins + lesson.losses)
