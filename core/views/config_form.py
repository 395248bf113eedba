"""A config as a form: every field with its range, the current best's value, the proposed one, the changed first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.figures import param_value
from core.records import Study, Trial
from core.space import Param, SearchSpace
from core.store import Store


@dataclass(frozen=True)
class Field:
    """One row of the form; a field that the study holds fixed is shown and cannot be changed."""

    name: str
    param: Param
    best: Any
    proposed: Any
    is_changed: bool
    is_fixed: bool

    @property
    def range_words(self) -> str:
        """What may be given, such as `1 to 6`."""
        if self.param.options:
            return " · ".join(param_value(option) for option in self.param.options)
        return f"{param_value(self.param.low)} to {param_value(self.param.high)}"

    @property
    def step(self) -> float | int:
        """A step of the number control: 1, or the second digit of the proposed value."""
        if self.param.kind != "float":
            return 1
        scale = abs(float(self.proposed or 0.0)) or float(self.param.high or 1.0) / 10
        return float(10.0 ** (math.floor(math.log10(scale)) - (1 if self.param.log else 0)))


def fields(store: Store, study: Study, trial: Trial) -> tuple[Field, ...]:
    """The trial's config as a form; the fields it changes come first, then the searched ones, then what is fixed."""
    space = SearchSpace.from_json(study.space)
    best = _best(store, study)
    rows = [_field(space, name, param, best, trial.params) for name, param in space.declared.items()]
    return tuple(sorted(rows, key=lambda row: (not row.is_changed, row.is_fixed)))


def differing(rows: tuple[Field, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a person changed of the proposed config."""
    return {row.name: given[row.name] for row in rows if row.name in given and not _same(given[row.name], row.proposed)}


def active(rows: tuple[Field, ...], given: Mapping[str, Any]) -> dict[str, bool]:
    """Which fields act beside these values."""
    values = {row.name: row.proposed for row in rows} | dict(given)
    return {row.name: row.param.is_active(values) for row in rows}


def _field(space: SearchSpace, name: str, param: Param, best: Mapping[str, Any], proposed: Mapping[str, Any]) -> Field:
    value = proposed.get(name, param.default)
    return Field(
        name=name,
        param=space.searched.get(name, param),
        best=best.get(name, param.default),
        proposed=value,
        is_changed=best.get(name, param.default) != value,
        is_fixed=name not in space.searched,
    )


def _best(store: Store, study: Study) -> Mapping[str, Any]:
    if study.incumbent_id is not None:
        return store.trials.get(study.incumbent_id).params
    return SearchSpace.from_json(study.space).baseline()


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) or isinstance(theirs, float):
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9)
    return bool(ours == theirs)
