"""The command line: one verb for each act. Exit code 0 only on success; errors go to standard error as one sentence."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from core.cli import data, deciding, memory, serving, studies, using
from core.errors import VirtualMLEError
from core.settings import Settings
from core.workspace import Workspace
from recmodels.errors import RecModelsError
from vectorstore.protocol import VectorStoreError

EXPECTED = (VirtualMLEError, RecModelsError, VectorStoreError)
EXAMPLES = """examples:
  python -m core import ratings.csv --name shop          read a file into a dataset, with a preview and its warnings
  python -m core profile shop                            what is known of it
  python -m core tune shop --trials 20                   supervise a study: it asks you for each trial
  python -m core decide 7 approve                        let proposal 7 run
  python -m core decide 7 edit --set lr=0.002            let it run with another learning rate
  python -m core decide 7 veto --reason "too slow"       refuse it
  python -m core tune shop --autonomy autopilot --json   run it all, print JSON at the end
  python -m core follow 1                                see study 1 live; Ctrl-C leaves it running
  python -m core pause 1 | resume 1 | stop 1 | cancel 1  a study's verbs; stop lets running runs finish
  python -m core retry 12                                queue failed run 12 again, from its last epoch
  python -m core reveal 1 --name "Ada"                   open the sealed test, once and on the record
  python -m core report 1                                one page for the people who pay
  python -m core recommend 1 --history "B001,B002"       what the best model recommends next
  python -m core memory search "short histories"         what was learned that speaks to this
  python -m core storage --free                          see and free disk space
  python -m core backup home.tar.gz                      everything in one file; restore puts it back
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "run"):
        parser.print_help()
        return 2
    try:
        settings = Settings.from_environment()
        if getattr(given, "without_workspace", False):
            return int(given.run(settings, given))
        workspace = Workspace.open(settings, read_only=not getattr(given, "owns_index", False))
        try:
            return int(given.run(workspace, given))
        finally:
            workspace.close()
    except EXPECTED as problem:
        Console(stderr=True).print(Text.assemble(("error: ", "bold red"), str(problem)), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141


def build_parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="VirtualMLE: supervise an agent that tunes sequential recommenders.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--as", dest="actor", default=_user(), help="the name that stands on decisions (%(default)s)")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for group in (data, studies, deciding, using, memory, serving):
        group.add_verbs(verbs)
    return parser


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no user database, as in some containers
        return "person"
