"""The backbones that exist. A further one is a model file, a config file and one line here. Imports no torch."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from recmodels.backbones.gru4rec_config import GRU4RecConfig
from recmodels.backbones.hstu_config import HSTUConfig
from recmodels.backbones.sasrec_config import SASRecConfig
from recmodels.errors import InvalidParams, UnknownBackbone
from recmodels.priors.prior_config import PriorConfig
from recmodels.space import Architecture, Param, params_of
from recmodels.training.training_config import TrainingConfig


@dataclass(frozen=True)
class Backbone:
    """A model by its path ("module:Class"), with the dataclass of its architecture."""

    name: str
    title: str
    config: type[Architecture]
    model: str
    source: str

    def params(self) -> dict[str, Param]:
        """Architecture, then training, then priors."""
        return params_of(self.config, TrainingConfig, PriorConfig)

    def configs(self, params: Mapping[str, Any]) -> tuple[Architecture, TrainingConfig]:
        """What is trained and how, defaults filled. Raises InvalidParams for unknown names, bad values and
        combinations."""
        chosen = self.complete(params)
        return _build(self.config, chosen), _build(TrainingConfig, chosen)

    def prior_config(self, params: Mapping[str, Any]) -> PriorConfig:
        """What joins the scores after training. Raises InvalidParams."""
        return _build(PriorConfig, self.complete(params))

    def complete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter, defaults filled; one that does not act is set to its default, so that configs that train
        alike are equal. Raises InvalidParams."""
        known = self.params()
        for name in params:
            if name not in known:
                raise InvalidParams(f"{name} is no parameter of {self.name}; it has {', '.join(known)}")
        chosen = {name: param.check(params.get(name, param.default)) for name, param in known.items()}
        for name, param in known.items():
            if not param.is_active(chosen):
                chosen[name] = param.default
        for config in (self.config, TrainingConfig, PriorConfig):
            _build(config, chosen)
        return chosen

    def build(self, architecture: Architecture, num_items: int) -> Any:
        """The model itself, with fresh weights; imports torch."""
        module, _, name = self.model.partition(":")
        return getattr(importlib.import_module(module), name)(architecture, num_items)

    def estimate_parameters(self, params: Mapping[str, Any], num_items: int) -> int:
        """Trainable weights for a catalogue of `num_items`."""
        return self.configs(params)[0].count_parameters(num_items)


def _build(config: type, chosen: Mapping[str, Any]) -> Any:
    return config(**{field.name: chosen[field.name] for field in fields(config)})


BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        Backbone("sasrec", "SASRec", SASRecConfig, "recmodels.backbones.sasrec:SASRec", "arXiv 1808.09781"),
        Backbone("hstu", "HSTU", HSTUConfig, "recmodels.backbones.hstu:HSTU", "arXiv 2402.17152"),
        Backbone("gru4rec", "GRU4Rec", GRU4RecConfig, "recmodels.backbones.gru4rec:GRU4Rec", "arXiv 1511.06939"),
    )
}


def get_backbone(name: str) -> Backbone:
    """Raises UnknownBackbone."""
    if name not in BACKBONES:
        raise UnknownBackbone(f"no backbone is called {name!r}; there are {', '.join(BACKBONES)}")
    return BACKBONES[name]
