"""How quick the dashboard is under load: `python -m benchmarks.dashboard [--quick] [--trials N]`.

A study of 1,000 trials of 100 epochs and a memory of 1,000 lessons, written through the real stores, served by the real
app and looked at in Chromium. For each page: seconds from a click in the menu of an open session to its first data
(the bar: 1 s), the median of what is answered to a click or a key (0.5 s), and the part of a core the server takes
while the page is open and nobody touches it. With --peer, Optuna Dashboard on the same study, installed into an
environment of its own from the registry. A page that breaks is told and ends with exit code 1.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Error, sync_playwright

import benchmarks.dashboards.peer as peers
from benchmarks.dashboards.driving import FIRST, REPEATS, measure, open_session
from benchmarks.dashboards.home import LARGE, Size, make
from benchmarks.dashboards.idle import cores
from benchmarks.dashboards.places import PLACES
from core.dashboard import PID_FILE, free_port
from tests.browser.conftest import Server, launch

RESULTS = Path(__file__).parent / "results" / "dashboard.json"
FIRST_CONTENT, INTERACTION = 1.0, 0.5  # s, the bars
INDEX_SECONDS = 900.0  # for the worker to embed the lessons
IDLE = "idle"
QUICK = Size(trials=60, epochs=10, lessons=60)


def pages(browser: Browser, server: Server, rounds: int, repeats: int) -> dict[str, Any]:
    """Every page in a session of its own for each round, medians taken. A round before them is not counted: a server
    that has just started still has to import what its pages use."""
    seen: list[dict[str, dict[str, list[float]]]] = []
    for number in range(rounds + 1):
        session = open_session(browser, server.url)
        seen.append({})
        for place in PLACES:
            seen[-1][place.label] = measure(session, place, repeats if number == rounds else 0)
            if number == rounds:
                seen[-1][place.label][IDLE] = [cores(int((server.home / PID_FILE).read_text()))]
            print(f"  round {number}: {place.label} {seen[-1][place.label][FIRST][0]:.2f} s", flush=True)
        session.context.close()
    found = {place.label: _told([each[place.label] for each in seen[1:]]) for place in PLACES}
    for label, figures in found.items():
        _show(label, figures)
    return found


def _told(rounds: list[dict[str, list[float]]]) -> dict[str, Any]:
    firsts = [seconds for each in rounds for seconds in each[FIRST]]
    acts = {name: each for name, each in rounds[-1].items() if name not in (FIRST, IDLE)}
    return {
        "first_content_s": round(median(firsts), 3),
        "interaction_s": round(median([seconds for each in acts.values() for seconds in each]), 3),
        "first_content_rounds": [round(seconds, 3) for seconds in firsts],
        "acts": {name: round(median(each), 3) for name, each in acts.items()},
        "idle_cores": round(rounds[-1][IDLE][0], 3),
    }


def _show(label: str, figures: dict[str, Any]) -> None:
    fine = figures["first_content_s"] <= FIRST_CONTENT and figures["interaction_s"] <= INTERACTION
    acts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in figures["acts"].items())
    print(
        f"{label:10} {figures['first_content_s']:8.2f} {figures['interaction_s']:8.2f}  "
        f"{'within' if fine else 'ABOVE'} the bars  ({acts}); {figures['idle_cores']:.2f} cores idle",
        flush=True,
    )


def prepared(server: Server, size: Size) -> int:
    """The home, made once; the large study's id."""
    server.home.mkdir(parents=True, exist_ok=True)
    if not (server.home / "virtualmle.db").exists():
        began = time.perf_counter()
        make(server.settings, size)
        print(f"{size.trials:,} trials and {size.lessons:,} lessons written in {time.perf_counter() - began:.0f} s")
    home = server.open()
    study = home.store.studies.get(LARGE)
    home.close()
    return study.id


def until_indexed(server: Server) -> None:
    """Wait for the worker to take the lessons into the index: it works for nobody else meanwhile."""
    home = server.open()
    server.wait_until(lambda: not home.store.index.pending(1), INDEX_SECONDS)
    home.close()


def beside(browser: Browser, server: Server, study_id: int, scratch: Path, repeats: int) -> dict[str, Any]:
    """Optuna Dashboard's figures, or the reason why there are none."""
    home = server.open()
    try:
        programs = peers.installed(scratch / "optuna-dashboard")
        url = peers.copied(home.store, study_id, programs, scratch)
        with peers.serving(programs, url) as address:
            figures = peers.measure(browser, address, repeats)
    except peers.NoPeer as problem:
        print(problem)
        return {"reason": str(problem)}
    finally:
        home.close()
    print(f"Optuna Dashboard {peers.VERSION}: {figures}")
    return {"version": peers.VERSION, "optuna": peers.OPTUNA, **figures}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK.trials} trials, within a minute; writes no file")
    parser.add_argument("--trials", type=int, default=Size.trials)
    parser.add_argument("--epochs", type=int, default=Size.epochs, help="of each trial")
    parser.add_argument("--lessons", type=int, default=Size.lessons)
    parser.add_argument("--rounds", type=int, default=3, help="sessions in which each page is opened")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of each interaction")
    parser.add_argument("--peer", action="store_true", help="Optuna Dashboard on the same study")
    parser.add_argument("--scratch", type=Path, help="keeps home and environment there (default: a temporary folder)")
    return parser.parse_args()


def record(size: Size, part: str, found: dict[str, Any], load_before: float) -> None:
    """Puts one part into the file, at its top for the size that the bars are set at; what it held else stays."""
    content = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    content |= {"bars": {"first_content_s": FIRST_CONTENT, "interaction_s": INTERACTION}, "synthetic": True}
    circumstances = {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "streamlit": version("streamlit"),
        "load_before": round(load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }
    held = content if size == Size() else content.setdefault(f"trials_{size.trials}", {})
    held |= {"size": asdict(size), part: found}
    held.setdefault("circumstances", {})[part] = circumstances
    RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    arguments = parsed()
    size = QUICK if arguments.quick else Size(arguments.trials, arguments.epochs, arguments.lessons)
    rounds, repeats = (1, 2) if arguments.quick else (arguments.rounds, arguments.repeats)
    with tempfile.TemporaryDirectory(prefix="benchmark-dashboard-") as folder, sync_playwright() as playwright:
        scratch = arguments.scratch or Path(folder)
        server = Server(scratch / "home", free_port("127.0.0.1", 8640))
        study_id = prepared(server, size)
        server.start()
        browser = launch(playwright)
        try:
            until_indexed(server)
            print(f"{'page':10} {'first s':>8} {'answer s':>8}")
            load = os.getloadavg()[0]
            found = pages(browser, server, rounds, repeats)
            if not arguments.quick:
                record(size, "pages", found, load)
            if arguments.peer:
                load = os.getloadavg()[0]
                record(size, "optuna_dashboard_s", beside(browser, server, study_id, scratch, rounds), load)
        except (Error, RuntimeError) as problem:
            print(f"broken: {problem}")
            return 1
        finally:
            browser.close()
            server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
