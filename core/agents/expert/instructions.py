"""A person's standing instructions, as far as rules can read them; the rest is named and never guessed at.

Read are "do not touch (change, avoid, keep, leave) AXIS", "do not raise AXIS", "avoid OPTION", "only AXIS, AXIS".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.agents.expert.candidates import Candidate
from core.space import Param

Step = tuple[str, str]  # axis and direction; an empty direction means every one
_PARTS = re.compile(
    r"[;\n]+|[.!](?:\s|$)|,?\s+but\s+|,\s*(?:and\s+)?(?=(?:do not|don't|never|avoid|keep|leave|only)\b)"
)
_FORBIDS = re.compile(r"\b(do not|don't|dont|never|avoid|keep|leave|hold|freeze|no)\b")
_RESTRICTS = re.compile(r"\b(only|nothing but)\b")
_BEYOND = re.compile(
    r"\b(below|above|under|over|between|at most|at least|less than|more than|until|unless|if|when|first|again|trying"
    r"|larger than|smaller than|higher than|lower than|not only)\b|[<>≤≥=]"
)
_UP = re.compile(r"\b(rais|increas|grow|widen|enlarg|larger|higher|bigger|more)\w*")
_DOWN = re.compile(r"\b(lower|decreas|reduc|shrink|smaller|less|fewer)\w*")
_SPOKEN = {"learning rate": "lr", "width": "hidden_dim", "depth": "num_blocks", "layers": "num_blocks"}
_COMMON = frozenset({"none", "all", "last"})  # options whose names are everyday words


@dataclass(frozen=True)
class Instructions:
    """Steps that are forbidden, the only ones allowed (all, when empty), and what could not be read."""

    forbidden: frozenset[Step] = frozenset()
    only: frozenset[Step] = frozenset()
    unread: tuple[str, ...] = field(default=())

    def allows(self, candidate: Candidate) -> bool:
        """Whether a step obeys them."""
        steps = {(candidate.axis, ""), (candidate.axis, candidate.direction)}
        return not steps & self.forbidden and (not self.only or bool(steps & self.only))

    @property
    def sentence(self) -> str:
        """How they were taken, for the proposal; empty without any."""
        told = []
        if self.forbidden:
            told.append(f"As instructed, it leaves alone: {_listed(self.forbidden)}.")
        if self.only:
            told.append(f"As instructed, it tries only: {_listed(self.only)}.")
        told += [f"Instruction not understood: “{text}”." for text in self.unread]
        return " ".join(told)


def read(text: str, params: Mapping[str, Param]) -> Instructions:
    """The instructions in `text` about these parameters of a backbone."""
    names = _names(params)
    forbidden: set[Step] = set()
    only: set[Step] = set()
    unread = []
    for part in filter(None, (each.strip(" ,") for each in _PARTS.split(text))):
        lower = part.lower()
        steps = _steps(lower, names, params)
        if steps and not _BEYOND.search(lower) and _RESTRICTS.search(lower) and not _FORBIDS.search(lower):
            only |= steps
        elif steps and not _BEYOND.search(lower) and _FORBIDS.search(lower) and not _RESTRICTS.search(lower):
            forbidden |= steps
        else:
            unread.append(part)
    return Instructions(frozenset(forbidden), frozenset(only), tuple(unread))


def _names(params: Mapping[str, Param]) -> dict[str, Step]:
    """How axes and their options may be called."""
    names = {spoken: (axis, "") for spoken, axis in _SPOKEN.items() if axis in params}
    for axis, param in params.items():
        words = [option for option in param.options if isinstance(option, str) and option not in _COMMON]
        for word, step in ((axis, (axis, "")), *((option, (axis, option)) for option in words)):
            names |= {word.lower(): step, word.lower().replace("_", " "): step}
    return names


def _steps(text: str, names: Mapping[str, Step], params: Mapping[str, Param]) -> set[Step]:
    found = set(_mentioned(text, names))
    direction = "up" if _UP.search(text) else "down" if _DOWN.search(text) else ""
    numeric = {axis for axis, way in found if not way and params[axis].kind in ("int", "float")}
    numeric |= {axis for axis, way in found if not way and _is_ordered(params[axis])}
    return {(axis, direction if axis in numeric and not way else way) for axis, way in found}


def _is_ordered(param: Param) -> bool:
    return param.kind == "choice" and not any(isinstance(option, str) for option in param.options)


def _mentioned(text: str, names: Mapping[str, Step]) -> Iterable[Step]:
    """Longest names first, each place counted once: `attn_dropout` is no mention of `dropout`."""
    pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return [names[match] for match in re.findall(rf"(?<![\w])(?:{pattern})(?![\w])", text)]


def _listed(steps: frozenset[Step]) -> str:
    return ", ".join(f"{axis} ({direction})" if direction else axis for axis, direction in sorted(steps))
