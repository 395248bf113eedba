"""space: what a study searches, shown and edited while it runs; the options that say it, for tune too."""

import argparse
from pathlib import Path
from typing import Any

from core.cli.output import note, print_json, print_table
from core.errors import InvalidInput
from core.space import Param, SearchSpace
from core.studies.space_editing import edit_space
from core.studies.space_file import read_space
from core.workspace import Workspace


def add_verbs(verbs: Any) -> None:
    """Add this file's verb to the parser."""
    verb = verbs.add_parser("space", help="the search space of a study; with options, edited while it runs")
    verb.add_argument("study", help="id or name")
    add_space_options(verb)
    verb.add_argument(
        "--search", action="append", default=[], metavar="FIELD", help="search a field in its whole range again"
    )
    verb.add_argument("--reason", default="")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(run=show_space)


def add_space_options(verb: argparse.ArgumentParser) -> None:
    """The options that `given_space` reads."""
    verb.add_argument("--space", type=Path, metavar="FILE", help="the search space as TOML or JSON (see the README)")
    verb.add_argument(
        "--fix", action="append", default=[], metavar="FIELD=VALUE", help="hold a field, do not search it"
    )
    verb.add_argument(
        "--range", action="append", default=[], metavar="FIELD=LOW:HIGH", help="search a part of its range"
    )


def given_space(given: argparse.Namespace, start: SearchSpace) -> SearchSpace:
    """The space of the options, or `start` with what they change. Raises InvalidInput, InvalidParams."""
    space = read_space(given.space, start.backbone) if given.space else start
    for name, value in space.parse(given.fix).items():
        space = space.fix(name, value)
    for text in given.range:
        space = _narrowed(space, text)
    return space


def show_space(workspace: Workspace, given: argparse.Namespace) -> int:
    """The search space of a study; edited first, where changes are given."""
    study = workspace.store.studies.get(given.study)
    revision, before = workspace.store.studies.revision(study.id), SearchSpace.from_json(study.space)
    space = before
    for name in given.search:
        space = space.search(name)
    space = given_space(given, space)
    if space != before:
        study, stale = edit_space(workspace.store, study, revision, space, given.actor, given.reason)
        note(f"study {study.id} has search space version {study.space_version}; trials that ran keep their record")
        for trial in stale:
            note(f"trial {trial.number} waits outside it and is stale: plan it again, or veto it")
    if given.json:
        print_json(space.to_json())
        return 0
    rows = [(name, _range(param), param.default) for name, param in space.searched.items()]
    rows += [(name, "held", value) for name, value in space.fixed.items()]
    print_table(("field", "searched", "default, or held at"), rows)
    return 0


def _range(param: Param) -> str:
    if param.low is None or param.high is None:
        return ", ".join(map(str, param.options))
    return f"{param.low:g} to {param.high:g}" + (", log scale" if param.log else "")


def _narrowed(space: SearchSpace, text: str) -> SearchSpace:
    name, _, bounds = text.partition("=")
    low, _, high = bounds.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError as problem:
        raise InvalidInput(f"--range {text!r}: write FIELD=LOW:HIGH, such as lr=0.0005:0.005") from problem
    return space.narrow(name, *ends)
