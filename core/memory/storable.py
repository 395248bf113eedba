"""Text of others that every database takes and every page can show."""

from typing import Any


def is_storable(value: Any, most: int) -> bool:
    """Whether it is text, not too long, without a zero character and without half of a character."""
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(value: Any, most: int) -> str:
    """As text, cut; what stands for no character becomes a question mark."""
    return str(value)[:most].replace("\x00", "?").encode(errors="replace").decode()
