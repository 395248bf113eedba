"""A person keeps a draft of an audit as a lesson: a rule of one dataset, with no number that others could build on."""

from collections.abc import Sequence

from core.errors import InvalidInput
from core.history.auditing import Audit
from core.memory.editing import Editing
from core.memory.records import Lesson
from core.records import Dataset


def accept(editing: Editing, audit: Audit, numbers: Sequence[int], dataset: Dataset, actor: str) -> list[Lesson]:
    """Write the drafts of these numbers (from 1) as lessons of a dataset. Raises InvalidInput before any is written.

    Effects stay in the text: imported numbers carry no stamp, so the lesson has none and claims no measured effect.
    """
    if wrong := [number for number in numbers if not 1 <= number <= len(audit.drafts)]:
        raise InvalidInput(f"there is no draft {', '.join(map(str, wrong))}; the audit has {len(audit.drafts)}")
    kept = []
    for number in dict.fromkeys(numbers):
        draft = audit.drafts[number - 1]
        values = {"level": "dataset", "kind": draft.kind, "claim": draft.claim, "axis": draft.axis}
        values |= {"direction": draft.direction, "backbone": audit.history.backbone}
        kept.append(editing.add({**values, "dataset_id": dataset.id, "lineage": dataset.lineage}, actor))
    return kept
