"""Which finished run's weights serve a run that differs in its priors alone: priors act after training."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.artifacts import WEIGHTS, Artifacts
from core.records import Params, Run, Study, Trial
from core.states import RunState
from core.store import Store
from recmodels.priors.prior_config import PriorConfig

_PRIORS = frozenset(field.name for field in fields(PriorConfig))


def weights_from(store: Store, artifacts: Artifacts, study: Study, trial: Trial, run: Run) -> dict[str, Any] | None:
    """The job's `weights_from`; None where the run has no priors or nothing was trained alike, seed and all."""
    if trial.params.get("priors", "none") == "none":
        return None
    others = [other for other in store.studies.all() if is_alike(study, other)]
    for other in sorted(others, key=lambda each: each.id != study.id):
        trials = {each.id: each for each in store.trials.of_study(other.id)}
        for candidate in store.runs.of_study(other.id):
            kin = trials[candidate.trial_id]
            weights = artifacts.run(kin, candidate.seed) / WEIGHTS
            if _is_source(candidate, run.seed) and trained(kin.params) == trained(trial.params) and weights.is_file():
                return {
                    "weights": str(weights),
                    "name": f"{other.name}, trial {kin.number}, seed {candidate.seed}",
                    "epochs": int(candidate.metrics.get("epochs") or candidate.epoch),
                    "best_epoch": candidate.best_epoch,
                }
    return None


def is_alike(study: Study, other: Study) -> bool:
    """What decides, beside the params, which weights come out of a run."""
    names = ("dataset_id", "backbone", "objective", "masking", "max_epochs")
    return all(getattr(study, name) == getattr(other, name) for name in names)


def _is_source(run: Run, seed: int) -> bool:
    return run.state is RunState.COMPLETE and run.seed == seed and bool(run.best_epoch)


def trained(params: Params) -> Mapping[str, Any]:
    """What decides of a config which weights come out: all but the priors."""
    return {name: value for name, value in params.items() if name not in _PRIORS}
