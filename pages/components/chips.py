"""Small coloured badges for states and verdicts, as Markdown: one place for glyph, colour and word."""

from collections.abc import Sequence

from core.records import Run, Trial
from core.views.standing import standing
from pages.components.style import sign


def state_chip(state: str) -> str:
    """A badge for the state of a study, trial or run, or an outcome by its word: `:blue-badge[▶ active]`."""
    return chip(state)


def verdict_chip(trial: Trial, runs: Sequence[Run] = ()) -> str:
    """A badge for how a trial stands: its verdict, or what it is on the way to one (give its runs to know)."""
    return chip(standing(trial, runs))


def chip(name: str, word: str | None = None) -> str:
    """A badge with the sign of that name; `word` replaces what is read beside the glyph."""
    look = sign(name)
    return f":{look.colour}-badge[{look.glyph} {word or look.word}]"


def glyph(name: str) -> str:
    """The coloured glyph alone, for dense rows where the word stands elsewhere."""
    look = sign(name)
    return f":{look.colour}[{look.glyph}]"
