"""RecBole's SASRec, run by the Python of an environment that has RecBole: `python recbole_sasrec.py JOB`.

JOB is JSON: `folder` (holds NAME/NAME.inter), `name`, `settings` of RecBole, `threads`, `batches` to time, `epochs` to
train for its metrics (0: none). Prints one line of JSON. Imports nothing of ours.
"""

import importlib
import json
import sys
import time
from itertools import islice
from typing import Any
from unittest import mock

import torch

for missing in ("ray", "ray.tune"):  # RecBole imports it for a search that is not used here
    sys.modules.setdefault(missing, mock.MagicMock())


def run(job: dict[str, Any]) -> dict[str, Any]:
    config_module, data, utils = (importlib.import_module(f"recbole.{name}") for name in ("config", "data", "utils"))
    torch.set_num_threads(job["threads"])
    settings = {**job["settings"], "data_path": job["folder"], "checkpoint_dir": job["folder"]}
    config = config_module.Config(model="SASRec", dataset=job["name"], config_dict=settings)
    utils.init_seed(config["seed"], config["reproducibility"])
    train, valid, _ = data.data_preparation(config, data.create_dataset(config))
    model = utils.get_model("SASRec")(config, train.dataset)
    trainer = utils.get_trainer(config["MODEL_TYPE"], "SASRec")(config, model)
    steps(trainer, train, 2)
    answer: dict[str, Any] = {"batches": len(train), "timed": job["batches"], "instances": len(train.dataset)}
    began = time.perf_counter()
    steps(trainer, train, job["batches"])
    answer["epoch_seconds"] = (time.perf_counter() - began) / job["batches"] * len(train)
    if job["epochs"]:
        for epoch in range(job["epochs"]):
            trainer._train_epoch(train, epoch, show_progress=False)
        answer["metrics"] = dict(trainer._valid_epoch(valid)[1])
    return answer


def steps(trainer: Any, train: Any, batches: int) -> None:
    trainer.model.train()
    for interaction in islice(train, batches):
        trainer.optimizer.zero_grad()
        trainer.model.calculate_loss(interaction).backward()
        trainer.optimizer.step()


if __name__ == "__main__":
    found = run(json.loads(sys.argv[1]))
    print(json.dumps(found))
