"""Why a proposal was made: the sentences that fit its card, and all that was said besides."""

import re
from dataclasses import dataclass

from core.records import Proposal
from core.views.lessons import shortened

LONGEST = 180  # characters of mechanism and reason: with the claim four lines of the card
LONGEST_CLAIM = 120
_ENDS = re.compile(r"(?<=[.!?…])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)\s+")


@dataclass(frozen=True)
class Why:
    """`leading`: the mechanism and one reason; `more`: every further sentence, and whatever was cut, whole."""

    leading: str
    claim: str
    more: tuple[str, ...]


def why_of(proposal: Proposal) -> Why:
    """An agent's prose in the order it was written: the mechanism first, then what speaks for it."""
    first, *others = _ENDS.split(proposal.mechanism.strip())
    cut = [first] if len(first) > LONGEST else []
    leading = shortened(first, LONGEST)
    if others and len(leading) + 1 + len(others[0]) <= LONGEST:
        leading = f"{leading} {others.pop(0)}"
    claim = shortened(proposal.claim, LONGEST_CLAIM)
    cut += [proposal.claim] if claim.endswith("…") else []
    return Why(leading, claim, (*cut, *others))
