"""Small datasets for tests of views and pages: rows without files."""

from typing import Any

from core.data.profile import Profile
from core.records import Dataset
from core.workspace import Workspace


def dataset(workspace: Workspace, name: str, **profile: Any) -> Dataset:
    """A registered dataset whose profile has short histories, unless said otherwise."""
    id = f"{name}-{'0' * 12}"[:12]
    (workspace.settings.datasets / id / "open").mkdir(parents=True, exist_ok=True)
    counts = {"validation_targets": 100, "items": 50}
    card = {"id": id, "split": "leave_one_out", "masking": "seen", "counts": counts}
    values = {"mean_length": 6.0, "density": 0.001, "repeat_rate": 0.0, "p95_length": 20.0, "users": 100, **profile}
    json = Profile.from_json(values).to_json()
    return workspace.store.datasets.add(id, name, f"lineage-{name}", id, card, json, "test")
