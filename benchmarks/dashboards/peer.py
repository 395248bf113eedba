"""Optuna Dashboard on the same study, in an environment of its own."""

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from benchmarks.dashboards.driving import PATIENCE, seconds_until
from benchmarks.dashboards.home import LARGE, OBJECTIVE
from core.space import SearchSpace
from core.store import Store

VERSION, OPTUNA = "0.21.0", "5.0.0"
START_SECONDS = 120.0
DRAWN = "document.querySelectorAll('.js-plotly-plot .main-svg').length"


class NoPeer(RuntimeError):
    """Optuna Dashboard is not to be had; the message says why."""


def installed(folder: Path) -> Path:
    """The folder of programs of an environment with Optuna Dashboard. Raises NoPeer."""
    programs = folder / "bin"
    if not (programs / "optuna-dashboard").exists():
        venv.create(folder, with_pip=True)
        wanted = (f"optuna-dashboard=={VERSION}", f"optuna=={OPTUNA}")
        command = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoPeer(f"Optuna Dashboard {VERSION} could not be installed: {_last(done.stderr)}")
    return programs


def copied(store: Store, study_id: int, programs: Path, scratch: Path) -> str:
    """The study's valued trials with every epoch in a SQLite storage of Optuna's; its URL. Raises NoPeer."""
    whole, part = scratch / "optuna.db", scratch / "optuna-part.db"
    url = f"sqlite:///{whole}"
    if whole.exists():
        return url
    part.unlink(missing_ok=True)
    trials = scratch / "trials.json"
    trials.write_text(json.dumps(_told(store, study_id)), encoding="utf-8")
    script = str(Path(__file__).with_name("optuna_study.py"))
    command = [str(programs / "python"), script, str(trials), f"sqlite:///{part}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NoPeer(f"Optuna {OPTUNA} is installed but could not take the study: {_last(done.stderr)}")
    part.rename(whole)
    return url


def _told(store: Store, study_id: int) -> dict[str, Any]:
    study = store.studies.get(study_id)
    space = SearchSpace.from_json(study.space)
    trials = []
    for trial in store.trials.of_study(study_id):
        runs = store.runs.of_trial(trial.id)
        if trial.value is None or not runs:
            continue
        epochs = [(each.epoch, each.metrics[OBJECTIVE]) for each in store.runs.values(runs[0].id)]
        trials.append(
            {
                "params": {name: trial.params[name] for name in space.searched},
                "value": trial.value,
                "epochs": epochs,
            }
        )
    searched = {name: param.to_json() for name, param in space.searched.items()}
    return {"name": LARGE, "space": searched, "trials": trials}


@contextlib.contextmanager
def serving(programs: Path, url: str) -> Iterator[str]:
    """A running Optuna Dashboard; its address. Raises NoPeer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(programs / "optuna-dashboard"), url, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/dashboard"
    try:
        _wait(process, address)
        yield address
    finally:
        process.terminate()
        process.wait()


def measure(browser: Browser, address: str, repeats: int) -> dict[str, float]:
    """After a click on the study in an open session: seconds until its first plot is drawn, their median."""
    plots = []
    for _ in range(repeats):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        card = page.get_by_role("link").filter(has_text=LARGE).first
        card.wait_for()
        page.wait_for_timeout(500)
        plots.append(seconds_until(page, f"{DRAWN} > 0", card.click))
        context.close()
    return {"study_page": round(median(plots), 3)}


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError as problem:
            if process.poll() is not None or time.monotonic() > until:
                raise NoPeer(f"Optuna Dashboard {VERSION} is installed but does not start: {problem}") from problem
            time.sleep(0.3)


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
