"""memory add | edit | mute | archive | restore | delete | undo | promote | demote | lock ..."""

import argparse
from typing import Any

from core.cli import memory_care, memory_packs, memory_reading
from core.cli.output import note, say
from core.errors import InvalidInput
from core.memory.editing import lacking
from core.memory.records import Lesson
from core.records import Trial
from core.store.lessons import LEVELS
from core.workspace import Workspace

FIGURES = ("low", "high", "effect")
SETTABLE = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")


def add_verbs(verbs: Any) -> None:
    """Add the memory verb and its acts to the parser."""
    verb = verbs.add_parser("memory", help="lessons: list, search, show, add, edit, merge, check, export, import")
    acts = verb.add_subparsers(title="acts", metavar="ACT", required=True)
    memory_reading.add_acts(acts)
    added = acts.add_parser("add", help="a lesson of your own")
    _add_fields(added)
    added.add_argument("--dataset", help="the dataset a lesson of level dataset belongs to")
    added.add_argument("--study", help="the study a lesson of level study belongs to")
    added.set_defaults(run=add_lesson)
    edited = acts.add_parser("edit", help="write the next revision")
    edited.add_argument("lesson", type=int)
    _add_fields(edited)
    edited.add_argument("--no-range", action="store_true", help="take its range away")
    edited.add_argument("--pin", action=argparse.BooleanOptionalAction)
    edited.set_defaults(run=edit_lesson)
    _add_moves(acts)
    restored = acts.add_parser("restore", help="out of the archive, in use again; --revision: an old text again")
    restored.add_argument("lesson", type=int)
    restored.add_argument("--revision", type=int, help="this old revision as the newest")
    restored.set_defaults(run=restore_lesson)
    deleted = acts.add_parser("delete", help="an archived lesson for good, with its evidence and every revision")
    deleted.add_argument("lesson", type=int)
    deleted.set_defaults(run=delete_lesson)
    memory_care.add_acts(acts)
    memory_packs.add_acts(acts)


def _add_moves(acts: Any) -> None:
    for name, status in (("mute", "muted"), ("archive", "archived"), ("activate", "active")):
        moved = acts.add_parser(name, help=f"make lessons {status}")
        moved.add_argument("lessons", type=int, nargs="+", metavar="LESSON")
        moved.set_defaults(run=set_status, status=status)
    for name, locked in (("lock", True), ("unlock", False)):
        held = acts.add_parser(name, help="let nobody change a lesson" if locked else "allow changes again")
        held.add_argument("lesson", type=int)
        held.set_defaults(run=set_lock, locked=locked)
    undone = acts.add_parser("undo", help="take the newest revision back")
    undone.add_argument("lesson", type=int)
    undone.set_defaults(run=undo_edit)
    for name in ("promote", "demote"):
        raised = acts.add_parser(name, help="to a wider level" if name == "promote" else "to a narrower level")
        raised.add_argument("lesson", type=int)
        raised.set_defaults(run=move_level, step=1 if name == "promote" else -1)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    for name in SETTABLE:
        parser.add_argument(f"--{name}")
    parser.add_argument("--low", type=float, help="from here the axis does well")
    parser.add_argument("--high", type=float, help="up to here the axis does well")
    parser.add_argument("--effect", type=float, help="its strength: the relative change to expect, such as 0.02")
    parser.add_argument("--reason", default="")


def add_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """A lesson by hand."""
    values: dict[str, Any] = {name: getattr(given, name) or "" for name in SETTABLE}
    values |= {"level": given.level or "cognition", "kind": given.kind or "fact"}
    values |= {name: getattr(given, name) for name in FIGURES}
    if given.study:
        study = workspace.store.studies.get(given.study)
        values |= {"study_id": study.id, "dataset_id": study.dataset_id, "stamp": study.stamp}
    if given.dataset:
        dataset = workspace.store.datasets.get(given.dataset)
        values |= {"dataset_id": dataset.id, "lineage": dataset.lineage}
    lesson = workspace.editing.add(values, given.actor)
    say(f"lesson {lesson.id} written")
    _flag(lesson)
    return 0


