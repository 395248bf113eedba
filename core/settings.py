"""Settings from the environment; the only file that reads it."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput

PREFIX = "VIRTUALMLE_"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
METHODS = ("tools", "json")
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google_genai": "GOOGLE_API_KEY"}
_SECRET_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_SECRET_LOOKS = re.compile(r"\bsk-[\w*-]{6,}|(?<=://)[^/@\s\"]+@")


@dataclass(frozen=True)
class ModelLimits:
    """What a study may spend on its language model, and how the model is asked. Prices are per million tokens."""

    calls: int = 300
    tokens: int = 3_000_000
    money: float | None = None
    price_in: float | None = None  # None: unknown
    price_out: float | None = None
    timeout: int = 60
    method: str = "tools"  # json: for servers without tool calls


@dataclass(frozen=True)
class Settings:
    """What the program was told from outside; secrets stay in the environment and are never copied here."""

    home: Path
    database_url: str
    chroma_url: str | None = None
    model: str | None = None
    model_base_url: str | None = None
    limits: ModelLimits = ModelLimits()
    device: str = "auto"
    concurrency: int = 1
    host: str = "127.0.0.1"
    port: int = 8501
    starting_memory: bool = False  # whether a fresh home takes the memory that ships with the program

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read `VIRTUALMLE_*`. Raises InvalidInput that names the variable, its value and what it may be."""
        given = os.environ if environment is None else environment
        home = Path(given.get(PREFIX + "HOME") or "~/.virtualmle").expanduser().resolve()
        return cls(
            home=home,
            database_url=given.get(PREFIX + "DATABASE_URL") or f"sqlite:///{home / 'virtualmle.db'}",
            chroma_url=given.get(PREFIX + "CHROMA_URL") or None,
            model=given.get(PREFIX + "MODEL") or None,
            model_base_url=given.get(PREFIX + "MODEL_BASE_URL") or None,
            limits=_limits(given),
            device=given.get(PREFIX + "DEVICE") or "auto",
            concurrency=_whole(given, "CONCURRENCY", 1, low=1, high=256),
            host=given.get(PREFIX + "HOST") or "127.0.0.1",
            port=_whole(given, "PORT", 8501, low=1, high=65535),
            starting_memory=_switch(given, "STARTING_MEMORY", True),
        )

    def environment(self) -> dict[str, str]:
        """The environment of a child process that must see the same settings; keeps all else as it is."""
        own = {
            "HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "CHROMA_URL": self.chroma_url,
            "MODEL": self.model,
            "MODEL_BASE_URL": self.model_base_url,
            "DEVICE": self.device,
            "CONCURRENCY": str(self.concurrency),
            "STARTING_MEMORY": "on" if self.starting_memory else "off",
        }
        return {**os.environ, **{PREFIX + name: value for name, value in own.items() if value}}

    @property
    def serves_others(self) -> bool:
        """Whether the dashboard answers beyond this machine."""
        return self.host not in LOOPBACK

    @property
    def datasets(self) -> Path:
        """Folder of the prepared datasets."""
        return self.home / "datasets"

    def dataset(self, folder: str) -> Path:
        """The folder of a dataset, as its row names it: by name below `datasets`, or by a whole path."""
        return self.datasets / folder

    @property
    def artifacts(self) -> Path:
        """Folder of what runs write: checkpoints, weights, ranks, logs."""
        return self.home / "artifacts"

    @property
    def cache(self) -> Path:
        """Folder of what can be computed again."""
        return self.home / "cache"

    @property
    def chroma(self) -> Path:
        """Folder of the vector index."""
        return self.home / "chroma"


def key_of(provider: str) -> tuple[str, bool] | None:
    """The variable that holds a provider's key, and whether it is set; None for one that needs no key, or is unknown.

    The key itself is never given to anyone.
    """
    name = KEYS.get(provider)
    return None if name is None else (name, bool(os.environ.get(name)))


def redacted(text: str) -> str:
    """`text` without any secret of this environment, and without what looks like one."""
    secrets = [value for name, value in os.environ.items() if _SECRET_NAMES.search(name) and len(value) >= 6]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return _SECRET_LOOKS.sub("[secret]", text)


def _limits(given: Mapping[str, str]) -> ModelLimits:
    plain = ModelLimits()
    price_in, price_out = _price(given)
    method = given.get(PREFIX + "MODEL_METHOD") or plain.method
    if method not in METHODS:
        raise InvalidInput(f"{PREFIX}MODEL_METHOD={method!r} must be one of {', '.join(METHODS)}")
    return ModelLimits(
        calls=_whole(given, "MODEL_MAX_CALLS", plain.calls, low=0, high=1_000_000),
        tokens=_whole(given, "MODEL_MAX_TOKENS", plain.tokens, low=0, high=10**12),
        money=_amount("MODEL_MAX_MONEY", given.get(PREFIX + "MODEL_MAX_MONEY")),
        price_in=price_in,
        price_out=price_out,
        timeout=_whole(given, "MODEL_TIMEOUT", plain.timeout, low=1, high=110),
        method=method,
    )


def _price(given: Mapping[str, str]) -> tuple[float | None, float | None]:
    """`0.25/2`: money per million tokens read and written; unknown when unset."""
    text = given.get(PREFIX + "MODEL_PRICE")
    if not text:
        return None, None
    read, slash, written = text.partition("/")
    if not (slash and read and written):
        raise InvalidInput(f"{PREFIX}MODEL_PRICE={text!r} must be two prices per million tokens, in/out: 0.25/2")
    return _amount("MODEL_PRICE", read), _amount("MODEL_PRICE", written)


def _amount(name: str, text: str | None) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise InvalidInput(f"{PREFIX}{name}: {text!r} must be an amount of money, such as 2.50")
    return value


def _switch(given: Mapping[str, str], name: str, default: bool) -> bool:
    text = given.get(PREFIX + name)
    if not text:
        return default
    if text not in ("on", "off"):
        raise InvalidInput(f"{PREFIX}{name}={text!r} must be on or off")
    return text == "on"


def _whole(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(PREFIX + name)
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidInput(f"{PREFIX}{name}={text!r} must be a whole number from {low} to {high}")
    return int(text)
