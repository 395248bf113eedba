"""How fast recommenders train, against a naive reference and RecBole, and how good they become:
`python -m benchmarks.training [--quick]`.

Without a further flag: seconds of an epoch and of an evaluation on Amazon Beauty, ours and the reference in turns. The
reference is SASRec and HSTU as published: histories padded to 50, DataLoader, torch.optim.Adam, 500 negatives drawn and
gathered for each position that has a target (and, as a figure of its own, for padding too), validation by sorting the
catalogue. Flags add further parts; each writes its part of benchmarks/results/training.json and leaves the others. Both
sides have the same number of threads and the same OpenMP waiting time, so that a busy machine slows both alike; still,
run it on a quiet one.

The file beauty.txt is looked for in the folder that VIRTUALMLE_TEST_DATA names.
"""

import argparse
import os

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # before torch

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import benchmarks.trainers.catalogue as catalogues
import benchmarks.trainers.peer as peers
import benchmarks.trainers.quality as qualities
import benchmarks.trainers.scale as scales
import benchmarks.trainers.speed as speeds
from benchmarks.trainers.curves import curves
from benchmarks.trainers.quality import Place
from benchmarks.trainers.results import BACKBONES, Circumstances, record, recorded, trials_an_hour
from core.data.importing import import_dataset
from core.data.options import ImportOptions

SIZES = (1_000_000, 10_000_000, 30_000_000)
_QUICK_SIZES = (100_000, 300_000)


def _keep(arguments: argparse.Namespace, *measured: Any) -> None:
    """What a quick run found is shown and not kept."""
    if not arguments.quick:
        record(*measured)


def speed(arguments: argparse.Namespace, place: Place) -> None:
    amount = speeds.QUICK if arguments.quick else speeds.Amount(repeats=arguments.repeats)
    print(
        f"{'backbone':9} {'epoch':>8} {'naive':>8} {'exact':>8} | speed-up {'train':>7} {'exact':>7} {'eval':>7}  peak"
    )
    for backbone in arguments.backbones:
        circumstances = Circumstances(place.threads, place.device)
        found = speeds.speed(backbone, place.dataset / "open", place.runs, place.threads, amount, place.device)
        epochs = recorded("quality", backbone, place.device) or recorded("quality", backbone)
        found["trials_an_hour"] = trials_an_hour(found, epochs)
        _keep(arguments, "speed", backbone, found, circumstances)
        seconds = found["seconds"]
        print(
            f"{backbone:9} {seconds['ours']:7.1f}s {seconds['naive']:7.1f}s {seconds['exact']:7.1f}s | "
            f"{'':8} {found['train_speedup']:7.1f} {found['exact_speedup']:7.1f} {found['eval_speedup']:7.1f}  "
            f"{found['peak_gib']:.2f} GiB, {found['trials_an_hour'] or 'unknown'} trials an hour",
            flush=True,
        )


def quality_per_epoch(arguments: argparse.Namespace, place: Place) -> None:
    with_naive, seeds = arguments.curves == "naive", arguments.seeds
    for backbone in arguments.backbones:
        circumstances = Circumstances(place.threads, place.device)
        found = curves(backbone, place.dataset / "open", place.runs, place.threads, seeds, with_naive, place.device)
        record("curves", backbone, found, circumstances)
        for whose, by_seed in found["ndcg@10"].items():
            for seed, values in by_seed.items():
                print(f"{backbone:9} {whose:9} seed {seed}: validation NDCG@10 after each epoch {values}", flush=True)
        if with_naive:
            print(f"{backbone:9} quality per epoch: {found['quality_per_epoch']}", flush=True)


def quality(arguments: argparse.Namespace, place: Place) -> None:
    for backbone in arguments.backbones:
        circumstances = Circumstances(place.threads, place.device)
        found = qualities.quality(backbone, place, arguments.minutes)
        record("quality", backbone, found, circumstances)
        print(
            f"{backbone:9} validation NDCG@10 {found['val_ndcg@10']:.4f} (epoch {found['best_epoch']} of "
            f"{found['epochs']}, {found['seconds']:.0f} s), with priors {found['with_priors']['val_ndcg@10']:.4f}",
            flush=True,
        )


def reveal(arguments: argparse.Namespace, place: Place) -> None:
    for backbone in arguments.backbones:
        found = recorded("quality", backbone, place.device)
        if found is None or not (place.runs / f"{backbone}-priors").exists():
            raise SystemExit(f"there are no weights of {backbone} in {place.runs}; run --quality with the same --home")
        circumstances = Circumstances(place.threads, place.device)
        told = qualities.reveal(backbone, place, found)
        alone = {f"test_{metric}": value for metric, value in told["alone"].items()}
        record("reveal", backbone, {**alone, "all": told}, circumstances)
        for name, metrics in told.items():
            print(f"{backbone:9} {name:16} test NDCG@10 {metrics['ndcg@10']:.4f}  Recall@10 {metrics['recall@10']:.4f}")


def scale(arguments: argparse.Namespace, place: Place) -> None:
    sizes, seconds = (_QUICK_SIZES, 3.0) if arguments.quick else (SIZES, arguments.seconds)
    circumstances = Circumstances(place.threads, place.device)
    found = scales.scale("sasrec", sizes, place.threads, seconds, arguments.repeats, place.device)
    _keep(arguments, "scale", "scale", found, circumstances)
    print(f"{'interactions':>13} {'epoch':>9} {'s per million targets':>22} {'peak':>9} {'priors, s per million':>22}")
    for row in found["sizes"]:
        print(
            f"{row['interactions']:13,} {row['epoch_seconds']:8.0f}s {row['seconds_per_million_targets']:22.1f} "
            f"{row['peak_gib']:5.2f} GiB {row['priors_seconds_per_million']:22.1f}"
        )
    print(f"dearest over cheapest: {found['worst_ratio']:.2f}, of priors {found['priors_worst_ratio']:.2f}", flush=True)


