"""Writes a study into Optuna's storage; runs in the environment of Optuna Dashboard, and imports nothing of ours.

`optuna_study.py TRIALS.json STORAGE_URL`
"""

import json
import sys
from pathlib import Path
from typing import Any

import optuna


def main() -> None:
    """Every trial with its params, its value and the values of its epochs."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    study = optuna.create_study(storage=sys.argv[2], study_name=told["name"], direction="maximize")
    kinds = {name: distribution(param) for name, param in told["space"].items()}
    for trial in told["trials"]:
        held = {name: kinds[name] for name in trial["params"]}
        values = {int(epoch): value for epoch, value in trial["epochs"]}
        study.add_trial(
            optuna.trial.create_trial(
                params=trial["params"], distributions=held, value=trial["value"], intermediate_values=values
            )
        )


def distribution(param: dict[str, Any]) -> optuna.distributions.BaseDistribution:
    """A field of our search space as Optuna's."""
    if param["low"] is None:
        return optuna.distributions.CategoricalDistribution(param["options"])
    kind = optuna.distributions.IntDistribution if param["kind"] == "int" else optuna.distributions.FloatDistribution
    return kind(param["low"], param["high"], log=param["log"])


if __name__ == "__main__":
    main()
