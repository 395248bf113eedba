"""Which tables there are: a dataset, a backbone, axes with three options each, and what is held fixed.

Every table starts from the backbone's own defaults, which are among the options. The options lie around the defaults
in the steps that anyone would try by hand. Widths and depths are kept small, so that a run takes seconds.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.tables.table import TOP
from core.data.regimes import REGIMES, Regime

LR = (0.0005, 0.001, 0.002)
FAST_LR = (0.001, 0.002, 0.004)
DROPOUT = (0.1, 0.2, 0.4)
BATCH = (32, 64, 128)
WIDTH = (16, 32, 64)
TEMPERATURE = (0.03, 0.05, 0.1)
SMALL = {"early_stop_patience": 5, "num_blocks": 1, "negatives": 64}


@dataclass(frozen=True)
class TableSpec:
    """One table. `regime` is generated, else `file` lies in the folder of real interaction files.

    `top` of the cells, the best by their recorded runs, are valued by fresh seeds.
    """

    name: str
    backbone: str
    axes: Mapping[str, tuple[Any, ...]]
    fixed: Mapping[str, Any]
    regime: Regime | None = None
    file: str | None = None
    top: int = TOP
    says: str = ""

    def cells(self) -> Iterator[dict[str, Any]]:
        """Every combination of the options, as fields of a config."""
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))


def _generated(name: str, backbone: str, of: str, axes: Mapping[str, tuple[Any, ...]], **changes: Any) -> TableSpec:
    regime = replace(REGIMES[of], name=name, **changes)
    return TableSpec(f"{name}-{backbone}", backbone, axes, _without(SMALL, axes), regime=regime)


def _without(fixed: Mapping[str, Any], axes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fixed.items() if name not in axes}


_ALL = (
    _generated(
        *("short", "sasrec", "short_sparse"),
        {"lr": FAST_LR, "dropout": DROPOUT, "hidden_dim": WIDTH, "batch_size": BATCH, "temperature": TEMPERATURE},
        users=600,
        items=400,
        tastes=10,
    ),
    _generated(
        *("sequential", "hstu", "sequential"),
        {
            "lr": LR,
            "dropout": DROPOUT,
            "hidden_dim": WIDTH,
            "batch_size": BATCH,
            "position": ("learned", "both", "none"),
        },
        users=400,
        items=400,
        tastes=8,
    ),
    _generated(
        *("cold", "sasrec", "cold"),
        {
            "lr": LR,
            "dropout": DROPOUT,
            "batch_size": BATCH,
            "recency_decay": (0.0, 0.1, 0.3),
            "temperature": TEMPERATURE,
        },
        users=500,
        items=500,
        tastes=8,
    ),
    _generated(
        *("tail", "hstu", "tail_heavy"),
        {
            "lr": FAST_LR,
            "dropout": DROPOUT,
            "negatives": (16, 64, 256),
            "temperature": TEMPERATURE,
            "linear_dim": (16, 32, 64),
        },
        users=500,
        items=1200,
        tastes=20,
    ),
    _generated(
        *("repeat", "sasrec", "repeat_heavy"),
        {"lr": LR, "dropout": DROPOUT, "hidden_dim": WIDTH, "max_len": (10, 20, 50), "temperature": TEMPERATURE},
        users=300,
        items=300,
        tastes=8,
    ),
    _generated(
        *("mixed", "hstu", "sample"),
        {
            "lr": FAST_LR,
            "dropout": DROPOUT,
            "batch_size": BATCH,
            "attn_dropout": (0.0, 0.1, 0.3),
            "temperature": TEMPERATURE,
        },
        users=500,
        items=400,
        tastes=8,
    ),
    _generated(
        *("dense", "sasrec", "long_dense"),
        {"lr": FAST_LR, "dropout": DROPOUT, "hidden_dim": WIDTH, "max_len": (20, 50, 100), "pooling": (1, 2, 4)},
        users=400,
        items=300,
        tastes=6,
        mean_length=20.0,
    ),
    _generated(
        *("sessions", "hstu", "short_sparse"),
        {
            "lr": FAST_LR,
            "dropout": DROPOUT,
            "hidden_dim": WIDTH,
            "batch_size": BATCH,
            "negative_sampling": (0.0, 0.5, 1.0),
        },
        users=600,
        items=300,
        tastes=12,
        session_length=6.0,
        day_granular=False,
    ),
    _generated(
        *("longtail", "sasrec", "tail_heavy"),
        {
            "lr": FAST_LR,
            "dropout": DROPOUT,
            "negatives": (16, 64, 256),
            "temperature": TEMPERATURE,
            "popularity_discount": (0.0, 0.25, 0.5),
        },
        users=600,
        items=900,
        tastes=16,
        mean_length=9.0,
    ),
    _generated(
        *("rebuy", "hstu", "repeat_heavy"),
        {"lr": LR, "dropout": DROPOUT, "max_len": (10, 20, 50), "batch_size": BATCH, "recency_decay": (0.0, 0.1, 0.3)},
        users=350,
        items=350,
        tastes=10,
        mean_length=18.0,
    ),
    TableSpec(
        "gifts-hstu",
        "hstu",
        {"lr": FAST_LR, "dropout": DROPOUT, "hidden_dim": WIDTH, "batch_size": BATCH, "temperature": TEMPERATURE},
        {"early_stop_patience": 5, "num_blocks": 1, "negatives": 64},
        file="gift_cards_5.json.gz",
    ),
    TableSpec(
        "ml100k-sasrec",
        "sasrec",
        {"lr": FAST_LR, "dropout": DROPOUT, "max_len": (20, 50, 100)},
        SMALL,
        file="ml-100k.inter",
        top=10,
        says="27 cells instead of 243, ten of them valued by fresh seeds",
    ),
    TableSpec(
        "toys-hstu",
        "hstu",
        {"lr": FAST_LR, "dropout": DROPOUT, "temperature": TEMPERATURE},
        {"early_stop_patience": 3, "num_blocks": 1, "hidden_dim": 32},
        file="toys.tsv",
        top=4,
        says="27 cells instead of 243, four of them valued by fresh seeds",
    ),
)
SPECS = {spec.name: spec for spec in _ALL}
QUICK = TableSpec(
    "quick-sasrec",
    "sasrec",
    {"lr": FAST_LR, "dropout": DROPOUT},
    {"early_stop_patience": 2, "num_blocks": 1, "negatives": 64, "hidden_dim": 16, "batch_size": 32},
    regime=replace(REGIMES["sequential"], name="quick", users=200, items=150, tastes=5),
)


def named(name: str) -> TableSpec:
    """Raises KeyError naming the tables there are."""
    if name not in SPECS:
        raise KeyError(f"no table {name!r}; there are {', '.join(SPECS)}")
    return SPECS[name]
