"""The search space of a study: the declared fields of a backbone, each searched in a range or held fixed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from core.errors import InvalidInput
from recmodels.errors import InvalidParams
from recmodels.registry import Backbone, get_backbone
from recmodels.space import Param

__all__ = ["InvalidParams", "Param", "SearchSpace"]
TIMED = ("time_bias",)  # flags of backbones that act only where events have times


@dataclass(frozen=True)
class SearchSpace:
    """`searched` holds the axes with their ranges in this study, `fixed` the value of every other field."""

    backbone: str
    searched: Mapping[str, Param]
    fixed: Mapping[str, Any]

    @classmethod
    def of(cls, backbone: str) -> "SearchSpace":
        """Every declared field in its declared range. Raises UnknownBackbone."""
        return cls(backbone, get_backbone(backbone).params(), {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SearchSpace":
        """The inverse of `to_json`."""
        searched = {name: Param.from_json(param) for name, param in data["searched"].items()}
        return cls(data["backbone"], searched, dict(data["fixed"]))

    def to_json(self) -> dict[str, Any]:
        """Plain data for SQL, forms and prompts."""
        searched = {name: param.to_json() for name, param in self.searched.items()}
        return {"backbone": self.backbone, "searched": searched, "fixed": dict(self.fixed)}

    @cached_property
    def _backbone(self) -> Backbone:
        return get_backbone(self.backbone)

    @cached_property
    def declared(self) -> dict[str, Param]:
        """Every field of the backbone as declared, whatever this study does with it."""
        return self._backbone.params()

    def baseline(self) -> dict[str, Any]:
        """The plain config: every default, or the value it is fixed at."""
        return self.complete({})

    def complete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A whole config from some of its fields; fields that do not act are set to their default, so that configs
        that train alike are equal. Raises InvalidParams for what is unknown, out of range or not searched."""
        for name, value in params.items():
            self._check(name, value)
        start = {name: param.default for name, param in self.searched.items()}
        return self._backbone.complete({**start, **self.fixed, **params})

    def contains(self, params: Mapping[str, Any]) -> bool:
        """Whether a config (of an older space, say) still lies inside."""
        try:
            whole = self._backbone.complete(params)  # fields that came later are at their defaults
            return self.complete(whole) == whole
        except InvalidParams:
            return False

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """`["lr=0.002", "ffn=gelu"]` as values. Raises InvalidInput without a `=`, InvalidParams for bad values."""
        values = {}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                raise InvalidInput(f"{assignment!r} is no assignment; write field=value, such as lr=0.002")
            values[name.strip()] = self._declared(name.strip()).parse(text)
        return values

    def fix(self, name: str, value: Any) -> "SearchSpace":
        """Hold a field at a value and search it no more. Raises InvalidParams."""
        checked = self._declared(name).check(value)
        searched = {other: param for other, param in self.searched.items() if other != name}
        return replace(self, searched=searched, fixed={**self.fixed, name: checked})

    def without_times(self) -> "SearchSpace":
        """Hold off what reads the times of events, for a dataset that has none: it would be searched for nothing."""
        space = self
        for name in TIMED:
            space = space.fix(name, False) if name in space.declared else space
        return space

    def narrow(
        self, name: str, low: float | None = None, high: float | None = None, options: tuple[Any, ...] | None = None
    ) -> "SearchSpace":
        """Search a field in a part of its declared range. Raises InvalidParams when the part is empty or outside."""
        param = self._declared(name)
        if options is not None:
            changed = replace(param, options=tuple(param.check(option) for option in options))
        else:
            low = param.low if low is None else param.check(_as_declared(param, low))
            high = param.high if high is None else param.check(_as_declared(param, high))
            if low is None or high is None or low > high:
                raise InvalidParams(f"{name}: [{low}, {high}] holds no value; give low <= high")
            changed = replace(param, low=low, high=high)
        return self._search(name, changed)

    def search(self, name: str) -> "SearchSpace":
        """Search a field in its whole declared range again."""
        return self._search(name, self._declared(name))

    def active_axes(self, params: Mapping[str, Any]) -> dict[str, Param]:
        """The searched fields that act beside these values."""
        return {name: param for name, param in self.searched.items() if param.is_active(params)}

    def _search(self, name: str, param: Param) -> "SearchSpace":
        default = param.default
        if param.options and default not in param.options:
            default = param.options[0]
        elif param.low is not None and param.high is not None:
            default = min(max(default, param.low), param.high)
            default = int(default) if param.kind == "int" else default
        fixed = {other: value for other, value in self.fixed.items() if other != name}
        return replace(self, searched={**self.searched, name: replace(param, default=default)}, fixed=fixed)

    def _declared(self, name: str) -> Param:
        if name not in self.declared:
            raise InvalidParams(f"{name} is no parameter of {self.backbone}; it has {', '.join(self.declared)}")
        return self.declared[name]

    def _check(self, name: str, value: Any) -> None:
        declared = self._declared(name)
        if name in self.searched:
            self.searched[name].check(value)
        elif declared.check(value) != self.fixed.get(name, declared.default):
            held = self.fixed.get(name, declared.default)
            raise InvalidParams(f"{name}={value!r}: the study holds {name} at {held!r}; edit its search space")


def _as_declared(param: Param, value: float) -> float:
    return int(value) if param.kind == "int" and float(value).is_integer() else value
