"""RecBole's SASRec with full softmax beside ours, on the same training part and validation targets."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from benchmarks.trainers.child import Child

VERSION = "1.2.1"
_OLD_ENOUGH = ("numpy<2", "pandas<2.2", "scipy<1.14", "scikit-learn<1.6", "setuptools<80", "plotly<6")
_BESIDE = ("tensorboard", "colorlog==4.7.2", "colorama==0.4.4", "tabulate", "texttable", "psutil", "tqdm", "pyyaml")
_NAME, _MODULE = "beauty", "benchmarks.trainers.our_training"
_MODEL = {"hidden_size": 128, "inner_size": 128, "n_layers": 1, "n_heads": 1, "MAX_ITEM_LIST_LENGTH": 50}
_RECBOLE = {
    **_MODEL,
    "hidden_dropout_prob": 0.2,
    "attn_dropout_prob": 0.2,
    "loss_type": "CE",
    "train_neg_sample_args": None,
    "train_batch_size": 256,
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
    """Seconds of an epoch of both in turns. RecBole trains on every prefix of a history, padded to 50; ours has the
    same targets. Its steps have 256 targets, ours of 32 histories have about 190: the ratio for equal steps; and of 256
    histories, for equal rows. Metrics are of both after `epochs` epochs, None for 0. Raises NoPeer."""
    python = installed(scratch / "recbole")
    events = write_events(open_dir, scratch)
    theirs = {"folder": str(scratch), "name": _NAME, "settings": _RECBOLE, "threads": threads, "batches": batches}
    mine = {"backbone": "sasrec", "open_dir": str(open_dir), "seed": 0, "threads": threads}
    with Child(_MODULE) as few, Child(_MODULE) as many:
        for child, batch_size in ((few, 32), (many, 256)):
            _start(child, mine, batch_size)
            child.ask("train", batches=1)
        rounds = []
        for _ in range(repeats):
            answer = _recbole(python, {**theirs, "epochs": 0})
            steps, rows = few.ask("train", batches=2 * batches), many.ask("train", batches=max(1, batches // 2))
            ours = {"ours_equal_steps": steps["seconds"] / steps["share"], "ours_256": rows["seconds"] / rows["share"]}
            rounds.append({"recbole": answer["epoch_seconds"], **ours})
    return {
        "version": VERSION,
        "events": events,
        "rounds": rounds,
        "recbole_speedup": round(median(each["recbole"] / each["ours_equal_steps"] for each in rounds), 2),
        "recbole_speedup_256_histories": round(median(each["recbole"] / each["ours_256"] for each in rounds), 2),
        "timed_share": round(answer["timed"] / answer["batches"], 4),
        "epochs": epochs,
        "val_ndcg@10_nothing_masked": _metrics(python, theirs, mine, epochs) if epochs else None,
    }


def _start(child: Child, job: dict[str, Any], batch_size: int) -> None:
    child.send({**job, "params": {**_OURS, "batch_size": batch_size}})
    child.receive()


def _metrics(python: Path, theirs: dict[str, Any], mine: dict[str, Any], epochs: int) -> dict[str, float]:
    """Validation NDCG@10 of both, seen items being candidates, as RecBole has it."""
    answer = _recbole(python, {**theirs, "batches": 1, "epochs": epochs})
    with Child(_MODULE) as child:
        _start(child, mine, batch_size=32)
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


def write_events(open_dir: Path, scratch: Path) -> int:
    """Training and validation rows as RecBole reads them; their order is their time."""
    parts = [pd.read_parquet(open_dir / f"{part}.parquet") for part in ("train", "validation")]
    events = pd.concat(parts, ignore_index=True).sort_values("user", kind="stable")
    events["moment"] = events.groupby("user").cumcount()
    (scratch / _NAME).mkdir(parents=True, exist_ok=True)
    header = ["user_id:token", "item_id:token", "timestamp:float"]
    path = scratch / _NAME / f"{_NAME}.inter"
    events[["user", "item", "moment"]].to_csv(path, sep="\t", index=False, header=header)
    return len(events)


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
