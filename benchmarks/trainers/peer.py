"""RecBole's SASRec with full softmax beside ours, on the same training part and validation targets."""

import json
import math
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from benchmarks.trainers.child import Child

VERSION = "1.2.1"
_OLD_ENOUGH = ("numpy<2", "pandas<2.2", "scipy<1.14", "scikit-learn<1.6", "setuptools<80", "plotly<6")
_BESIDE = ("tensorboard", "colorlog==4.7.2", "colorama==0.4.4", "tabulate", "texttable", "psutil", "tqdm", "pyyaml")
_NAME, _MODULE = "beauty", "benchmarks.trainers.our_training"
_SMALL, _LARGE = _HISTORIES = 32, 256  # of a step: few, and those of the other figures; RecBole's default is 2,048 rows
_MODEL = {"hidden_size": 128, "inner_size": 128, "n_layers": 1, "n_heads": 1, "MAX_ITEM_LIST_LENGTH": 50}
_RECBOLE = {
    **_MODEL,
    "hidden_dropout_prob": 0.2,
    "attn_dropout_prob": 0.2,
    "loss_type": "CE",
    "train_neg_sample_args": None,
    "learning_rate": 0.001,
    "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
    "eval_args": {"split": {"LS": "valid_only"}, "order": "TO", "mode": "full", "group_by": "user"},
    "metrics": ["NDCG", "Recall"],
    "topk": [10],
    "valid_metric": "NDCG@10",
    "use_gpu": False,
    "show_progress": False,
    "state": "WARNING",
    "seed": 0,
}
_OURS = {
    "hidden_dim": 128,
    "num_blocks": 1,
    "num_heads": 1,
    "linear_ratio": 1,
    "ffn": "gelu",
    "dropout": 0.2,
    "attn_dropout": 0.2,
    "embedding_norm": "none",
    "loss": "full_softmax",
}


class NoPeer(RuntimeError):
    """RecBole is not to be had; the message says why."""


def peer(open_dir: Path, scratch: Path, threads: int, batches: int, epochs: int, repeats: int) -> dict[str, Any]:
    """Seconds of an epoch of both in turns, for as many targets in a step: `recbole_speedup` for steps of 256
    histories of ours, `recbole_speedup_small_steps` of 32, and `recbole_speedup_fastest`, of the faster of its step
    sizes to the faster of ours. RecBole trains on every prefix of a history, padded to 50; ours has the same targets.
    `batches` are timed of RecBole's small steps, and as many targets of the others. Metrics are of both after `epochs`
    epochs of small steps, None for 0. Raises NoPeer."""
    python = installed(scratch / "recbole")
    events, targets, users = write_events(open_dir, scratch)
    theirs = {"folder": str(scratch), "name": _NAME, "settings": _RECBOLE, "threads": threads, "epochs": 0}
    mine = {"backbone": "sasrec", "open_dir": str(open_dir), "seed": 0, "threads": threads}
    rows = {histories: round(targets / math.ceil(users / histories)) for histories in _HISTORIES}
    share = batches * rows[_SMALL] / targets
    with Child(_MODULE) as small, Child(_MODULE) as large:
        ours = {_SMALL: small, _LARGE: large}
        for histories, child in ours.items():
            _start(child, mine, histories)
            child.ask("train", batches=1)
        rounds = []
        for _ in range(repeats):
            seconds = {}
            for histories, child in ours.items():
                seconds[f"recbole {rows[histories]} rows"] = _their_epoch(
                    python, theirs, rows[histories], targets, share
                )
                answer = child.ask("train", batches=math.ceil(2 * share * users / histories))
                seconds[f"ours {histories} histories"] = answer["seconds"] / answer["share"]
            rounds.append(seconds)
    return {
        "version": VERSION,
        "events": events,
        "targets": targets,
        "rounds": rounds,
        **_ratios(rounds, rows),
        "timed_share": round(share, 4),
        "epochs": epochs,
        "val_ndcg@10_nothing_masked": _metrics(python, theirs, mine, rows[_SMALL], epochs) if epochs else None,
    }


