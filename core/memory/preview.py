"""What a new study on a dataset would be shown, and why, before there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.memory.carried import carried
from core.memory.hits import Hit
from core.memory.neighbours import Neighbour
from core.memory.retrieval import MOST, Retrieval
from core.memory.warm_start import SoftRange, Transferred, WarmStart, earlier_versions, knows_lineage, soft_ranges
from core.records import Dataset, Study
from core.space import SearchSpace
from core.stamp import Protocol
from core.states import Autonomy, StudyState
from core.store import Store

OBJECTIVE = "ndcg@10"
NOBODY = -1  # the id of a study that does not exist


@dataclass(frozen=True)
class Preview:
    """`known_here` counts lessons learned on this lineage; `earlier` is the version before this one, with its drift."""

    nearest: tuple[Neighbour, ...]
    hits: tuple[Hit, ...]
    transferred: tuple[Transferred, ...]
    soft_ranges: Mapping[str, SoftRange]
    known_here: int
    earlier: Neighbour | None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "nearest": [{"dataset": each.dataset.name, "likeness": each.likeness} for each in self.nearest],
            "lessons": [
                {"id": hit.lesson.id, "claim": hit.lesson.claim, "score": hit.score, **hit.parts} for hit in self.hits
            ],
            "first": [vars(each) for each in self.transferred],
            "soft_ranges": {axis: vars(span) for axis, span in self.soft_ranges.items()},
            "known_here": self.known_here,
            "earlier": self.earlier.dataset.name if self.earlier else None,
        }


def preview(
    store: Store,
    retrieval: Retrieval,
    dataset: Dataset,
    backbone: str,
    without_lineage: bool = False,
    rejected: Sequence[int] = (),
    space: SearchSpace | None = None,
) -> Preview:
    """The same retrieval and warm start as a real study's. Raises UnknownBackbone."""
    space = space or SearchSpace.of(backbone)
    study = replace(imagined(dataset, space), without_lineage=without_lineage, without_lessons=tuple(rejected))
    found = retrieval.ranked(study, dataset)
    hits = retrieval.diverse(found, MOST)
    near = retrieval.neighbours(dataset, but_lineage=dataset.lineage)
    return Preview(
        nearest=tuple(near),
        hits=tuple(hits),
        transferred=WarmStart(store).configs(study, dataset, hits, near, carried(found)),
        soft_ranges=soft_ranges(space, hits),
        known_here=0 if without_lineage else knows_lineage(store, study, dataset),
        earlier=next(earlier_versions(store, dataset), None),
    )


def imagined(dataset: Dataset, space: SearchSpace) -> Study:
    """A study that is asked about and never stored."""
    values: Mapping[str, Any] = {
        "objective": OBJECTIVE,
        "agent": "expert",
        "max_trials": 1,
        "max_epochs": 1,
        "min_gain": 0.0,
        "guards": {},
        "deadline_seconds": None,
        "seed": 1,
        "masking": "seen",
        "stamp": _stamp(dataset),
        "instructions": "",
        "use_memory": True,
        "extra_seeds": False,
        "incumbent_id": None,
        "recommended_id": None,
        "version": 0,
        "created_by": "",
        "created_at": 0.0,
    }
    return Study(
        id=NOBODY,
        name="preview",
        dataset_id=dataset.id,
        backbone=space.backbone,
        state=StudyState.ACTIVE,
        autonomy=Autonomy.EACH,
        space=space.to_json(),
        space_version=1,
        **values,
    )


def _stamp(dataset: Dataset) -> str:
    """That of a study with the default objective; empty where the card of an imagined dataset says too little."""
    try:
        return Protocol.of(dataset.card, OBJECTIVE, dataset.card["masking"]).stamp
    except KeyError:
        return ""
