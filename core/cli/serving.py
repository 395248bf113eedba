"""worker and dashboard: the processes that stay."""

import argparse
import signal
from typing import Any

from core.cli.output import say
from core.dashboard import start_dashboard, stop_dashboard
from core.settings import Settings
from core.worker.__main__ import main as work
from core.worker.launch import stop_worker


def add_verbs(verbs: Any) -> None:
    """Add this file's verbs to the parser."""
    worked = verbs.add_parser("worker", help="the worker in the foreground; --stop ends the one that runs")
    worked.add_argument("--stop", action="store_true")
    worked.set_defaults(run=run_worker, without_workspace=True)
    shown = verbs.add_parser("dashboard", help="start the dashboard; --stop ends it and the worker")
    shown.add_argument("--stop", action="store_true")
    shown.add_argument("--no-browser", action="store_true", help="do not open a browser")
    shown.add_argument("--no-worker", action="store_true", help="start none: one runs elsewhere")
    shown.set_defaults(run=run_dashboard, without_workspace=True)


def run_worker(settings: Settings, given: argparse.Namespace) -> int:
    """Work here until told to stop."""
    if given.stop:
        say("the worker has stopped" if stop_worker(settings) else "no worker runs on this home")
        return 0
    return work(["--foreground", "--idle-minutes", "0"])


def run_dashboard(settings: Settings, given: argparse.Namespace) -> int:
    """Start or stop the dashboard."""
    if given.stop:
        stopped = [
            name for name, did in (("dashboard", stop_dashboard(settings)), ("worker", stop_worker(settings))) if did
        ]
        say(f"stopped: {', '.join(stopped)}" if stopped else "nothing of it was running")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C does, it ends Streamlit too
    return start_dashboard(settings, not given.no_browser, not given.no_worker, tell=say)
