"""`python -m core.worker`: the worker of one home, detached by core.worker.launch or in the foreground."""

import argparse
import sys
from collections.abc import Sequence

from core.errors import VirtualMLEError
from core.settings import Settings
from core.worker.processes import TRAINER
from core.worker.service import Options, Parts, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until told to stop; 1 with the reason on standard error when that is not possible."""
    options = options_of(arguments)
    try:
        return serve(Settings.from_environment(), _open, options)
    except VirtualMLEError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


def options_of(arguments: Sequence[str] | None) -> Options:
    """The command line as options; ends the process when it cannot be understood."""
    given = _parser().parse_args(arguments)
    idle_seconds = given.idle_minutes * 60.0 if given.idle_minutes > 0 else None
    return Options(idle_seconds=idle_seconds, foreground=given.foreground, trainer=given.trainer)


def _open(settings: Settings, name: str) -> Parts:
    from core.workspace import Workspace  # after the lock is ours: it brings the database's schema up to date

    return Workspace.open(settings, holder=name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.worker", description=__doc__)
    parser.add_argument("--foreground", action="store_true", help="log to the terminal too, a line per event")
    parser.add_argument(
        "--idle-minutes", type=float, default=30.0, help="leave after so long with nothing to do; 0: never"
    )
    parser.add_argument("--trainer", default=TRAINER, help="module of the training process")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
