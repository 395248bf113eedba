"""The search space as a form: what a person does with each field, and the space that this makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.space import InvalidParams, Param, SearchSpace
from recmodels.priors.prior_config import PriorConfig
from recmodels.registry import get_backbone
from recmodels.space import params_of

RANGE, FIXED, OFF = "range", "fixed", "off"
MODES: Mapping[str, str] = {
    RANGE: "the agent may change it within the range",
    FIXED: "held at your value in every trial, the baseline too",
    OFF: "not searched: it keeps its default",
}


@dataclass(frozen=True)
class Choice:
    """What a person does with one field; for `range` either low and high or options, for `fixed` a value."""

    mode: str = RANGE
    low: float | None = None
    high: float | None = None
    options: tuple[Any, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Field:
    """A field of the config with everything its control needs."""

    param: Param
    group: str  # model, training, priors
    help: str

    @property
    def name(self) -> str:
        """As in the config."""
        return self.param.name


@dataclass(frozen=True)
class Built:
    """The space as far as it could be built; `faults` by field, "" for what concerns several together."""

    space: SearchSpace
    faults: Mapping[str, str]

    @property
    def headline(self) -> str:
        """`21 of 21 fields searched`, with what is fixed by name."""
        held = ", ".join(f"{name}={value}" for name, value in self.space.fixed.items())
        searched = f"{len(self.space.searched)} of {len(self.space.declared)} fields searched"
        return f"{searched}; held: {held}" if held else searched


def fields_of(backbone: str) -> tuple[Field, ...]:
    """The declared fields: the model's, those of training, those of priors. Raises UnknownBackbone."""
    known = SearchSpace.of(backbone).declared
    of_model, of_priors = params_of(get_backbone(backbone).config), params_of(PriorConfig)
    groups = {name: "model" if name in of_model else "priors" if name in of_priors else "training" for name in known}
    return tuple(Field(param, groups[name], _help(param)) for name, param in known.items())


def build_space(backbone: str, choices: Mapping[str, Choice]) -> Built:
    """The search space of the choices; fields that are not named are searched in their whole range."""
    space, faults = SearchSpace.of(backbone), {}
    for name, choice in choices.items():
        try:
            space = _with(space, name, choice)
        except (InvalidParams, InvalidInput) as problem:
            faults[name] = str(problem)
    if not space.searched:
        faults[""] = "no field is searched, so there is nothing to tune; give at least one a range"
    try:
        space.baseline()
    except InvalidParams as problem:
        faults[""] = f"the baseline would be impossible: {problem}"
    return Built(space, faults)


def choices_of(space: SearchSpace) -> dict[str, Choice]:
    """What a person did with each field to come to this space: where the form starts when a study is edited."""
    return {name: _choice_of(space, param) for name, param in space.declared.items()}


def _choice_of(space: SearchSpace, declared: Param) -> Choice:
    param = space.searched.get(declared.name, declared)
    value = space.fixed.get(declared.name, declared.default)
    held = FIXED if value != declared.default else OFF
    mode = RANGE if declared.name in space.searched else held
    return Choice(mode, param.low, param.high, param.options, value)


def _with(space: SearchSpace, name: str, choice: Choice) -> SearchSpace:
    param = space.declared[name]
    if choice.mode == OFF:
        return space.fix(name, param.default)
    if choice.mode == FIXED:
        if choice.value is None:
            raise InvalidInput(f"{name} is to be fixed, but at no value; give one, or choose range")
        return space.fix(name, choice.value)
    if param.kind in ("choice", "flag"):
        if not choice.options:
            raise InvalidInput(f"{name} has no value left to try; choose two or more, or set it to off")
        return space if choice.options == param.options else space.narrow(name, options=choice.options)
    if choice.low is None or choice.high is None:
        raise InvalidInput(f"{name} lacks a bound; give both, or set it to off")
    if (choice.low, choice.high) == (param.low, param.high):
        return space
    return space.narrow(name, choice.low, choice.high)


def _help(param: Param) -> str:
    said = [param.help, f"default {param.default}"]
    if param.log:
        said.append("searched on a log scale")
    if param.when:
        said.append(f"acts only while {param.when[0]} is {' or '.join(map(str, param.when[1]))}")
    return "; ".join(said)