def _their_epoch(python: Path, job: dict[str, Any], rows: int, targets: int, share: float) -> float:
    settings = {**job["settings"], "train_batch_size": rows}
    answer = _recbole(python, {**job, "settings": settings, "batches": max(1, round(share * targets / rows))})
    return float(answer["epoch_seconds"])


def _ratios(rounds: list[dict[str, float]], rows: dict[int, int]) -> dict[str, float]:
    """Medians over the rounds."""

    def median_of(ratio: Callable[[dict[str, float]], float]) -> float:
        return round(median(ratio(each) for each in rounds), 2)

    def equal(histories: int) -> float:
        return median_of(lambda each: each[f"recbole {rows[histories]} rows"] / each[f"ours {histories} histories"])

    def fastest(each: dict[str, float]) -> float:
        whose = {who: min(value for name, value in each.items() if name.startswith(who)) for who in ("recbole", "ours")}
        return whose["recbole"] / whose["ours"]

    return {
        "recbole_speedup": equal(_LARGE),
        "recbole_speedup_small_steps": equal(_SMALL),
        "recbole_speedup_fastest": median_of(fastest),
    }


def _start(child: Child, job: dict[str, Any], batch_size: int) -> None:
    child.send({**job, "params": {**_OURS, "batch_size": batch_size}})
    child.receive()


def _metrics(python: Path, theirs: dict[str, Any], mine: dict[str, Any], rows: int, epochs: int) -> dict[str, float]:
    """Validation NDCG@10 of both, seen items being candidates, as RecBole has it."""
    settings = {**theirs["settings"], "train_batch_size": rows}
    answer = _recbole(python, {**theirs, "settings": settings, "batches": 1, "epochs": epochs})
    with Child(_MODULE) as child:
        _start(child, mine, batch_size=_SMALL)
        for _ in range(epochs):
            child.ask("train")
        metrics = child.ask("evaluate", masking="none")["metrics"]
    return {"recbole": answer["metrics"]["ndcg@10"], "ours": metrics["ndcg@10"]}


def installed(folder: Path) -> Path:
    """The Python of an environment with RecBole, which borrows torch from this one. Raises NoPeer."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        borrowed = folder / "lib" / version / "site-packages" / "borrowed.pth"
        borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        _pip(python, "--ignore-installed", *_OLD_ENOUGH, *_BESIDE)
        _pip(python, "--no-deps", f"recbole=={VERSION}", "thop")
    return python


def _pip(python: Path, *wanted: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeer(f"RecBole {VERSION} could not be installed: {_last(done.stderr)}")


def write_events(open_dir: Path, scratch: Path) -> tuple[int, int, int]:
    """Training and validation rows as RecBole reads them; their order is their time. Returns how many there are, how
    many training targets, and of how many users these are."""
    parts = [pd.read_parquet(open_dir / f"{part}.parquet") for part in ("train", "validation")]
    events = pd.concat(parts, ignore_index=True).sort_values("user", kind="stable")
    events["moment"] = events.groupby("user").cumcount()
    (scratch / _NAME).mkdir(parents=True, exist_ok=True)
    header = ["user_id:token", "item_id:token", "timestamp:float"]
    path = scratch / _NAME / f"{_NAME}.inter"
    events[["user", "item", "moment"]].to_csv(path, sep="\t", index=False, header=header)
    lengths = parts[0].groupby("user").size()
    return len(events), int((lengths - 1).sum()), int((lengths > 1).sum())


def _recbole(python: Path, job: dict[str, Any]) -> dict[str, Any]:
    script = str(Path(__file__).with_name("recbole_sasrec.py"))
    done = subprocess.run(
        [str(python), script, json.dumps(job)], capture_output=True, text=True, check=False, cwd=job["folder"]
    )
    if done.returncode:
        raise NoPeer(f"RecBole {VERSION} is installed but fails: {_last(done.stderr)}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
