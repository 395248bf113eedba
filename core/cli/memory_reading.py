"""memory list | search | show: what is known, with what it has earned and how it came to be."""

import argparse
from collections.abc import Sequence
from typing import Any

from core.cli.output import note, print_json, print_table, say
from core.errors import NotFound
from core.figures import signed_percent
from core.memory.documents import LESSONS
from core.memory.records import Evidence, ForeignEvidence, Lesson
from core.memory.trust import confidence, prior_of
from core.memory.wording import record_of_lesson
from core.store.lessons import LEVELS, STATUSES
from core.views.facets import AUTHORS, TRUSTS, Facets, wanted
from core.views.lesson import Change, revisions_of
from core.views.lessons import trust
from core.workspace import Workspace

SIGNS = {"removed": "[-{}-]", "added": "{{+{}+}}", "same": "{}"}  # as `git diff --word-diff` writes them


def add_acts(acts: Any) -> None:
    """Add this file's acts to the parser of `memory`."""
    listed = acts.add_parser("list", help="every lesson")
    listed.add_argument("--level", choices=LEVELS)
    listed.add_argument("--status", choices=STATUSES, action="append", help="only these (default: active and muted)")
    listed.add_argument("--archived", action="store_true", help="the archived ones too")
    listed.add_argument("--backbone", default="", help="rules for it, and those for any")
    listed.add_argument("--dataset", default="", help="learned on this dataset")
    listed.add_argument("--axis", default="")
    listed.add_argument("--author", choices=tuple(AUTHORS), default="", help=_in_words(AUTHORS))
    listed.add_argument("--trust", choices=tuple(TRUSTS), default="", help=_in_words(TRUSTS))
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=list_lessons)
    found = acts.add_parser("search", help="by meaning; --word for words")
    found.add_argument("text")
    found.add_argument("--word", action="store_true")
    found.add_argument("--json", action="store_true")
    found.set_defaults(run=search_lessons)
    shown = acts.add_parser("show", help="one lesson with its evidence, and what each revision changed")
    shown.add_argument("lesson", type=int)
    shown.add_argument("--json", action="store_true")
    shown.set_defaults(run=show_lesson)


def _in_words(values: dict[str, str]) -> str:
    return "; ".join(f"{name}: {words}" for name, words in values.items())


def list_lessons(workspace: Workspace, given: argparse.Namespace) -> int:
    """The lessons that are asked for, with their record."""
    statuses = tuple(given.status or ("active", "muted")) + (("archived",) if given.archived else ())
    where = {"level": given.level} if given.level else {}
    dataset = workspace.store.datasets.get(given.dataset).id if given.dataset else ""
    asked, prior = Facets(given.backbone, dataset, given.axis, given.author, given.trust), prior_of(workspace.store)
    lessons = workspace.store.lessons.all(statuses, **where)
    return _show(workspace, [each for each in lessons if wanted(each, trust(each, prior), asked)], given.json)


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
    lock = " · locked" if lesson.locked else ""
    say(f"lesson {lesson.id} · {lesson.level} · {lesson.kind} · {lesson.status}{lock}", "bold")
    say(lesson.claim)
    say(f"rule: {lesson.axis} {lesson.direction} · backbone: {lesson.backbone or 'any'} · author: {lesson.author}")
    say(f"conditions: {lesson.conditions or 'none'}")
    if lesson.low is not None and lesson.high is not None:
        say(f"did well between {lesson.low:g} and {lesson.high:g}")
    say(record_of_lesson(lesson, evidence, prior_of(workspace.store)))
    for each in evidence:
        say(f"  trial {each.trial_id}: {each.outcome}, effect {_effect(each)}")
    for other in brought:
        say(f"  {other.origin}: {other.outcome}, effect {_effect(other)}")
    for link in links:
        say(f"  {link.lesson_id} {link.kind} {link.other_id} ({link.state}): {link.why}")
    for revision in revisions_of(revisions, lesson):
        record = revision.record
        say(f"  revision {record.revision} by {record.author}: {record.reason}", "dim")
        for change in revision.changes:
            say(f"    {change.field}: {_changed(change)}")
    return 0


def _effect(seen: Evidence | ForeignEvidence) -> str:
    """With its interval."""
    return f"{signed_percent(seen.effect)} [{signed_percent(seen.low)}, {signed_percent(seen.high)}]"


def _changed(change: Change) -> str:
    """`More -> Less`; a claim word by word."""
    if change.diff:
        return " ".join(SIGNS[each.mark].format(each.text) for each in change.diff)
    return f"{change.before or 'none'} -> {change.after or 'none'}"
