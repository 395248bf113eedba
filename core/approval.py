"""What exactly a decision was about, as a hash: config, seeds, space version and protocol stamp."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from core.records import Params


def config_hash(params: Params) -> str:
    """Twelve hex digits that two equal configs share, whatever the order of their fields."""
    return _digest(dict(params))


def approval_hash(params: Params, seeds: Sequence[int], space_version: int, stamp: str) -> str:
    """Twelve hex digits of what would run; approving one hash never runs another."""
    return _digest({"params": dict(params), "seeds": list(seeds), "space": space_version, "stamp": stamp})


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
