"""Few configs that hold every pair of options of different fields."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recmodels.registry import BACKBONES
from recmodels.space import params_of

_NUMBERS = {  # the numbers that are structure, with two values each
    "pooling": (1, 3),
    "num_heads": (1, 2),
    "num_blocks": (2, 1),
    "linear_ratio": (1, 2),
    "attention_dim": (16, 32),
    "linear_dim": (16, 64),
}


def structural_fields(backbone: str) -> dict[str, tuple[Any, ...]]:
    """Options of each field of the architecture that is a choice of words, a flag or one of the numbers above."""
    declared = params_of(BACKBONES[backbone].config)
    words = {
        name: param.options
        for name, param in declared.items()
        if (param.options and not isinstance(param.default, int)) or param.kind == "flag"
    }
    return words | {name: options for name, options in _NUMBERS.items() if name in declared}


def pairwise(fields: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Rows chosen greedily, each by how many new pairs it holds."""
    rows = [dict(zip(fields, values, strict=True)) for values in itertools.product(*fields.values())]
    missing = set().union(*(_pairs(row) for row in rows))
    while missing:
        row = max(rows, key=lambda row: len(_pairs(row) & missing))
        missing -= _pairs(row)
        yield row


def _pairs(row: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    return set(itertools.combinations(row.items(), 2))
