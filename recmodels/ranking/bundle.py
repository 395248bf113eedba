"""A trained model as a folder that recommends by itself, wherever this package is: no dataset, no database.

`model.safetensors` weights with their config, `priors.safetensors` what was counted (where priors act), `config.json`
the same config to read, the versions that wrote it and the usual time between events, `items.parquet` ids, raw ids and
titles.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import torch

from recmodels import __version__
from recmodels.data import TrainingData
from recmodels.errors import CorruptCheckpoint, DatasetUnreadable, InvalidJob, OtherVersion
from recmodels.priors.links import Links
from recmodels.priors.prior_config import PriorConfig
from recmodels.priors.priors import Constant, LinkPrior, LinkSums, Priors, PriorScorer
from recmodels.priors.sweep import Chosen
from recmodels.ranking.evaluation import Scorer
from recmodels.ranking.finished import model_scorer
from recmodels.ranking.recommending import best_items, history_of
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import Saved, Tensors, load_saved, read_tensors, save_model, write_tensors

MODEL, PRIORS, CONFIG, ITEMS = "model.safetensors", "priors.safetensors", "config.json", "items.parquet"
FORMAT = 1  # of the folder; it grows when an older version of this package would misread a newer folder


@dataclass(frozen=True)
class Recommended:
    """One item; scores are only comparable within one answer."""

    item: str
    title: str | None
    score: float


class Bundle:
    """A loaded folder."""

    def __init__(
        self, scorer: Scorer, items: pd.DataFrame, masking: str, gap: int | None, device: torch.device
    ) -> None:
        self._scorer, self._items, self._masking, self._gap, self._device = scorer, items, masking, gap, device
        self._ids = {raw: int(item) for raw, item in zip(items["raw"], items["item"], strict=True)}

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> "Bundle":
        """Raises CorruptCheckpoint, DatasetUnreadable, OtherVersion."""
        folder, where = Path(folder), torch.device(device)
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            items = pyarrow.parquet.read_table(folder / ITEMS).to_pandas()
            masking, gap = str(config["masking"]), config.get("median_gap")
        except (OSError, ValueError, KeyError, pyarrow.ArrowException) as error:
            raise DatasetUnreadable(f"{folder} is no exported model ({error}); export it again") from error
        saved = _saved(folder, config)
        scorer: Scorer = model_scorer(saved, len(items), where)
        if saved.priors is not None:
            chosen, priors = Chosen.from_json(saved.priors), _load_priors(folder / PRIORS, _config(saved))
            scorer = PriorScorer(scorer, priors, chosen.for_anyone(), chosen.scale, masking)
        return cls(scorer, items, masking, gap, where)

    def recommend(self, history: Sequence[str], k: int = 10, times: Sequence[int] | None = None) -> list[Recommended]:
        """The best k items after a history of raw item ids, oldest first, with their times in epoch seconds where they
        are known. Raises InvalidJob for unknown ids."""
        unknown = [raw for raw in history if raw not in self._ids]
        if unknown or not history:
            some = ", ".join(self._items["raw"].head(3))
            raise InvalidJob(f"unknown items: {', '.join(unknown) or 'none given'}; ids look like {some}")
        num_items = len(self._items)
        events = history_of([self._ids[raw] for raw in history], num_items, self._gap, times)
        found, scores = best_items(self._scorer, events, num_items, self._masking, k, self._device)
        rows = self._items.set_index("item").loc[found[0][found[0] > 0]]
        titles = [title if isinstance(title, str) else None for title in rows["title"]]
        return [Recommended(*each) for each in zip(rows["raw"], titles, scores[0][: len(rows)].tolist(), strict=True)]


def write_bundle(folder: Path, saved: Saved, data: TrainingData, items: Path, masking: str) -> None:
    """Writes the folder; priors count training and validation. Raises CheckpointNotWritten, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "format": FORMAT,
        "versions": {"recmodels": __version__, "torch": torch.__version__, "numpy": np.__version__},
        "backbone": saved.backbone,
        "params": get_backbone(saved.backbone).complete(saved.params),
        "num_items": data.num_items,
        "masking": masking,
        "median_gap": data.train_and_validation.median_gap,
        "priors": saved.priors["everyone"] if saved.priors else None,
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    weights = dict(saved.model.state_dict())
    save_model(folder / MODEL, weights, saved.backbone, saved.params, data.num_items, saved.priors)
    shutil.copyfile(items, folder / ITEMS)
    if saved.priors is None:
        (folder / PRIORS).unlink(missing_ok=True)
    else:
        priors = Priors.fit(_config(saved), data.train_and_validation, data.num_items)
        write_tensors(folder / PRIORS, _tensors(priors), {"kinds": list(priors.fitted)})


def _saved(folder: Path, config: Mapping[str, Any]) -> Saved:
    """The model; what another version wrote is told with both. Raises CorruptCheckpoint, OtherVersion."""
    written = str((config.get("versions") or {}).get("recmodels", "before 0.1.0"))
    way_out = f"it was written by recmodels {written}, this is {__version__}; install the version that wrote it"
    if int(config.get("format", 1)) > FORMAT:
        raise OtherVersion(
            f"{folder} has format {config['format']}, and {FORMAT} is the newest that is known; {way_out}"
        )
    try:
        return load_saved(folder / MODEL)
    except CorruptCheckpoint as error:
        if written == __version__:
            raise
        raise OtherVersion(f"{error}; {way_out}") from error


def _config(saved: Saved) -> PriorConfig:
    return get_backbone(saved.backbone).prior_config(saved.params)


def _tensors(priors: Priors) -> Tensors:
    tensors: dict[str, Any] = {}
    for kind, prior in priors.fitted.items():
        if isinstance(prior, Constant):
            tensors[kind] = prior.scores
        elif isinstance(prior, LinkPrior):
            links = prior.sums.links
            for part in ("offsets", "items", "weights"):
                tensors[f"{kind}/{part}"] = torch.from_numpy(np.ascontiguousarray(getattr(links, part)))
    return tensors


def _load_priors(path: Path, config: PriorConfig) -> Priors:
    tensors, _ = read_tensors(path)
    try:
        return Priors(config, {kind: _prior(kind, tensors, config) for kind in config.kinds})
    except KeyError as error:
        raise CorruptCheckpoint(f"{path} lacks {error}; export the model again") from error


def _prior(kind: str, tensors: Mapping[str, torch.Tensor], config: PriorConfig) -> Constant | LinkPrior:
    if kind == "popularity":
        return Constant(tensors[kind])
    offsets, items, weights = (tensors[f"{kind}/{part}"].numpy() for part in ("offsets", "items", "weights"))
    return LinkPrior(LinkSums(Links(offsets, items, weights), config.prior_recency))
