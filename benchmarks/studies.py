"""Real studies side by side on a real file, each on cores of its own for the same wall clock: the expert against TPE,
or the expert with the memory that ships against the expert without any.

    python -m benchmarks.studies [--compare agents|memory] [--data toys.tsv] [--backbones sasrec,hstu] [--trials 20]
                                 [--epochs 100] [--fix FIELD=VALUE] [--reveal] [--quick]

Everything is done as a person would, by `python -m core`: one home an arm, import, a study on autopilot, at the end
(with `--reveal`) the sealed test, once. Told at equal minutes: what the arm that ended first had used. Writes its part
of benchmarks/results/studies.json. The file is looked for in VIRTUALMLE_TEST_DATA. `--quick` runs two trials of two
epochs on a small file and writes nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.records import Study
from core.settings import Settings
from core.store import Store
from core.views.overview import best_so_far

RESULT = Path(__file__).parent / "results" / "studies.json"
ARMS: dict[str, dict[str, tuple[str, ...]]] = {
    "agents": {"expert": ("--agent", "expert", "--no-memory"), "tpe": ("--agent", "tpe", "--no-memory")},
    "memory": {"with": ("--agent", "expert"), "without": ("--agent", "expert", "--no-memory")},
}
QUICK_DATA = "gift_cards_5.json.gz"
POLL = 2.0  # seconds


@dataclass(frozen=True)
class Arm:
    """One study in a home of its own, on its own cores."""

    name: str
    home: Path
    flags: tuple[str, ...]
    cores: frozenset[int]

    def start(self, source: Path, backbone: str, given: argparse.Namespace) -> subprocess.Popen[bytes]:
        """Import the file, then the study; the process ends with it."""
        self.verb("import", str(source), "--name", source.stem).check_returncode()
        budget = ("--trials", str(given.trials), "--epochs", str(given.epochs), "--autonomy", "autopilot", "--json")
        fixed = [word for each in given.fix for word in ("--fix", each)]
        command = self._command("tune", source.stem, "--backbone", backbone, *budget, *fixed, *self.flags)
        return subprocess.Popen(command, **self._place(), stdout=subprocess.DEVNULL)

    def verb(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """One verb of the program, to its end."""
        return subprocess.run(self._command(*words), **self._place(), check=False, capture_output=True)

    def told(self) -> dict[str, Any]:
        """The current best after each judged trial with the minutes by then, and what is recommended at the end."""
        store = Store(Settings.from_environment({"VIRTUALMLE_HOME": str(self.home)}).database_url, SystemClock())
        try:
            return _told(store, store.studies.all()[0])
        finally:
            store.close()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "core", *words]

    def _place(self) -> dict[str, Any]:
        return {
            "env": {**os.environ, "VIRTUALMLE_HOME": str(self.home)},
            "preexec_fn": partial(os.sched_setaffinity, 0, self.cores),
        }


def _told(store: Store, study: Study) -> dict[str, Any]:
    judged = [each for each in store.trials.of_study(study.id) if each.judged_at is not None]
    trials = sorted(judged, key=lambda trial: trial.judged_at or 0.0)
    began = min(run.started_at for run in store.runs.of_study(study.id) if run.started_at is not None)
    steps = [
        {
            "trial": trial.number,
            "minutes": round(((trial.judged_at or began) - began) / 60, 2),
            "value": None if trial.value is None else round(trial.value, 5),
            "best": round(best, 5),
        }
        for trial, best in zip(trials, best_so_far(trials), strict=True)
    ]
    chosen = store.trials.get(study.recommended_id) if study.recommended_id else None
    recommended = None if chosen is None else {"trial": chosen.number, "params": dict(chosen.params)}
    return {"state": str(study.state), "steps": steps, "recommended": recommended}


def compared(source: Path, backbone: str, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Both arms at once; their figures, and each one's current best after as many minutes as the quicker one took."""
    cores = sorted(os.sched_getaffinity(0))
    half = max(1, len(cores) // 2)
    shares = (frozenset(cores[:half]), frozenset(cores[half:] or cores))
    arms = [
        Arm(name, folder / f"{source.stem}-{backbone}-{name}", flags, share)
        for (name, flags), share in zip(ARMS[given.compare].items(), shares, strict=True)
    ]
    running = [arm.start(source, backbone, given) for arm in arms]
    while any(process.poll() is None for process in running):
        time.sleep(POLL)
    told = {arm.name: arm.told() for arm in arms}
    minutes = min(each["steps"][-1]["minutes"] for each in told.values())
    for arm in arms:
        in_time = [step for step in told[arm.name]["steps"] if step["minutes"] <= minutes]
        told[arm.name]["at_equal_minutes"] = {
            "trials": len(in_time),
            "current_best": in_time[-1]["best"] if in_time else None,
            "highest_value": max((step["value"] for step in in_time if step["value"]), default=None),
        }
        if given.reveal:
            shown = arm.verb("reveal", "1", "--name", "benchmark", "--json")
            told[arm.name]["reveal"] = json.loads(shown.stdout or "null")
        arm.verb("worker", "--stop")
    return {"minutes": minutes, "trials": given.trials, "epochs": given.epochs, "fixed": given.fix, "arms": told}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", choices=tuple(ARMS), default="agents")
    parser.add_argument("--data", default="toys.tsv")
    parser.add_argument("--backbones", type=lambda text: text.split(","), default=["sasrec", "hstu"])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=100, help="most epochs of a run")
    parser.add_argument("--fix", action="append", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--reveal", action="store_true", help="read the sealed test of both at the end")
    parser.add_argument("--home", type=Path, help="keeps the studies there (default: a temporary folder)")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.quick:
        given.data, given.backbones, given.trials, given.epochs = QUICK_DATA, ["sasrec"], 2, 2
        given.fix.append("num_blocks=1")
    return given


def main() -> None:
    given = parsed()
    source = Path(os.environ.get("VIRTUALMLE_TEST_DATA", "")) / given.data
    if not source.is_file():
        print(
            f"skipped: {given.data} is missing; set VIRTUALMLE_TEST_DATA to the folder that holds it", file=sys.stderr
        )
        raise SystemExit(0 if given.quick else 1)
    with tempfile.TemporaryDirectory(prefix="benchmark-studies-") as scratch:
        for backbone in given.backbones:
            found = compared(source, backbone, given, given.home or Path(scratch))
            if not given.quick:
                _record(f"{given.compare}: {source.stem}/{backbone}", found)
            for name, told in found["arms"].items():
                print(f"{source.stem}/{backbone} {name:8} {told['at_equal_minutes']} after {found['minutes']} min")


def _record(part: str, found: dict[str, Any]) -> None:
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps({**known, part: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