def evaluate_items(arguments: argparse.Namespace, place: Place) -> None:
    items = arguments.evaluate_items
    for backbone in arguments.backbones:
        circumstances = Circumstances(place.threads, place.device)
        found = catalogues.catalogue(backbone, items, place.threads, place.device, arguments.repeats)
        _keep(arguments, "evaluate_items", f"{backbone} {items}", found, circumstances)
        print(
            f"{backbone:9} {found['users']:,} users among {items:,} items: {found['seconds']:.2f} s, "
            f"{found['users_a_second']:,.0f} users a second, peak {found['peak_gib']:.2f} GiB "
            f"({found['peak_gib_before']:.2f} before)",
            flush=True,
        )


def peer(arguments: argparse.Namespace, place: Place) -> None:
    circumstances, batches = Circumstances(place.threads, place.device), 5 if arguments.quick else 40
    try:
        found = peers.peer(place.dataset / "open", place.runs, place.threads).epochs_timed(batches, arguments.repeats)
    except peers.NoPeer as reason:
        record("peer", "recbole", {"reason": str(reason)}, circumstances)
        print(reason, flush=True)
        return
    record("peer", "recbole", found, circumstances)
    for loss, told in found["losses"].items():
        print(
            f"RecBole's SASRec, {loss}: {told['recbole_speedup']:.1f} times our seconds of an epoch for steps of 256 "
            f"histories, {told['recbole_speedup_small_steps']:.1f} for steps of 32, "
            f"{told['recbole_speedup_fastest']:.1f} for the faster of both on each side",
            flush=True,
        )


def peer_epochs(arguments: argparse.Namespace, place: Place) -> None:
    circumstances = Circumstances(place.threads, place.device)
    try:
        found = peers.peer(place.dataset / "open", place.runs, place.threads).metrics(arguments.peer_epochs)
    except peers.NoPeer as reason:
        print(reason, flush=True)
        return
    record("peer_epochs", "recbole", found, circumstances)
    both = found["val_ndcg@10_nothing_masked"]
    print(
        f"validation NDCG@10 after {found['epochs']} epochs of full softmax, nothing masked: "
        f"RecBole {both['recbole']:.4f}, ours {both['ours']:.4f}",
        flush=True,
    )


PARTS: dict[str, Callable[[argparse.Namespace, Place], None]] = {
    "curves": quality_per_epoch,
    "quality": quality,
    "reveal": reveal,
    "scale": scale,
    "evaluate_items": evaluate_items,
    "peer": peer,
    "peer_epochs": peer_epochs,
}


def prepared(home: Path) -> Path:
    """The folder of the dataset, imported once."""
    source = Path(os.environ.get("VIRTUALMLE_TEST_DATA", "")) / "beauty.txt"
    if not source.is_file():
        print("skipped: beauty.txt is missing; set VIRTUALMLE_TEST_DATA to the folder that holds it")
        raise SystemExit(0)
    known = sorted((home / "datasets").glob("*/card.json"))
    return known[0].parent if known else home / "datasets" / import_dataset(source, home, "beauty", ImportOptions()).id


def parsed(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a little of each, within a minute on two free cores")
    parser.add_argument(
        "--curves", choices=("ours", "naive"), help="validation after epochs 1 to 3, also of the reference"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of each side, for --curves")
    parser.add_argument("--quality", action="store_true", help="train each backbone for --minutes, then with priors")
    parser.add_argument("--reveal", action="store_true", help="read the sealed test with the weights of --quality")
    parser.add_argument("--scale", action="store_true", help="1, 10 and 30 million generated interactions")
    parser.add_argument(
        "--evaluate-items",
        type=int,
        nargs="?",
        const=0,
        metavar="N",
        help="time and memory of an evaluation over N generated items (default: 200,000, with --device cuda 2,000,000)",
    )
    parser.add_argument("--peer", action="store_true", help="RecBole in an environment of its own, from the registry")
    parser.add_argument("--peer-epochs", type=int, default=0, help="train both so long for their metrics")
    parser.add_argument("--backbones", type=lambda text: text.split(","), default=list(BACKBONES))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where all of it is computed")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of every process that is timed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10.0, help="of training, for --quality")
    parser.add_argument("--seconds", type=float, default=20.0, help="of training in each repeat of --scale")
    parser.add_argument("--home", type=Path, help="keeps dataset and weights there (default: a temporary folder)")
    arguments = parser.parse_args(given)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA GPU here; run it where there is one, or with --device cpu")
    if arguments.device == "cuda" and (arguments.peer or arguments.peer_epochs):
        parser.error("--peer compares on the CPU; leave --device cuda away")
    if arguments.evaluate_items == 0:
        arguments.evaluate_items = catalogues.ITEMS[arguments.device]
    return arguments


def main() -> None:
    arguments = parsed()
    chosen = [part for name, part in PARTS.items() if getattr(arguments, name)] or [speed]
    with tempfile.TemporaryDirectory(prefix="benchmark-training-") as folder:
        home = arguments.home or Path(folder)
        place = Place(prepared(home), home / "runs", arguments.threads, arguments.device)
        place.runs.mkdir(exist_ok=True)
        for part in chosen:
            part(arguments, place)


if __name__ == "__main__":
    main()
