"""Where configs lie, seen from the baseline and counted in first steps, and what the literature promises there.

The first step is promised what is believed of it; each further one the same way, half of the one before.
"""

import math
from dataclasses import dataclass
from typing import Any

from core.agents.expert.candidates import FACTOR, FIRST_STEPS, SHARE
from core.agents.expert.knowledge import belief
from core.records import Params
from core.space import Param, SearchSpace

FARTHEST = 3.0  # steps; beyond that an axis is believed to change no further


@dataclass(frozen=True)
class Move:
    """A field's value away from the baseline's: first steps with their sign, or an option where there is no order; mean
    and spread of what is believed of it, relative."""

    option: str
    steps: float
    mean: float
    spread: float


NO_MOVE = Move("", 0.0, 0.0, 0.0)
Moves = dict[str, Move]


class Places:
    """Configs of one space as moves from its baseline, by field."""

    def __init__(self, space: SearchSpace) -> None:
        self._space, self._baseline = space, space.baseline()
        self._known: dict[int, tuple[Params, Moves]] = {}

    @property
    def fields(self) -> list[str]:
        """Every field of a config."""
        return list(self._baseline)

    def of(self, config: Params) -> Moves:
        """Where a config differs from the baseline."""
        if (known := self._known.get(id(config))) is None:
            moved = ((name, config.get(name, base), base) for name, base in self._baseline.items())
            known = config, {name: self._move(name, base, value) for name, value, base in moved if value != base}
            self._known[id(config)] = known  # holds the config, so that its id stays its own
        return known[1]

    def step(self, axis: str, direction: str) -> Moves:
        """A first step from the baseline; empty where the space has none such."""
        if axis not in self._baseline or direction == str(self._baseline[axis]):
            return {}
        if not self.is_ordered(axis):
            return {axis: _to(axis, direction)}
        steps = {"up": 1.0, "down": -1.0}.get(direction)
        return {axis: _by(axis, steps)} if steps else {}

    def is_ordered(self, name: str) -> bool:
        """Whether a field's values are numbers."""
        return _is_ordered(self._param(name))

    def _move(self, name: str, base: Any, value: Any) -> Move:
        param = self._param(name)
        return _by(name, first_steps(param, base, value)) if _is_ordered(param) else _to(name, str(value))

    def _param(self, name: str) -> Param:
        return self._space.searched.get(name, self._space.declared[name])


def share_of_a_step(param: Param, before: Any, after: Any) -> float:
    """How much of a whole first step a change is, at most 1; another option without an order is a whole one."""
    return min(abs(first_steps(param, before, after)), 1.0) if _is_ordered(param) else 1.0


def first_steps(param: Param, base: Any, value: Any) -> float:
    """How many first steps lie between two values of an ordered axis, with sign, cut at `FARTHEST`."""
    if param.options:
        options = sorted({*param.options, base, value})
        steps = float(options.index(value) - options.index(base))
    elif param.log:
        steps = math.log(value / base) / math.log(FACTOR)
    else:
        assert param.low is not None and param.high is not None
        steps = (value - base) / FIRST_STEPS.get(param.name, SHARE * (param.high - param.low) or 1.0)
    return max(-FARTHEST, min(FARTHEST, steps))


def _to(name: str, option: str) -> Move:
    believed = belief(name, option)
    return Move(option, 0.0, believed.mean, believed.sd)


def _by(name: str, steps: float) -> Move:
    believed = belief(name, "up" if steps >= 0 else "down")
    return Move("", steps, 2 * believed.mean * (1 - 2 ** -abs(steps)), believed.sd if steps else 0.0)


def _is_ordered(param: Param) -> bool:
    if param.kind == "flag":
        return False
    return not param.options or all(isinstance(option, int | float) for option in param.options)
