"""Foreign text (names, reasons, lessons) made fit for one line, and for Markdown, where it must stay inert."""

import re
import unicodedata

LONGEST = 400
_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Everything that can open markup anywhere in a line. Digits, dots and dashes stay readable: they act only at a start.
_MARKUP = re.compile(r"[\\`*\[\]<>#|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_START = re.compile(r"^([-+]|\d+[.)]|=)(?=\s|$|=|-)")
_LINK = re.compile(r"(?i)(:)(?=//)|(?<=www)(\.)|(@)(?=[\w-]+\.[a-z])")


def one_line(text: str, longest: int = LONGEST) -> str:
    """A single line without control or direction-changing characters, cut at `longest` with an ellipsis."""
    spaced = re.sub(r"\s+", " ", text).translate(_BIDI)
    clean = "".join(each for each in spaced if unicodedata.category(each) not in ("Cc", "Cs")).strip()
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """Text that a Markdown reader (CommonMark or GitHub's) shows as it is: no HTML, no link, no table cell, no list."""
    plain = _MARKUP.sub(r"\\\g<0>", one_line(text, longest=10 * LONGEST))
    linkless = _LINK.sub(r"\\\g<0>", plain)
    return _START.sub(lambda found: found[1][:-1] + "\\" + found[1][-1], linkless)
