"""The knobs of priors: what counting the training part adds to a trained model's scores. Imports no torch."""

from dataclasses import dataclass

from recmodels.space import Config, choice, float_range, int_range

KINDS = ("popularity", "transition", "cooccurrence")
_LINKED = ("transition", "cooccurrence", "all")


@dataclass(frozen=True)
class PriorConfig(Config):
    """Priors act after training and change no weight; how strongly each acts is chosen on validation, cross-fitted.
    Defaults: none. Links that decay over a window are sequential rules (arXiv 1803.09587), kept neighbours those of
    item-based k-NN (Sarwar et al. 2001). That links are plain counts was the best of three normalisations on a part of
    the validation users of Amazon Beauty; the literature names none for this use."""

    priors: str = choice(
        "none", options=("none", *KINDS, "all"), help="counts of the training events that join the model's scores"
    )
    prior_use: str = choice(
        "add",
        options=("add", "rerank"),
        when=("priors", (*KINDS, "all")),
        help="add to the scores of all items or only reorder the model's best",
    )
    rerank_top: int = int_range(
        100,
        low=10,
        high=1000,
        log=True,
        when=("prior_use", ("rerank",)),
        help="how many of the model's best are reordered",
    )
    prior_window: int = int_range(
        10,
        low=1,
        high=50,
        log=True,
        when=("priors", _LINKED),
        help="events this near in a history are linked, nearer ones more",
    )
    prior_neighbours: int = int_range(
        100, low=5, high=1000, log=True, when=("priors", _LINKED), help="strongest links kept of each item"
    )
    prior_recency: float = float_range(
        0.7, low=0.0, high=1.0, when=("priors", _LINKED), help="weight of an item of the history over the one after it"
    )
    prior_normalisation: str = choice(
        "none",
        options=("none", "cosine", "conditional"),
        when=("priors", _LINKED),
        help="links as counts, over the root of both items' events, or as the share of the earlier item's",
    )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The priors that act."""
        return {"none": (), "all": KINDS}.get(self.priors, (self.priors,))
