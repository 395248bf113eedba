"""What holds a study: guards, caps and gates as options of tune and settings."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.loop.gates import GATES
from core.studies.caps import CAPS
from core.studies.guards import GUARDS

NONE, ALL = "none", "all"


def add_limit_options(verb: argparse.ArgumentParser, default: Any) -> None:
    """--guard, --cap and --gates; `default` is what the first two are where none is given."""
    lift = "" if default is not None else f"; NAME={NONE} lifts it"
    verb.add_argument(
        "--guard", action="append", default=default, metavar="NAME=LIMIT", help=f"{', '.join(GUARDS)}{lift}"
    )
    verb.add_argument(
        "--cap",
        action="append",
        default=default,
        metavar="NAME=LIMIT",
        help=f"{', '.join(CAPS)}: what the study may take at most{lift}",
    )
    verb.add_argument("--gates", metavar="GATE,GATE", help=f"which ask in gated ({', '.join(GATES)}), {ALL} or {NONE}")


def limits_of(option: str, texts: Sequence[str], held: Mapping[str, float]) -> dict[str, float]:
    """What is held, changed by `NAME=NUMBER`; `NAME=none` takes one away. Raises InvalidInput."""
    limits = dict(held)
    for text in texts:
        name, _, limit = text.partition("=")
        if limit == NONE:
            limits.pop(name, None)
            continue
        try:
            limits[name] = float(limit)
        except ValueError as problem:
            raise InvalidInput(f"{option} {text!r}: write NAME=NUMBER, such as {_SUCH[option]}") from problem
    return limits


def gates_off(text: str | None) -> list[str]:
    """The gates that never ask, where `text` names those that do. Raises InvalidInput for one that does not exist."""
    if text is None or text == ALL:
        return []
    on = [] if text == NONE else [name.strip() for name in text.split(",")]
    if unknown := [name for name in on if name not in GATES]:
        raise InvalidInput(f"no gate is called {', '.join(unknown)}; there are {', '.join(GATES)}, or {ALL} or {NONE}")
    return [name for name in GATES if name not in on]


_SUCH = {"--guard": "min_coverage=0.2", "--cap": "minutes=90"}
