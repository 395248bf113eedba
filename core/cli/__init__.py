"""The command line: one verb for each act. Exit code 0 only on success; errors go to standard error as one sentence."""

import argparse
import getpass
import io
import sys
from collections.abc import Sequence
from dataclasses import replace

from core.cli import data, deciding, history, insight, memory, results, serving, settings, spaces, studies, using
from core.cli.examples import EXAMPLES, show_examples, top_examples
from core.cli.output import close_quietly, error
from core.errors import InvalidInput, VirtualMLEError
from core.settings import Settings
from core.workspace import Workspace
from recmodels.errors import RecModelsError
from vectorstore.protocol import VectorStoreError, WrongEmbedder

EXPECTED = (VirtualMLEError, RecModelsError, VectorStoreError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows ASCII alone shows ? for ±, and goes on
    parser = build_parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "run"):
        parser.print_help()
        return 2
    try:
        code = _run(given)
        sys.stdout.flush()
    except WrongEmbedder as problem:
        error(f"{problem}: python -m core memory rebuild")
        return 1
    except EXPECTED as problem:
        error(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        close_quietly()
        return 141
    except OSError as problem:
        if problem.filename is None:
            raise
        error(f"{problem.filename}: {problem.strerror}; nothing else was changed")
        return 1
    return code


def _run(given: argparse.Namespace) -> int:
    home = Settings.from_environment()
    if not given.actor.strip():
        raise InvalidInput("--as is empty; decisions need a name to stand on them")
    if given.no_starting_memory:
        home = replace(home, starting_memory=False)
        _leave_out_starting_memory(home, given.actor)
    if getattr(given, "without_workspace", False):
        return int(given.run(home, given))
    workspace = Workspace.open(home, read_only=not getattr(given, "owns_index", False))
    try:
        return int(given.run(workspace, given))
    finally:
        workspace.close()


def _leave_out_starting_memory(home: Settings, actor: str) -> None:
    workspace = Workspace.open(home, read_only=True)
    try:
        workspace.starting.leave_out(actor)
    finally:
        workspace.close()


def build_parser() -> argparse.ArgumentParser:
    """Every verb with its options and examples."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="VirtualMLE: supervise an agent that tunes sequential recommenders.",
    )
    show_examples(parser, top_examples())
    parser.add_argument("--as", dest="actor", default=_user(), help="the name that stands on decisions (%(default)s)")
    parser.add_argument(
        "--no-starting-memory",
        action="store_true",
        help="keep the lessons that ship with the program out of this home (again: memory starting take)",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for group in (data, studies, settings, spaces, deciding, results, insight, history, using, memory, serving):
        group.add_verbs(verbs)
    for name, verb in verbs.choices.items():
        show_examples(verb, EXAMPLES[name])
    return parser


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user database, as in some containers
        return "person"
