"""What studies, datasets and the index take on disk, and how to get space back without losing what is needed.

Freed are the weights of trials that did not win, once their study has ended, and folders that no row points to.
Kept, always: the baseline's, the incumbent's, the recommended and any production trial's weights; ranks and logs.
"""

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.artifacts import Artifacts
from core.errors import Conflict, StorageFailed
from core.records import Study, Trial
from core.settings import Settings
from core.states import StudyState
from core.store import Store

WEIGHTS = ".safetensors"
KEPT_KINDS = frozenset({"baseline", "production"})
SETTLED_SECONDS = 3600.0  # a younger folder without a row may be an import at work
STOPPED_SECONDS = 60.0  # a cancelled run's process ends within seconds, and may write until then
_TRASH = ".removed-"


@dataclass(frozen=True)
class Place:
    """Bytes that one thing takes; `kind` is study, dataset, index, database or other."""

    what: str
    kind: str
    path: Path
    size: int
    weights: int = 0


@dataclass(frozen=True)
class Removal:
    """A file or folder that may go, and what it is."""

    what: str
    path: Path
    size: int


def usage(store: Store, settings: Settings) -> list[Place]:
    """What each thing takes, studies first."""
    places = []
    for study in store.studies.all():
        folder = Artifacts(settings.artifacts).study(study.id)
        weights = sum(_size(path) for path in _weights(folder))
        places.append(Place(f"study {study.name}", "study", folder, _size(folder), weights))
    for dataset in store.datasets.all(archived=True):
        folder = settings.dataset(dataset.folder)
        places.append(Place(f"dataset {dataset.name}", "dataset", folder, _size(folder)))
    places.append(Place("vector index", "index", settings.chroma, _size(settings.chroma)))
    places.append(Place("database", "database", settings.home, store.database.size()))
    known = {place.path.resolve() for place in places}
    others = [path for folder in (settings.datasets, settings.artifacts) for path in _entries(folder)]
    places += [
        Place(f"other {path.name}", "other", path, _size(path)) for path in others if path.resolve() not in known
    ]
    return places


def removable(store: Store, settings: Settings, study_id: int | None = None) -> list[Removal]:
    """What may go now, of one study or of the whole home; nothing is touched.

    Raises Conflict when the database is empty and the home is not: then it is probably another home's database.
    """
    if study_id is not None:
        return list(_losers(store, settings, store.studies.get(study_id)))
    studies = store.studies.all()
    _refuse_another_home(store, settings, studies)
    weights = [removal for study in studies for removal in _losers(store, settings, study)]
    return [*weights, *_orphans(store, settings, studies)]


def free(
    store: Store,
    settings: Settings,
    plan: Iterable[Removal] | None = None,
    dry_run: bool = True,
    study_id: int | None = None,
) -> list[Removal]:
    """What was removed, or with `dry_run` would be: all that may go, or of it only what a plan of `removable` names.

    A plan is asked again: what is needed since stays. Raises Conflict as `removable`, StorageFailed when the disk
    refuses; what was removed until then is gone whole, the rest is there whole.
    """
    may_go = removable(store, settings, study_id)
    if plan is not None:
        wanted = {removal.path for removal in plan}
        may_go = [removal for removal in may_go if removal.path in wanted]
    if dry_run or not may_go:
        return may_go
    for removal in may_go:
        _remove(removal.path)
    detail = {"bytes": sum(removal.size for removal in may_go), "paths": len(may_go)}
    store.events.note("space freed", "storage", detail)
    return may_go


def disk_free(settings: Settings) -> int:
    """Bytes left on the disk that holds the home."""
    return shutil.disk_usage(settings.home).free


def _losers(store: Store, settings: Settings, study: Study) -> Iterator[Removal]:
    if not _is_settled(store, study):
        return
    for trial in store.trials.of_study(study.id):
        if not _is_needed(study, trial):
            for path in _weights(Artifacts(settings.artifacts).study(study.id) / f"trial-{trial.number}"):
                what = f"weights of trial {trial.number} of study {study.name}, which did not win"
                yield Removal(what, path, _size(path))


def _is_settled(store: Store, study: Study) -> bool:
    """Whether the study has ended and nothing of it writes or will read weights any more."""
    if not study.has_ended or any(not run.has_ended for run in store.runs.of_study(study.id)):
        return False
    ends = [study.ended_at or 0.0, *(run.ended_at or 0.0 for run in store.runs.of_study(study.id))]
    stops = study.state is StudyState.CANCELLED
    return not stops or max(ends) + STOPPED_SECONDS < store.runs.clock.now()


def _is_needed(study: Study, trial: Trial) -> bool:
    return trial.kind in KEPT_KINDS or trial.id in (study.incumbent_id, study.recommended_id)


def _orphans(store: Store, settings: Settings, studies: list[Study]) -> Iterator[Removal]:
    """Folders with a name this program gives, to which no row points, and left alone for an hour."""
    known = {study.id for study in studies}
    for path in _entries(settings.artifacts):
        found = re.fullmatch(r"study-(\d+)", path.name)
        if found and int(found[1]) not in known and _is_left_alone(path):
            yield Removal(f"files of study {found[1]}, which is not in the database", path, _size(path))
    needed = {settings.dataset(dataset.folder).resolve() for dataset in store.datasets.all(archived=True)}
    for path in _entries(settings.datasets):
        is_ours = path.name.startswith(".") or (path / "card.json").is_file()
        if is_ours and path.resolve() not in needed and _is_left_alone(path):
            yield Removal(f"dataset folder {path.name}, which is not in the database", path, _size(path))
    for path in _entries(settings.artifacts):
        if path.name.startswith(_TRASH):
            yield Removal("left over from an interrupted removal", path, _size(path))


def _refuse_another_home(store: Store, settings: Settings, studies: list[Study]) -> None:
    filled = [path for folder in (settings.datasets, settings.artifacts) for path in _entries(folder)]
    if filled and not studies and not store.datasets.all(archived=True):
        raise Conflict(
            f"the database {store.database.name} knows no dataset and no study, but {settings.home} holds "
            f"{len(filled)} of their folders; check VIRTUALMLE_DATABASE_URL and VIRTUALMLE_HOME before freeing space"
        )


def _is_left_alone(folder: Path) -> bool:
    newest = max((_changed(path) for path in (folder, *folder.rglob("*"))), default=0.0)
    return newest + SETTLED_SECONDS < time.time()  # compared with the file system's times, which are the machine's


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return time.time()  # it went while we looked: somebody is at work


def _remove(path: Path) -> None:
    """A folder goes by renaming it first, so that a half-removed one never looks whole."""
    try:
        if path.is_dir():
            trash = path.with_name(_TRASH + path.name)
            if trash != path and not path.name.startswith(_TRASH):
                os.replace(path, trash)
            else:
                trash = path
            shutil.rmtree(trash)
        else:
            path.unlink(missing_ok=True)
    except OSError as problem:
        raise StorageFailed(f"{path} could not be removed: {problem.strerror}; check who owns it") from problem


def _entries(folder: Path) -> list[Path]:
    """Folders inside a folder; links are left to whoever made them."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _weights(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*" + WEIGHTS) if path.is_file())


def _size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder; what is not there takes none."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += Path(folder, name).lstat().st_size
            except FileNotFoundError:
                continue
    return total
