"""Reference lines: counted once in the scoring process, remembered beside the dataset, told under a study's metric."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import StorageFailed
from core.models.reference_lines import NAMES, count_lines, known_lines, labelled
from core.records import Dataset
from tests.core.loop.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def dataset(world: World) -> Dataset:
    return world.dataset()


def scorer(*messages: Mapping[str, Any]) -> Any:
    """A scoring process that says these messages, and keeps the job it was given."""

    def run(module: str, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        run.job = dict(job)  # type: ignore[attr-defined]
        yield from (dict(message) for message in messages)

    return run


def scored(value: float) -> list[dict[str, Any]]:
    each = {"event": "scored", "users": 9}
    return [each | {"name": name, "metrics": {"ndcg@10": value * (i + 1)}} for i, name in enumerate(NAMES)]


def test_they_are_counted_on_validation_alone_and_remembered_for_their_masking(world: World, dataset: Dataset):
    settings, run = world.workspace.settings, scorer(*scored(0.01), {"event": "complete"})
    assert known_lines(settings, dataset, "seen") is None
    count_lines(run, settings, dataset, "seen")
    assert "targets" not in run.job and run.job["references"] == list(NAMES)
    held = known_lines(settings, dataset, "seen")
    assert labelled(held, "ndcg@10") == (("popularity", 0.01), ("Markov", 0.02), ("co-occurrence", 0.03))
    assert labelled(held, "recall@5") == () and known_lines(settings, dataset, "none") is None
    count_lines(scorer(*scored(0.5)), settings, dataset, "none")
    assert known_lines(settings, dataset, "seen") == held


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([{"event": "failed", "cause": "no rows"}], "no rows"),
        (scored(0.1)[:1], "ended without cooccurrence, markov"),
    ],
)
def test_a_process_that_fails_leaves_nothing_and_says_why(
    world: World, dataset: Dataset, messages: list[dict[str, Any]], why: str
):
    with pytest.raises(StorageFailed, match=why):
        count_lines(scorer(*messages), world.workspace.settings, dataset, "seen")
    assert known_lines(world.workspace.settings, dataset, "seen") is None
