"""A trained model as what is used of it: its scores with the priors it was judged with, and its final report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from recmodels.data import Histories, TrainingData
from recmodels.errors import InvalidJob
from recmodels.packing import Flat
from recmodels.priors.prior_config import PriorConfig
from recmodels.priors.priors import Priors, PriorScorer
from recmodels.priors.sweep import Chosen, crossfitted_scorer, sweep
from recmodels.ranking.evaluation import ModelScorer, Ranking, Scorer, rank, slices
from recmodels.ranking.metrics import summary
from recmodels.registry import get_backbone
from recmodels.training.checkpoint import Saved

_TOP = 10  # what coverage and mean popularity look at


def model_scorer(saved: Saved, num_items: int, device: torch.device) -> ModelScorer:
    """The model alone. Raises InvalidJob for weights of another catalogue."""
    if saved.model.num_items != num_items:
        raise InvalidJob(
            f"the weights know {saved.model.num_items} items, the dataset has {num_items}; take weights of this one"
        )
    max_len = int(get_backbone(saved.backbone).complete(saved.params)["max_len"])
    return ModelScorer(saved.model.to(device), max_len, device)


def finished_scorer(
    saved: Saved, train: Histories, num_items: int, device: torch.device, masking: str, users: Flat | None = None
) -> Scorer:
    """The model with its priors, counted in `train`. For validation name its `users`: each is then scored with what
    the other half of them chose. Raises InvalidJob."""
    model = model_scorer(saved, num_items, device)
    if saved.priors is None:
        return model
    chosen = Chosen.from_json(saved.priors)
    priors = Priors.fit(get_backbone(saved.backbone).prior_config(saved.params), train, num_items)
    if users is not None:
        return crossfitted_scorer(model, priors, chosen, users, masking)
    return PriorScorer(model, priors, chosen.for_anyone(), chosen.scale, masking)


@dataclass(frozen=True)
class Judged:
    """The final validation ranking, what is told of it, and the strengths of priors where any act."""

    ranking: Ranking
    report: dict[str, Any]
    priors: Mapping[str, Any] | None


def judge(
    model: ModelScorer,
    config: PriorConfig,
    data: TrainingData,
    masking: str,
    objective: str,
    between: Callable[[], None] = lambda: None,
) -> Judged:
    """Ranks every validation user, with priors after their strengths were chosen; the report then also holds the
    metrics of the model alone. Raises FloatingPointError for scores that are not finite."""
    cases, popularity, device = data.validation, data.popularity, model.device

    def ranking_of(scorer: Scorer, top: int) -> Ranking:
        return rank(scorer, cases, popularity, masking, device=device, top=top, between=between)

    ranking, chosen, extra = ranking_of(model, _TOP), None, {}
    if config.kinds and len(cases.users):
        priors = Priors.fit(config, data.train, data.num_items)
        alone = summary(ranking.ranks)
        chosen = sweep(model, priors, cases, popularity, masking, objective, device, between)
        ranking = ranking_of(crossfitted_scorer(model, priors, chosen, cases.users, masking), _TOP)
        extra = {"priors": dict(chosen.everyone), "without_priors": alone}
    report = {
        "metrics": summary(ranking.ranks),
        f"coverage@{_TOP}": ranking.coverage(data.num_items),
        f"popularity@{_TOP}": ranking.mean_popularity(popularity),
        "slices": slices(ranking.ranks, cases, popularity, data.train, objective),
        **extra,
    }
    return Judged(ranking, report, chosen.to_json() if chosen else None)
