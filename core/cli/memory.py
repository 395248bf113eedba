"""memory list | search | show | add | edit | mute | archive | restore | undo | promote | pin | lock ..."""

import argparse
from collections.abc import Sequence
from typing import Any

from core.cli import memory_care, memory_packs
from core.cli.output import note, print_json, print_table, say
from core.errors import InvalidInput, NotFound
from core.memory.documents import LESSONS
from core.memory.editing import lacking
from core.memory.records import Lesson
from core.memory.trust import confidence, prior_of
from core.memory.wording import record_of_lesson
from core.records import Trial
from core.store.lessons import LEVELS
from core.workspace import Workspace

SETTABLE = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")


def add_verbs(verbs: Any) -> None:
    """Add the memory verb and its acts to the parser."""
    verb = verbs.add_parser("memory", help="lessons: list, search, show, add, edit, merge, check, export, import")
    acts = verb.add_subparsers(title="acts", metavar="ACT", required=True)
    listed = acts.add_parser("list", help="every lesson")
    listed.add_argument("--level", choices=("study", "dataset", "cognition"))
    listed.add_argument("--archived", action="store_true")
    listed.add_argument("--backbone")
    listed.add_argument("--axis")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=list_lessons)
    found = acts.add_parser("search", help="by meaning; --word for words")
    found.add_argument("text")
    found.add_argument("--word", action="store_true")
    found.add_argument("--json", action="store_true")
    found.set_defaults(run=search_lessons)
    shown = acts.add_parser("show", help="one lesson with its evidence and revisions")
    shown.add_argument("lesson", type=int)
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=show_lesson)
    added = acts.add_parser("add", help="a lesson of your own")
    _add_fields(added)
    added.add_argument("--dataset", help="the dataset a lesson of level dataset belongs to")
    added.add_argument("--study", help="the study a lesson of level study belongs to")
    added.add_argument("--effect", type=float, help="its strength: the relative change to expect, such as 0.02")
    added.set_defaults(run=add_lesson)
    edited = acts.add_parser("edit", help="write the next revision")
    edited.add_argument("lesson", type=int)
    _add_fields(edited)
    edited.add_argument("--pin", action=argparse.BooleanOptionalAction)
    edited.set_defaults(run=edit_lesson)
    _add_moves(acts)
    restored = acts.add_parser("restore", help="an old revision as the newest")
    restored.add_argument("lesson", type=int)
    restored.add_argument("--revision", type=int, required=True)
    restored.set_defaults(run=restore_lesson)
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
    parser.add_argument("--reason", default="")


def list_lessons(workspace: Workspace, given: argparse.Namespace) -> int:
    """Every lesson with its record."""
    statuses = ("active", "muted", "archived") if given.archived else ("active", "muted")
    named = {"level": given.level, "backbone": given.backbone, "axis": given.axis}
    where = {name: value for name, value in named.items() if value}
    return _show(workspace, workspace.store.lessons.all(statuses, **where), given.json)


def search_lessons(workspace: Workspace, given: argparse.Namespace) -> int:
    """By meaning or by word."""
    if given.word:
        return _show(workspace, workspace.store.lessons.containing(given.text), given.json)
    found = workspace.retrieval.search(given.text)
    if not found:
        _explain_empty(workspace)
    if given.json:
        print_json([{**vars(lesson), "score": score} for lesson, score in found])
        return 0
    if not found:
        return 0
    rows = [(f"{score:.2f}", lesson.id, lesson.level, lesson.claim) for lesson, score in found]
    print_table(("score", "id", "level", "claim"), rows, right=("score", "id"), wrap=("claim",))
    return 0


def _explain_empty(workspace: Workspace) -> None:
    """Nothing found is either nothing learned, or an index that lacks what SQL holds; the second is an error."""
    lessons = workspace.store.lessons.all()
    if lessons and not workspace.index.count(LESSONS):
        raise NotFound(
            f"the vector index is missing or empty, while SQL holds {len(lessons)} active lessons and none is lost: "
            "python -m core memory rebuild (or search by word: --word)"
        )
    note("no lesson speaks to this" if lessons else "no lessons yet: studies write them from conclusive verdicts")


def _show(workspace: Workspace, lessons: list[Lesson], as_json: bool) -> int:
    if as_json:
        print_json([vars(lesson) for lesson in lessons])
        return 0
    if not lessons:
        say("no lessons here; studies write them from conclusive verdicts, or add one: python -m core memory add")
        return 0
    rows, prior = [], prior_of(workspace.store)
    for lesson in lessons:
        record = record_of_lesson(lesson, workspace.store.lessons.evidence(lesson.id), prior)
        marks = (
            ("pinned " if lesson.pinned else "")
            + ("locked " if lesson.locked else "")
            + (lesson.status if lesson.status != "active" else "")
        )
        rows.append((lesson.id, lesson.level, lesson.kind, lesson.claim, record, marks))
    print_table(("id", "level", "kind", "claim", "record", ""), rows, right=("id",), wrap=("claim", "record"))
    return 0


def show_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """One lesson, whole."""
    lesson = workspace.store.lessons.get(given.lesson)
    evidence, revisions = workspace.store.lessons.evidence(lesson.id), workspace.store.lessons.revisions(lesson.id)
    brought, links = workspace.store.foreign.evidence(lesson.id), workspace.store.links.of(lesson.id)
    if given.json:
        everything: dict[str, Sequence[Any]] = {
            "evidence": evidence,
            "foreign_evidence": brought,
            "revisions": revisions,
            "links": links,
        }
        rows = {name: [vars(each) for each in found] for name, found in everything.items()}
        print_json({**vars(lesson), "trust": confidence(lesson, prior_of(workspace.store)), **rows})
        return 0
    say(f"lesson {lesson.id} · {lesson.level} · {lesson.kind} · {lesson.status}", "bold")
    say(lesson.claim)
    say(f"rule: {lesson.axis} {lesson.direction} · backbone: {lesson.backbone or 'any'} · author: {lesson.author}")
    say(f"conditions: {lesson.conditions or 'none'}")
    if lesson.low is not None and lesson.high is not None:
        say(f"did well between {lesson.low:g} and {lesson.high:g}")
    say(record_of_lesson(lesson, evidence, prior_of(workspace.store)))
    for each in evidence:
        say(f"  trial {each.trial_id}: {each.outcome}, effect {each.effect:+.1%} [{each.low:+.1%}, {each.high:+.1%}]")
    for other in brought:
        say(f"  {other.origin}: {other.outcome}, effect {other.effect:+.1%} [{other.low:+.1%}, {other.high:+.1%}]")
    for link in links:
        say(f"  {link.lesson_id} {link.kind} {link.other_id} ({link.state}): {link.why}")
    for revision in revisions:
        say(f"  revision {revision.revision} by {revision.author}: {revision.reason}", "dim")
    return 0


def add_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """A lesson by hand."""
    values: dict[str, Any] = {name: getattr(given, name) or "" for name in SETTABLE}
    values |= {"level": given.level or "cognition", "kind": given.kind or "fact"}
    values |= {"low": given.low, "high": given.high, "effect": given.effect}
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
    changes |= {name: value for name in ("low", "high") if (value := getattr(given, name)) is not None}
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
    """An old revision again."""
    lesson, stale = workspace.editing.restore(workspace.store.lessons.get(given.lesson), given.revision, given.actor)
    say(f"lesson {lesson.id} is at revision {lesson.revision}, with the text of revision {given.revision}")
    say_stale(workspace, stale)
    return 0
