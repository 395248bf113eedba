"""The Datasets page: the list, the curves of one or two datasets, and how two profiles differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.data.distributions import Curve, Distributions, keep, kept
from core.data.profile import Profile
from core.data.profile_features import distance, feature_gaps
from core.figures import percent
from core.memory.neighbours import Neighbour
from core.records import Dataset
from core.settings import Settings
from core.store.listings import DatasetLine
from core.tasks import Task, tasks_of
from core.views.dataset_card import number
from core.views.transfer import Near, near_of

PAGE = 10
ORDERS: Mapping[str, str] = {"newest": "newest first", "name": "by name", "events": "most events first"}
PATIENCE = 1.5  # seconds a page waits for curves before it goes on without


@dataclass(frozen=True)
class Plot:
    """One of the four plots; `curves` are (name, curve), the dataset itself first."""

    name: str
    title: str
    told: str
    axis: str
    scale: str  # count, share, seconds, time
    curves: tuple[tuple[str, Curve], ...]


def table_row(line: DatasetLine) -> dict[str, object]:
    """A line of the list as the table shows it."""
    return {
        "dataset": line.name,
        "users": line.users,
        "items": line.items,
        "events": line.events,
        "events a user": None if line.mean_length is None else round(line.mean_length, 2),
        "studies": line.studies,
        "warnings": line.warnings,
        "data": "synthetic" if line.synthetic else "yours",
    }


def curves_of(settings: Settings, dataset: Dataset) -> Distributions | Task:
    """The curves kept of a dataset, else the task that computes them. Raises what computing them raised."""
    if (found := kept(settings.cache, dataset.id)) is not None:
        return found
    open_dir, key = settings.dataset(dataset.folder) / "open", f"curves {dataset.id}"
    tasks = tasks_of(settings.home)
    task = tasks.get(key)  # one that failed is not begun again at every look
    if task is None or (task.error is None and task.is_over):
        task = tasks.start(key, lambda task: keep(settings.cache, dataset.id, open_dir))
    if not task.wait(PATIENCE):
        return task
    if task.error is not None:
        raise task.error
    measured: Distributions = task.result
    return measured


def plots(dataset: Dataset, measured: Distributions, other: tuple[Dataset, Distributions] | None) -> tuple[Plot, ...]:
    """The four plots, of one dataset or with another one beside it; those without times are left out."""
    found = []
    for name, title, told, axis, scale in _PLOTS:
        pairs = [(dataset.name, getattr(measured, name))]
        if other is not None and scale != "time":  # two datasets seldom share a calendar
            pairs.append((other[0].name, getattr(other[1], name)))
        curves = tuple((label, curve) for label, curve in pairs if curve is not None and curve.x)
        if curves:
            found.append(Plot(name, title, told, axis, scale, curves))
    return tuple(found)


def compared(ours: Dataset, theirs: Dataset) -> Near:
    """The second dataset beside the first, feature by feature."""
    a, b = Profile.from_json(ours.profile), Profile.from_json(theirs.profile)
    return near_of(Neighbour(theirs, distance(a, b), tuple(feature_gaps(a, b))))


def in_words(plot: Plot) -> str:
    """The plot for those who do not see it: where each curve reaches a half and nine tenths."""
    told = []
    for label, curve in plot.curves:
        reached = [
            f"{percent(share, 0)} at {number(next(x for x, y in zip(curve.x, curve.y, strict=True) if y >= share))}"
            for share in (0.5, 0.9)
            if curve.y[-1] >= share
        ]
        told.append(f"{label}: {', '.join(reached)}")
    return f"{plot.title}, {plot.told}. {'; '.join(told)} ({plot.axis})"


_PLOTS = (
    ("lengths", "History lengths", "share of users with at most so many events", "training events of a user", "count"),
    ("popularity", "Item popularity", "share of events on the most popular items", "share of the items", "share"),
    ("gaps", "Gaps between events", "share of gaps of at most this length", "time to a user's next event", "seconds"),
    ("novelty", "New items over time", "share of the items seen so far", "time", "time"),
)
