"""memory list | search | show | add | edit | mute | archive | restore | check | rebuild."""

import argparse
from typing import Any

from core.cli.output import note, print_json, print_table, progress, say
from core.errors import InvalidInput, NotFound
from core.memory.consolidation import record_of_lesson
from core.memory.documents import LESSONS
from core.memory.retrieval import confidence
from core.records import Lesson, Trial
from core.workspace import Workspace

SETTABLE = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone")


def add_verbs(verbs: Any) -> None:
    """Add the memory verb and its acts to the parser."""
    verb = verbs.add_parser(
        "memory", help="lessons: list, search, show, add, edit, mute, archive, restore, check, rebuild"
    )
    acts = verb.add_subparsers(title="acts", metavar="ACT", required=True)
    listed = acts.add_parser("list", help="every lesson")
    listed.add_argument("--level", choices=("study", "dataset", "cognition"))
    listed.add_argument("--archived", action="store_true")
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
    added.set_defaults(run=add_lesson)
    edited = acts.add_parser("edit", help="write the next revision")
    edited.add_argument("lesson", type=int)
    _add_fields(edited)
    edited.add_argument("--pin", action=argparse.BooleanOptionalAction)
    edited.set_defaults(run=edit_lesson)
    for name, status in (("mute", "muted"), ("archive", "archived"), ("activate", "active")):
        moved = acts.add_parser(name, help=f"make a lesson {status}")
        moved.add_argument("lesson", type=int)
        moved.set_defaults(run=set_status, status=status)
    restored = acts.add_parser("restore", help="an old revision as the newest")
    restored.add_argument("lesson", type=int)
    restored.add_argument("--revision", type=int, required=True)
    restored.set_defaults(run=restore_lesson)
    checked = acts.add_parser("check", help="name every difference between SQL and the index, and mend it")
    checked.add_argument("--json", action="store_true")
    checked.add_argument("--only-look", action="store_true", help="name them, mend nothing")
    checked.set_defaults(run=check_index, owns_index=True)
    rebuilt = acts.add_parser("rebuild", help="make the vector index anew from SQL")
    rebuilt.set_defaults(run=rebuild_index, owns_index=True)


def _add_fields(parser: argparse.ArgumentParser) -> None:
    for name in SETTABLE:
        parser.add_argument(f"--{name}")
    parser.add_argument("--reason", default="")


def list_lessons(workspace: Workspace, given: argparse.Namespace) -> int:
    """Every lesson with its record."""
    statuses = ("active", "muted", "archived") if given.archived else ("active", "muted")
    where = {"level": given.level} if given.level else {}
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
    rows = []
    for lesson in lessons:
        record = record_of_lesson(lesson, workspace.store.lessons.evidence(lesson.id))
        marks = ("pinned " if lesson.pinned else "") + (lesson.status if lesson.status != "active" else "")
        rows.append((lesson.id, lesson.level, lesson.kind, lesson.claim, record, marks))
    print_table(("id", "level", "kind", "claim", "record", ""), rows, right=("id",), wrap=("claim", "record"))
    return 0


def show_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """One lesson, whole."""
    lesson = workspace.store.lessons.get(given.lesson)
    evidence, revisions = workspace.store.lessons.evidence(lesson.id), workspace.store.lessons.revisions(lesson.id)
    if given.json:
        everything = {"evidence": [vars(e) for e in evidence], "revisions": [vars(r) for r in revisions]}
        print_json({**vars(lesson), "trust": confidence(lesson), **everything})
        return 0
    say(f"lesson {lesson.id} · {lesson.level} · {lesson.kind} · {lesson.status}", "bold")
    say(lesson.claim)
    say(f"rule: {lesson.axis} {lesson.direction} · backbone: {lesson.backbone or 'any'} · author: {lesson.author}")
    say(f"conditions: {lesson.conditions or 'none'}")
    say(record_of_lesson(lesson, evidence))
    for each in evidence:
        say(f"  trial {each.trial_id}: {each.outcome}, effect {each.effect:+.1%} [{each.low:+.1%}, {each.high:+.1%}]")
    for revision in revisions:
        say(f"  revision {revision.revision} by {revision.author}: {revision.reason}", "dim")
    return 0


def add_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """A lesson by hand."""
    values = {name: getattr(given, name) or "" for name in SETTABLE}
    values |= {"level": given.level or "cognition", "kind": given.kind or "fact"}
    lesson = workspace.editing.add(values, given.actor)
    say(f"lesson {lesson.id} written")
    return 0


def edit_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """The next revision."""
    lesson = workspace.store.lessons.get(given.lesson)
    changes = {name: value for name in SETTABLE if (value := getattr(given, name)) is not None}
    if given.pin is not None:
        changes["pinned"] = given.pin
    if not changes:
        raise InvalidInput("nothing to change; give --claim, --conditions, --pin or another field")
    edited, stale = workspace.editing.edit(lesson, changes, given.actor, given.reason)
    say(f"lesson {edited.id} is at revision {edited.revision}")
    for trial in stale:
        say(f"trial {trial.number} of study {trial.study_id} cites it and is stale now: {_replan(workspace, trial)}")
    return 0


def _replan(workspace: Workspace, trial: Trial) -> str:
    proposal = workspace.store.proposals.proposal(trial.id)
    return f"python -m core decide {proposal.id} replan" if proposal else ""


def set_status(workspace: Workspace, given: argparse.Namespace) -> int:
    """mute, archive or activate."""
    lesson, _ = workspace.editing.set_status(workspace.store.lessons.get(given.lesson), given.status, given.actor)
    say(f"lesson {lesson.id} is {lesson.status}")
    return 0


def restore_lesson(workspace: Workspace, given: argparse.Namespace) -> int:
    """An old revision again."""
    lesson, _ = workspace.editing.restore(workspace.store.lessons.get(given.lesson), given.revision, given.actor)
    say(f"lesson {lesson.id} is at revision {lesson.revision}, with the text of revision {given.revision}")
    return 0


def check_index(workspace: Workspace, given: argparse.Namespace) -> int:
    """Differences between SQL and the index; exit code 1 when some stay."""
    workspace.retrieval.check_embedder()
    found = workspace.indexer.check() if given.only_look else workspace.indexer.mend()
    if given.json:
        print_json([vars(each) for each in found])
    for each in () if given.json else found:
        say(f"{each.collection} {each.document_id}: {each.fault}")
    left = workspace.indexer.check()
    if not given.json:
        say("SQL and the index agree" if not left else f"{len(left)} differences stay; python -m core memory rebuild")
    return 1 if left else 0


def rebuild_index(workspace: Workspace, given: argparse.Namespace) -> int:
    """The index anew, with progress."""
    with progress() as bar:
        task = bar.add_task("embedding", total=None)
        count = workspace.indexer.rebuild(lambda done, total: bar.update(task, completed=done, total=total))
    say(f"{count} documents indexed with {workspace.chosen_embedder.note}")
    return 0
