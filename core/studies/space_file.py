"""A search space written in a file, TOML or JSON: what a person keeps beside their code and gives to every study.

lr = [0.0005, 0.005]         # searched in this part of its range
ffn = ["relu", "gelu"]       # these options are tried
max_len = 50                 # held at a value
dropout = "off"              # keeps its default
temperature = "search"       # its whole declared range
others = "off"               # fields that are not named: off, or search (the default)
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.space import SearchSpace

OFF, SEARCH, OTHERS = "off", "search", "others"


def read_space(path: Path, backbone: str) -> SearchSpace:
    """The space in the file. Raises InvalidInput for a file that cannot be read, InvalidParams naming a bad field."""
    try:
        text = path.read_text(encoding="utf-8")
        written = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as problem:
        raise InvalidInput(f"--space {path} cannot be read as {_kind(path)}: {problem}") from problem
    if not isinstance(written, dict):
        raise InvalidInput(f"--space {path} holds no table of fields; write lines such as lr = [0.0005, 0.005]")
    return space_of(written, SearchSpace.of(backbone))


def space_of(written: Mapping[str, Any], space: SearchSpace) -> SearchSpace:
    """The declared `space`, as the table says. Raises InvalidParams, InvalidInput."""
    others = written.get(OTHERS, SEARCH)
    if others not in (OFF, SEARCH):
        raise InvalidInput(f"others = {others!r} is neither 'off' nor 'search'")
    if others == OFF:
        for name, param in space.declared.items():
            space = space if name in written else space.fix(name, param.default)
    for name, value in written.items():
        space = space if name == OTHERS else _with(space, name, value)
    return space


def _with(space: SearchSpace, name: str, value: Any) -> SearchSpace:
    if value == SEARCH:
        return space.search(name)
    if value == OFF:
        return space.search(name).fix(name, space.declared[name].default)
    if not isinstance(value, list):
        return space.fix(name, value)
    if name in space.declared and space.declared[name].options:
        return space.narrow(name, options=tuple(value))
    if len(value) != 2:
        raise InvalidInput(f"{name} = {value}: a range has two ends, such as [0.0005, 0.005]")
    return space.narrow(name, *value)


def _kind(path: Path) -> str:
    return "JSON" if path.suffix == ".json" else "TOML"
