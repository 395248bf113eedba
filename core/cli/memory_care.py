"""memory merge | conflicts | settle | preview | check | rebuild."""

import argparse
from typing import Any

from core.cli.output import print_json, print_table, progress, say
from core.figures import signed_percent
from core.memory.hits import Hit
from core.memory.neighbours import Neighbour
from core.memory.preview import Preview, preview
from core.memory.records import Lesson
from core.workspace import Workspace


def add_acts(acts: Any) -> None:
    """Add this file's acts to the parser of `memory`."""
    merged = acts.add_parser("merge", help="two lessons become one; the second is archived")
    merged.add_argument("keep", type=int)
    merged.add_argument("other", type=int)
    merged.add_argument("--claim", help="how the one that is kept shall read")
    merged.set_defaults(run=merge_lessons)
    open_ones = acts.add_parser("conflicts", help="duplicates and contradictions that wait for a person")
    open_ones.add_argument("--json", action="store_true")
    open_ones.set_defaults(run=show_conflicts)
    settled = acts.add_parser("settle", help="say that two lessons may stand as they are")
    settled.add_argument("lesson", type=int)
    settled.add_argument("other", type=int)
    settled.add_argument("--reason", default="both may stand")
    settled.set_defaults(run=settle_conflict)
    asked = acts.add_parser("preview", help="what a new study on a dataset would be shown, and why")
    asked.add_argument("dataset")
    asked.add_argument("--backbone", default="sasrec")
    asked.add_argument("--without-lineage", action="store_true", help="as if nothing had been learned on this data")
    asked.add_argument("--json", action="store_true")
    asked.set_defaults(run=show_preview)
    checked = acts.add_parser("check", help="name every difference between SQL and the index, and mend it")
    checked.add_argument("--json", action="store_true")
    checked.add_argument("--only-look", action="store_true", help="name them, mend nothing")
    checked.set_defaults(run=check_index, owns_index=True)
    rebuilt = acts.add_parser("rebuild", help="make the vector index anew from SQL")
    rebuilt.set_defaults(run=rebuild_index, owns_index=True)


def merge_lessons(workspace: Workspace, given: argparse.Namespace) -> int:
    """Side by side first, then one."""
    keep, other = (workspace.store.lessons.get(id) for id in (given.keep, given.other))
    _side_by_side(keep, other)
    changes = {"claim": given.claim} if given.claim else None
    kept, stale = workspace.merging.merge(keep, other, given.actor, changes)
    say(f"lesson {kept.id} holds the evidence of both; lesson {other.id} is archived")
    for trial in stale:
        say(f"trial {trial.number} of study {trial.study_id} cites one of them and is stale now")
    return 0


def _side_by_side(a: Lesson, b: Lesson) -> None:
    names = ("claim", "kind", "axis", "direction", "conditions", "level", "backbone", "effect", "wins", "losses")
    rows = [(name, getattr(a, name), getattr(b, name)) for name in names]
    print_table(("", f"lesson {a.id}", f"lesson {b.id}"), rows, wrap=(f"lesson {a.id}", f"lesson {b.id}"))


def show_conflicts(workspace: Workspace, given: argparse.Namespace) -> int:
    """What is open, newest comparison included."""
    workspace.relations.relate_all("memory conflicts")
    links = workspace.store.links.open()
    if given.json:
        print_json([vars(link) for link in links])
        return 0
    if not links:
        say("nothing is open: no lesson repeats or contradicts another")
        return 0
    lessons = workspace.store.lessons.some(id for link in links for id in (link.lesson_id, link.other_id))
    rows = [
        (
            link.kind,
            f"{link.lesson_id}: {lessons[link.lesson_id].claim}",
            f"{link.other_id}: {lessons[link.other_id].claim}",
        )
        for link in links
    ]
    print_table(("", "one", "other"), rows, wrap=("one", "other"))
    say("merge duplicates: memory merge KEEP OTHER; a contradiction: memory edit, mute, or settle ONE OTHER", "dim")
    return 0


def settle_conflict(workspace: Workspace, given: argparse.Namespace) -> int:
    """It is offered no more."""
    workspace.store.links.settle(given.lesson, given.other, given.reason, given.actor)
    say(f"lessons {given.lesson} and {given.other} are settled: {given.reason}")
    return 0


def show_preview(workspace: Workspace, given: argparse.Namespace) -> int:
    """Nearest datasets, lessons with their score in parts, the first config."""
    dataset = workspace.store.datasets.get(given.dataset)
    seen = preview(workspace.store, workspace.retrieval, dataset, given.backbone, given.without_lineage)
    if given.json:
        print_json(seen.to_json())
        return 0
    if seen.known_here:
        say(f"memory knows this data: {seen.known_here} lessons were learned on its lineage (--without-lineage)")
    if seen.earlier:
        say(f"an earlier version is here, {seen.earlier.dataset.name}; what moved: {_drift(seen.earlier)}")
    _show_nearest(seen)
    _show_hits(seen.hits)
    _show_first(seen)
    return 0


def _drift(earlier: Neighbour) -> str:
    moved = [gap for gap in reversed(earlier.gaps) if not gap.is_alike]
    return ", ".join(f"{gap.label} {gap.b:g} -> {gap.a:g}" for gap in moved) or "hardly anything"


def _show_nearest(seen: Preview) -> None:
    rows = [
        (f"{each.likeness:.2f}", each.dataset.name, ", ".join(gap.label for gap in each.gaps if gap.is_unlike) or "–")
        for each in seen.nearest
    ]
    if rows:
        print_table(("likeness", "dataset", "unlike in"), rows, "datasets most like it", right=("likeness",))


def _show_hits(hits: tuple[Hit, ...]) -> None:
    if not hits:
        say("no lesson speaks to it")
        return
    rows = []
    for hit in hits:
        met = sum(clause.met is True for clause in hit.clauses)
        conditions = f"{met} of {len(hit.clauses)}" if hit.clauses else "–"
        parts = (f"{hit.score:.2f}", f"{hit.text:.2f}", f"{hit.profile:.2f}", conditions, f"{hit.confidence:.2f}")
        rows.append((hit.lesson.id, *parts, hit.phrase or "–", hit.lesson.claim))
    columns = ("id", "score", "text", "profile", "conditions", "trust", "found by", "claim")
    print_table(columns, rows, "lessons it would be shown", right=columns[:6], wrap=("claim",))


def _show_first(seen: Preview) -> None:
    for number, each in enumerate(seen.transferred, 1):
        say(f"config {number} to try after the baseline: {each.sentence}", "bold")
        for axis, (before, after) in each.changes.items():
            lesson = f"  (lesson {each.lessons[axis]})" if axis in each.lessons else ""
            say(f"  {axis}: {before} -> {after}{lesson}")
    for axis, span in seen.soft_ranges.items():
        lessons = ", ".join(map(str, span.lessons))
        say(f"{axis} did well between {span.low:g} and {span.high:g} (lesson {lessons})", "dim")
    for hit in seen.hits:
        if hit.lesson.effect is not None and hit.applies:
            say(f"lesson {hit.lesson.id} expects {signed_percent(hit.lesson.effect)}", "dim")


def check_index(workspace: Workspace, given: argparse.Namespace) -> int:
    """Differences between SQL and the index; exit code 1 when some stay."""
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
