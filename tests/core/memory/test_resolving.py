"""A contradiction is resolved by muting, by narrowing, or by a reason why both stand; then it is offered no more."""

import pytest

from core.errors import Conflict, InvalidInput
from core.memory.records import Lesson
from core.memory.relations import Relations
from core.memory.resolving import Resolving
from tests.core.memory.house import Memory


@pytest.fixture
def pair(memory: Memory) -> tuple[Lesson, Lesson]:
    """Two rules for the same data that contradict one another."""
    up = memory.write(conditions="mean_length < 30")
    down = memory.write("Less dropout.", direction="down", conditions="mean_length < 60")
    assert offered(memory) == 1
    return up, down


def offered(memory: Memory) -> int:
    Relations(memory.store).relate_all("test")
    return len(memory.store.links.open())


def test_the_muted_one_is_kept_and_found_for_nobody(memory: Memory, pair: tuple[Lesson, Lesson]):
    Resolving(memory.store).mute(pair[1], pair[0], "Ada")
    assert memory.store.lessons.get(pair[1].id).status == "muted" and offered(memory) == 0
    shop = memory.dataset("shop")
    assert [hit.lesson.id for hit in memory.retrieval.for_study(memory.asks(shop), shop)] == [pair[0].id]


def test_narrowed_to_other_data_both_stay(memory: Memory, pair: tuple[Lesson, Lesson]):
    resolving = Resolving(memory.store)
    with pytest.raises(InvalidInput, match="still speak to the same data"):
        resolving.narrow(pair[1], pair[0], "mean_length < 50", "Ada")
    assert offered(memory) == 1
    resolving.narrow(pair[1], pair[0], "mean_length >= 30 and mean_length < 60", "Ada")
    assert offered(memory) == 0
    assert memory.store.lessons.get(pair[1].id).conditions.startswith("mean_length >= 30")


def test_both_may_stand_for_a_reason_that_is_kept(memory: Memory, pair: tuple[Lesson, Lesson]):
    resolving = Resolving(memory.store)
    with pytest.raises(InvalidInput, match="why both may stand"):
        resolving.stand(*pair, "  ", "Ada")
    resolving.stand(*pair, "one for each season", "Ada")
    assert offered(memory) == 0
    assert memory.store.links.of(pair[0].id)[0].why == "one for each season"


def test_what_somebody_settled_meanwhile_changes_nothing(memory: Memory, pair: tuple[Lesson, Lesson]):
    memory.store.links.settle(pair[0].id, pair[1].id, "Bob's way", "Bob")
    with pytest.raises(Conflict, match="settled meanwhile"):
        Resolving(memory.store).mute(pair[1], pair[0], "Ada")
    assert memory.store.lessons.get(pair[1].id).status == "active"
