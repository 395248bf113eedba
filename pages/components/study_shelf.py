"""The archive of studies, as pages act on it."""

from core.records import Study
from pages.components.workspace import actor, escaped, say, workspace


def shelve_study(study: Study) -> None:
    """Take a study out of lists and selectors, or bring it back; for use in a callback."""
    shelf = workspace().store.shelf
    if study.archived_at is None:
        shelf.archive(study.id, actor())
        say(f"{escaped(study.name)} is archived; its record stays.", icon=":material/archive:")
    else:
        shelf.restore(study.id, actor())
        say(f"{escaped(study.name)} is back.", icon=":material/unarchive:")
