"""The command that trains the best config again."""

import re
import shlex
from dataclasses import dataclass

from core.report.facts import REPRODUCED_SEEDS, Facts, TrialFacts, differing
from core.report.sentences import listed
from recmodels.registry import get_backbone

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Reproduction:
    """A shell command, and what it does."""

    command: str
    note: str


def reproduction(facts: Facts) -> Reproduction | None:
    """A new study whose baseline is the best config, on its own seeds; None before there is a best one."""
    best = facts.best
    if best is None:
        return None
    study = facts.study
    dataset = facts.dataset.name if _PLAIN.fullmatch(facts.dataset.name) else facts.dataset.id
    seeds = best.fresh_seeds or best.trial.seeds
    words = ["python", "-m", "core", "tune", dataset, "--backbone", study.backbone, "--objective", study.objective]
    words += ["--trials", "1", "--epochs", str(study.max_epochs), "--seed", str(seeds[0]), "--autonomy", "autopilot"]
    for name, value in _beyond_defaults(best, study.backbone).items():
        words += ["--fix", f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    return Reproduction(shlex.join(words), _note(best, seeds))


def _beyond_defaults(best: TrialFacts, backbone: str) -> dict[str, object]:
    changes = differing(get_backbone(backbone).complete({}), best.trial.params)
    return {name: after for name, (_, after) in changes.items()}


def _note(best: TrialFacts, seeds: tuple[int, ...]) -> str:
    """Which of the seeds that the command runs were run here."""
    first = seeds[0]
    runs = {run.seed for run in best.runs}
    again = [str(seed) for seed in range(first, first + REPRODUCED_SEEDS) if seed in runs]
    kind = "fresh seed" if best.fresh_seeds else "seed"
    return (
        f"Trains the config of trial {best.number} alone; {kind}{'s' if len(again) > 1 else ''} {listed(again)} "
        "come out as here on the same kind of machine with as many threads."
    )