def _flag(lesson: Lesson) -> None:
    if without := lacking(vars(lesson)):
        note(
            f"{', '.join(without)} has no {lesson.axis}: there the lesson can do nothing; name a backbone to say which"
        )


def edit_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """The next revision."""
    lesson = workspace.store.lessons.get(given.lesson)
    changes = {name: value for name in SETTABLE if (value := getattr(given, name)) is not None}
    changes |= {name: value for name in FIGURES if (value := getattr(given, name)) is not None}
    if given.no_range:
        if given.low is not None or given.high is not None:
            raise InvalidInput("--no-range takes the range away; give it, or --low and --high, not both")
        changes |= {"low": None, "high": None}
    if given.pin is not None:
        changes["pinned"] = given.pin
    if not changes:
        raise InvalidInput("nothing to change; give --claim, --conditions, --pin or another field")
    edited, stale = workspace.editing.edit(lesson, changes, given.actor, given.reason)
    say(f"lesson {edited.id} is at revision {edited.revision}")
    say_stale(workspace, stale)
    _flag(edited)
    return 0


def _replan(workspace: Workspace, trial: Trial) -> str:
    proposal = workspace.store.proposals.proposal(trial.id)
    return f"python -m core decide {proposal.id} replan" if proposal else ""


def set_status(workspace: Workspace, given: argparse.Namespace) -> int:
    """mute, archive or activate, one or many."""
    lessons = [workspace.store.lessons.get(id) for id in given.lessons]
    for lesson in lessons:
        moved, stale = workspace.editing.set_status(lesson, given.status, given.actor)
        say(f"lesson {moved.id} is {moved.status}")
        say_stale(workspace, stale)
    return 0


def set_lock(workspace: Workspace, given: argparse.Namespace) -> int:
    """lock or unlock."""
    lesson = workspace.editing.lock(workspace.store.lessons.get(given.lesson), given.locked, given.actor)
    say(f"lesson {lesson.id} is {'locked' if lesson.locked else 'unlocked'}")
    return 0


def undo_edit(workspace: Workspace, given: argparse.Namespace) -> int:
    """The revision before the newest one again."""
    lesson, stale = workspace.editing.undo(workspace.store.lessons.get(given.lesson), given.actor)
    say(f"lesson {lesson.id} is at revision {lesson.revision}: {lesson.claim}")
    say_stale(workspace, stale)
    return 0


def move_level(workspace: Workspace, given: argparse.Namespace) -> int:
    """promote or demote by hand."""
    lesson = workspace.store.lessons.get(given.lesson)
    place = LEVELS.index(lesson.level) + given.step
    if not 0 <= place < len(LEVELS):
        raise InvalidInput(
            f"lesson {lesson.id} is at level {lesson.level}, the last one; there are {', '.join(LEVELS)}"
        )
    moved, stale = workspace.editing.move_level(lesson, LEVELS[place], given.actor)
    say(f"lesson {moved.id} is at level {moved.level}; conditions: {moved.conditions or 'none'}")
    say_stale(workspace, stale)
    return 0


def say_stale(workspace: Workspace, stale: list[Trial]) -> None:
    """Which waiting proposals an act has made stale, and the way on."""
    for trial in stale:
        say(f"trial {trial.number} of study {trial.study_id} cites it and is stale now: {_replan(workspace, trial)}")


def restore_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """Out of the archive; with --revision an old text again."""
    lesson = workspace.store.lessons.get(given.lesson)
    if given.revision is None:
        if lesson.status != "archived":
            raise InvalidInput(
                f"lesson {lesson.id} is {lesson.status}, not archived; for an old text give --revision, and "
                f"python -m core memory activate {lesson.id} unmutes"
            )
        lesson, stale = workspace.editing.set_status(lesson, "active", given.actor)
        say(f"lesson {lesson.id} is in use again")
    else:
        lesson, stale = workspace.editing.restore(lesson, given.revision, given.actor)
        say(f"lesson {lesson.id} is at revision {lesson.revision}, with the text of revision {given.revision}")
    say_stale(workspace, stale)
    return 0


def delete_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """For good, after archive."""
    workspace.store.lessons.delete(given.lesson, given.actor)
    say(f"lesson {given.lesson} is deleted")
    return 0
