"""Conditions of a cognition lesson: comparisons of profile features joined by `and`, checked one by one."""

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.data.profile import FEATURES
from core.errors import InvalidInput

_OPERATORS: dict[type[ast.cmpop], tuple[str, Callable[[float, float], bool]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
LONGEST = 500
LARGEST = 1e15  # of a limit; no profile comes near it


@dataclass(frozen=True)
class Clause:
    """One comparison; `met` is None while the profile lacks the feature."""

    feature: str
    comparison: str
    limit: float
    value: float | None = None
    met: bool | None = None

    @property
    def text(self) -> str:
        """As written: `mean_length < 10`."""
        return f"{self.feature} {self.comparison} {self.limit:g}"


def parse(conditions: str) -> list[Clause]:
    """The clauses of `mean_length < 10 and density < 0.001`. Raises InvalidInput naming what is wrong and allowed."""
    return list(_parsed(conditions))


@functools.lru_cache(maxsize=4096)  # a search among many lessons reads the same few conditions again and again
def _parsed(conditions: str) -> tuple[Clause, ...]:
    if not conditions.strip():
        return ()
    if len(conditions) > LONGEST:
        raise InvalidInput(f"conditions of {len(conditions)} characters are too long; at most {LONGEST}")
    try:
        tree = ast.parse(conditions.strip(), mode="eval").body
    except SyntaxError as problem:
        raise InvalidInput(_way_out(conditions, f"cannot be read at character {problem.offset}")) from problem
    except (ValueError, RecursionError, MemoryError) as problem:  # a zero character, or hundreds of signs in a row
        raise InvalidInput(_way_out(conditions, "cannot be read")) from problem
    joined = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    return tuple(_clause(node, conditions) for node in (tree.values if joined else [tree]))  # type: ignore[attr-defined]


def check(conditions: str, profile: Mapping[str, float | None]) -> list[Clause]:
    """Each clause with the profile's value and whether it is met. Raises InvalidInput."""
    checked = []
    for clause in parse(conditions):
        value = profile.get(clause.feature)
        holds = next(test for text, test in _OPERATORS.values() if text == clause.comparison)
        met = None if value is None else holds(value, clause.limit)
        checked.append(Clause(clause.feature, clause.comparison, clause.limit, value, met))
    return checked


def _clause(node: ast.expr, conditions: str) -> Clause:
    if not (isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.left, ast.Name)):
        raise InvalidInput(_way_out(conditions, "holds more than comparisons joined by `and`"))
    limit = node.comparators[0]
    if not (
        isinstance(limit, ast.Constant) and isinstance(limit.value, int | float) and type(node.ops[0]) in _OPERATORS
    ):
        raise InvalidInput(_way_out(conditions, "compares with something else than a number"))
    if node.left.id not in FEATURES:
        raise InvalidInput(_way_out(conditions, f"names {node.left.id}, which no profile has"))
    if not abs(limit.value) < LARGEST:
        raise InvalidInput(_way_out(conditions, f"compares with a number beyond {LARGEST:g}"))
    return Clause(node.left.id, _OPERATORS[type(node.ops[0])][0], float(limit.value))


def _way_out(conditions: str, fault: str) -> str:
    return (
        f"the condition {conditions!r} {fault}; write comparisons (<, <=, >, >=) of a feature with a number, joined by "
        f"`and`, such as `mean_length < 10 and density < 0.001`; features: {', '.join(FEATURES)}"
    )
