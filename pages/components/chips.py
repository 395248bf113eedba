"""Small coloured badges for states and verdicts, as Markdown: one place for glyph, colour and word."""

from pages.components.style import sign


def chip(name: str, word: str | None = None) -> str:
    """A badge with the sign of a state, a verdict or an outcome: `:blue-badge[▶ active]`; `word` replaces what is read
    beside the glyph."""
    look = sign(name)
    return f":{look.colour}-badge[{look.glyph} {word or look.word}]"


def glyph(name: str) -> str:
    """The coloured glyph alone, for dense rows where the word stands elsewhere."""
    look = sign(name)
    return f":{look.colour}[{look.glyph}]"
