"""memory export | import: lessons, evidence, profiles and revisions as one file."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.output import note, print_json, print_table, say
from core.figures import size
from core.memory.pack_file import read_pack, write_pack
from core.memory.packing import LEVELS, pack_memory
from core.memory.unpacking import BOTH, CHOICES, DIFFERS, NEW, OURS, REFUSED, SAME, THEIRS, Arrival, Unpacking
from core.workspace import Workspace


def add_acts(acts: Any) -> None:
    """Add this file's acts to the parser of `memory`."""
    packed = acts.add_parser("export", help="lessons with evidence, profiles and revisions as one zip")
    packed.add_argument("target", type=Path, metavar="PACK.zip")
    packed.add_argument("--level", choices=LEVELS, action="append", help="only this level (default: both)")
    packed.set_defaults(run=export_pack)
    taken = acts.add_parser("import", help="take a pack in; nothing here is overwritten unless you say so")
    taken.add_argument("source", type=Path, metavar="PACK.zip")
    taken.add_argument("--look", action="store_true", help="show what it would do, change nothing")
    taken.add_argument("--theirs", type=int, nargs="*", default=[], metavar="LESSON", help="take theirs for these")
    taken.add_argument("--both", type=int, nargs="*", default=[], metavar="LESSON", help="keep both for these")
    taken.add_argument("--differing", choices=CHOICES, default=OURS, help="for all others that differ (%(default)s)")
    taken.add_argument("--json", action="store_true")
    taken.set_defaults(run=import_pack)
    shipped = acts.add_parser("starting", help="the lessons that ship with the program: take them, or leave them out")
    shipped.add_argument("act", choices=("take", "leave-out"))
    shipped.set_defaults(run=starting_memory)


def export_pack(workspace: Workspace, given: argparse.Namespace) -> int:
    """The memory in one file."""
    pack = pack_memory(workspace.store, given.target.name, given.actor, given.level or LEVELS)
    written = write_pack(pack, given.target)
    counts = f"{len(pack.lessons)} lessons, {len(pack.evidence)} trials of evidence, {len(pack.profiles)} profiles"
    say(f"{given.target}: {counts}, {size(written)}")
    note("names of datasets and studies, profiles and everything people wrote into lessons are in it; no data is")
    return 0


def import_pack(workspace: Workspace, given: argparse.Namespace) -> int:
    """Look first, or take it in at once; what differs keeps ours unless said otherwise."""
    pack, unpacking = read_pack(given.source), Unpacking(workspace.store)
    if given.look:
        _show(unpacking.look(pack), given.json)
        return 0

    def choose(arrival: Arrival) -> str:
        id = arrival.ours.id if arrival.ours else 0
        return THEIRS if id in given.theirs else BOTH if id in given.both else str(given.differing)

    taken, arrivals = unpacking.take(pack, given.actor, choose)
    if given.json:
        print_json(vars(taken))
        return 0
    _show(arrivals, False)
    say(
        f"{taken.added} new, {taken.same} known, {taken.kept_ours} differ and ours were kept, "
        f"{taken.took_theirs} replaced by theirs, {taken.kept_both} kept beside ours, {taken.refused} refused"
    )
    say(f"{taken.evidence} trials of evidence; {taken.links} links to lessons here: python -m core memory conflicts")
    say("new lessons start untried: trust is earned here; the worker embeds them", "dim")
    return 0


def starting_memory(workspace: Workspace, given: argparse.Namespace) -> int:
    """In or out; both may be undone."""
    if given.act == "take":
        say(f"{workspace.starting.take(given.actor)} lessons of the starting memory are in use now")
        return 0
    report = workspace.starting.leave_out(given.actor)
    say(f"{len(report.done)} lessons of the starting memory are archived")
    for each in report.refused:
        say(each.refused)
    return 0


def _show(arrivals: list[Arrival], as_json: bool) -> None:
    """The conflict view: every field that differs, ours beside theirs; and what was refused, with the reason."""
    if as_json:
        rows: list[Any] = [
            {"state": each.state, "uid": each.row.get("uid"), "reason": each.reason, "differences": each.differences}
            for each in arrivals
        ]
        print_json(rows)
        return
    fields = [
        (each.ours.id if each.ours else "", name, ours, theirs)
        for each in arrivals
        if each.state == DIFFERS
        for name, ours, theirs in each.differences
    ]
    if fields:
        print_table(("id", "field", "ours", "theirs"), fields, "lessons that differ", wrap=("ours", "theirs"))
    for each in arrivals:
        if each.state == SAME and each.ours is not None and each.ours.status == "archived":
            say(f"known, and archived here: python -m core memory restore {each.ours.id}")
        if each.state == REFUSED:
            say(f"refused: {each.reason}")
    say(f"{sum(each.state == NEW for each in arrivals)} lessons are new here")
