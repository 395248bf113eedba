"""Fields of a config that are at once the search range, the form control and the agent's menu. Imports no torch."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recmodels.errors import InvalidParams

Kind = Literal["choice", "int", "float", "flag"]
When = tuple[str, tuple[Any, ...]]

_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True)
class Param:
    """One hyper-parameter. `when=(other, values)`: it acts only while `other` holds one of `values`."""

    name: str
    kind: Kind
    default: Any
    low: float | None = None
    high: float | None = None
    log: bool = False
    options: tuple[Any, ...] = ()
    when: When | None = None
    help: str = ""

    def check(self, value: Any) -> Any:
        """`value` in the parameter's own type; an int passes for a float, a bool for none. Raises InvalidParams."""
        if self.kind == "choice":
            return self._check_option(value)
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise self._wrong(value, "is neither true nor false")
            return value
        return self._check_number(value)

    def _check_option(self, value: Any) -> Any:
        for option in self.options:
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return option
        raise self._wrong(value, f"is none of {', '.join(map(str, self.options))}")

    def _check_number(self, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(value, "is no number")
        if not math.isfinite(value):
            raise self._wrong(value, "is not finite")
        if self.kind == "int" and not isinstance(value, int):
            raise self._wrong(value, "is no whole number")
        assert self.low is not None and self.high is not None
        if not self.low <= value <= self.high:
            raise self._wrong(value, f"is outside [{self.low}, {self.high}]")
        return value if self.kind == "int" else float(value)

    def parse(self, text: str) -> Any:
        """The value a person typed. Raises InvalidParams."""
        text = text.strip()
        if self.kind == "choice":
            return self.check(next((option for option in self.options if str(option) == text), text))
        if self.kind == "flag":
            return self.check(_WORDS.get(text.lower(), text))
        try:
            return self.check(int(text) if self.kind == "int" else float(text))
        except ValueError as error:
            if isinstance(error, InvalidParams):
                raise
            raise self._wrong(text, "is no whole number" if self.kind == "int" else "is no number") from error

    def is_active(self, params: Mapping[str, Any]) -> bool:
        """Whether the parameter acts beside these others."""
        return self.when is None or params.get(self.when[0]) in self.when[1]

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Param":
        """The inverse of `to_json`, also after a trip through JSON (which turns tuples into lists)."""
        when = data.get("when")
        restored = {"options": tuple(data.get("options", ())), "when": (when[0], tuple(when[1])) if when else None}
        return cls(**{**data, **restored})

    def _wrong(self, value: Any, fault: str) -> InvalidParams:
        return InvalidParams(f"{self.name}={value!r} {fault}; {self._way_out()}")

    def _way_out(self) -> str:
        if self.kind == "choice":
            return f"choose one of them (default {self.default})"
        if self.kind == "flag":
            return f"give true or false (default {self.default})"
        unit = "a whole number" if self.kind == "int" else "a number"
        return f"give {unit} from {self.low} to {self.high} (default {self.default}), or edit the range in the space"


def _field(param: Param) -> Any:
    return dataclasses.field(default=param.default, metadata={"param": param})


def choice(default: Any, *, options: tuple[Any, ...], help: str, when: When | None = None) -> Any:
    """A config field that takes one of `options`."""
    return _field(Param("", "choice", default, options=options, when=when, help=help))


def int_range(default: int, *, low: int, high: int, help: str, log: bool = False, when: When | None = None) -> Any:
    """A config field that takes a whole number of [low, high]; `log`: to be searched on a log scale."""
    return _field(Param("", "int", default, low, high, log, when=when, help=help))


def float_range(
    default: float, *, low: float, high: float, help: str, log: bool = False, when: When | None = None
) -> Any:
    """A config field that takes a number of [low, high]."""
    return _field(Param("", "float", default, low, high, log, when=when, help=help))


def log_range(default: float, *, low: float, high: float, help: str, when: When | None = None) -> Any:
    """A config field that takes a number of [low, high] and is searched on a log scale."""
    return float_range(default, low=low, high=high, help=help, log=True, when=when)


def flag(default: bool, *, help: str, when: When | None = None) -> Any:
    """A config field that is true or false."""
    return _field(Param("", "flag", default, options=(False, True), when=when, help=help))


def params_of(*config_classes: type) -> dict[str, Param]:
    """The parameters declared by config dataclasses, by name, in the order of declaration."""
    return dict(_declared(*config_classes))


@functools.cache
def _declared(*config_classes: type) -> Mapping[str, Param]:
    return {
        field.name: dataclasses.replace(field.metadata["param"], name=field.name)
        for config_class in config_classes
        for field in dataclasses.fields(config_class)
    }


@dataclass(frozen=True)
class Config:
    """Base of every config: checks each field when built. Raises InvalidParams."""

    def __post_init__(self) -> None:
        for name, param in params_of(type(self)).items():
            object.__setattr__(self, name, param.check(getattr(self, name)))
        self.check_combination()

    def check_combination(self) -> None:
        """Refuses values that are each in range and do not go together. Raises InvalidParams."""


@dataclass(frozen=True)
class Architecture(Config):
    """Base of the configs that shape a model."""

    def count_parameters(self, num_items: int) -> int:
        """Trainable weights of the model for a catalogue of `num_items`."""
        raise NotImplementedError
