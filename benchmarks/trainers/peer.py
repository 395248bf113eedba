"""RecBole's SASRec beside ours, on the same training part and validation targets, with each of its two losses: softmax
over the whole catalogue, and BPR, which is sampled softmax with one negative (arXiv 1205.2618: -log sigmoid(p - n))."""

import json
import math
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
}


@dataclass(frozen=True)
class Loss:
    """One loss as RecBole's settings and as what our training is told."""

    theirs: Mapping[str, Any]
    ours: Mapping[str, Any]
    negatives: int | None = None


_ONE_NEGATIVE = {"distribution": "uniform", "sample_num": 1, "alpha": 1.0, "dynamic": False, "candidate_num": 0}
LOSSES = {
    "full_softmax": Loss({"loss_type": "CE", "train_neg_sample_args": None}, {"loss": "full_softmax"}),
    "bpr": Loss(
        {"loss_type": "BPR", "train_neg_sample_args": _ONE_NEGATIVE},
        {"loss": "sampled_softmax", "negative_sharing": "position"},
        negatives=1,
    ),
}


class NoPeer(RuntimeError):
    """RecBole is not to be had; the message says why."""


@dataclass(frozen=True)
class Peer:
    """RecBole in its own environment and the file that both read: how many events, training targets and users."""

    python: Path
    open_dir: Path
    folder: Path
    threads: int
    events: int
    targets: int
    users: int

    def epochs_timed(self, batches: int, repeats: int) -> dict[str, Any]:
        """Seconds of an epoch of both in turns, for as many targets in a step, by loss: `recbole_speedup` for steps of
        256 histories of ours, `recbole_speedup_small_steps` of 32, and `recbole_speedup_fastest`, of the faster of its
        step sizes to the faster of ours. RecBole trains on every prefix of a history, padded to 50; ours has the same
        targets. `batches` are timed of RecBole's small steps, and as many targets of the others. Raises NoPeer."""
        share = batches * self._sides("full_softmax").rows[_SMALL] / self.targets
        return {
            "version": VERSION,
            "events": self.events,
            "targets": self.targets,
            "timed_share": round(share, 4),
            "losses": {name: self._sides(name).timed(self, share, repeats) for name in LOSSES},
        }

    def metrics(self, epochs: int) -> dict[str, Any]:
        """Validation NDCG@10 of both, seen items being candidates, after so many epochs of small steps with full
        softmax. Raises NoPeer."""
        both = self._sides("full_softmax").metrics(self.python, epochs)
        return {"version": VERSION, "epochs": epochs, "val_ndcg@10_nothing_masked": both}

    def _sides(self, name: str) -> "Sides":
        loss = LOSSES[name]
        common = {"threads": self.threads}
        theirs = {**common, "folder": str(self.folder), "name": _NAME, "settings": {**_RECBOLE, **loss.theirs}}
        ours = {**common, "backbone": "sasrec", "open_dir": str(self.open_dir), "seed": 0}
        ours |= {"params": {**_OURS, **loss.ours}, "negatives": loss.negatives}
        rows = {histories: round(self.targets / math.ceil(self.users / histories)) for histories in _HISTORIES}
        return Sides(theirs, ours, rows)


def peer(open_dir: Path, folder: Path, threads: int) -> Peer:
    """Installed, and the events written. Raises NoPeer."""
    return Peer(installed(folder / "recbole"), open_dir, folder, threads, *write_events(open_dir, folder))


@dataclass(frozen=True)
class Sides:
    """What both are told, and how many targets a step of so many histories has."""

    theirs: Mapping[str, Any]
    ours: Mapping[str, Any]
    rows: Mapping[int, int]

    def timed(self, peer: Peer, share: float, repeats: int) -> dict[str, Any]:
        """Both in turns, `share` of an epoch at a time."""
        rounds = []
        with Child(_MODULE) as small, Child(_MODULE) as large:
            ours = {_SMALL: small, _LARGE: large}
            for histories, child in ours.items():
                self._start(child, histories)
                child.ask("train", batches=1)
            for _ in range(repeats):
                seconds = {}
                for histories, child in ours.items():
                    rows = self.rows[histories]
                    told = self._theirs(peer.python, histories, max(1, round(share * peer.targets / rows)))
                    seconds[f"recbole {rows} rows"] = float(told["epoch_seconds"])
                    answer = child.ask("train", batches=math.ceil(2 * share * peer.users / histories))
                    seconds[f"ours {histories} histories"] = answer["seconds"] / answer["share"]
                rounds.append(seconds)
        return {**_ratios(rounds, self.rows), "rounds": rounds}

    def metrics(self, python: Path, epochs: int) -> dict[str, float]:
        """Validation NDCG@10 of both, seen items being candidates, as RecBole has it."""
        told = self._theirs(python, _SMALL, 1, epochs)
        with Child(_MODULE) as child:
            self._start(child, _SMALL)
            for _ in range(epochs):
                child.ask("train")
            metrics = child.ask("evaluate", masking="none")["metrics"]
        return {"recbole": told["metrics"]["ndcg@10"], "ours": metrics["ndcg@10"]}

    def _theirs(self, python: Path, histories: int, batches: int, epochs: int = 0) -> dict[str, Any]:
        settings = {**self.theirs["settings"], "train_batch_size": self.rows[histories]}
        return _recbole(python, {**self.theirs, "settings": settings, "batches": batches, "epochs": epochs})

    def _start(self, child: Child, histories: int) -> None:
        child.send({**self.ours, "params": {**self.ours["params"], "batch_size": histories}})
        child.receive()


def _ratios(rounds: list[dict[str, float]], rows: Mapping[int, int]) -> dict[str, float]:
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
