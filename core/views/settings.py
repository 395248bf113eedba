"""The Settings page: what this installation was told, as rows; nothing secret is among them."""

import importlib.metadata
from dataclasses import dataclass

from core.agents.llm.prompts import LEAVES_FOR_THE_PROVIDER, NEVER_LEAVES
from core.agents.names import AGENTS
from core.disk import Place, Removal, removable, usage
from core.figures import size
from core.settings import PREFIX, Settings, key_of, redacted
from core.store import Store
from core.worker.jobs import cores, threads_per_run
from core.worker.machine import Machine, told_machine
from core.workspace import Workspace

LEAVES, STAYS = LEAVES_FOR_THE_PROVIDER, NEVER_LEAVES
LIBRARIES = ("streamlit", "plotly", "chromadb", "sqlalchemy", "langchain", "optuna", "torch")


@dataclass(frozen=True)
class Row:
    """One setting: its name, its value in words, the variable that sets it (empty: nothing does)."""

    name: str
    value: str
    variable: str = ""


@dataclass(frozen=True)
class ModelState:
    """The language model of the settings; `missing` says what a test would lack, in a sentence, or is empty."""

    rows: tuple[Row, ...]
    missing: str


@dataclass(frozen=True)
class Storage:
    """What takes space, the largest first; `removable` may go without losing what is needed."""

    places: tuple[Place, ...]
    total: int
    free: int
    removable: tuple[Removal, ...]

    @property
    def to_gain(self) -> int:
        """Bytes that freeing would give back."""
        return sum(each.size for each in self.removable)


def model_state(settings: Settings) -> ModelState:
    """Model, whether its key is set, and caps."""
    limits, provider = settings.limits, (settings.model or "").partition(":")[0]
    key = key_of(provider)
    money = "no cap" if limits.money is None else f"{limits.money:g}"
    price = "not set" if limits.price_in is None else f"{limits.price_in:g} in, {limits.price_out:g} out, a million"
    where = redacted(settings.model_base_url) if settings.model_base_url else "the provider's own"
    rows = [
        Row("Model", settings.model or "none; the built-in expert needs none", "MODEL"),
        Row("Address", where, "MODEL_BASE_URL"),
        Row("Asked by", "tool calls" if limits.method == "tools" else "JSON", "MODEL_METHOD"),
        Row("Calls a study may make", f"{limits.calls:,}", "MODEL_MAX_CALLS"),
        Row("Tokens a study may use", f"{limits.tokens:,}", "MODEL_MAX_TOKENS"),
        Row("Money a study may spend", money, "MODEL_MAX_MONEY"),
        Row("Price of tokens", price, "MODEL_PRICE"),
        Row("Patience for a reply", f"{limits.timeout} s", "MODEL_TIMEOUT"),
    ]
    if key is not None:
        rows.insert(1, Row("Key", "is set" if key[1] else "is not set", key[0]))
    return ModelState(tuple(rows), _missing(settings, key))


def machine_rows(parts: Workspace) -> tuple[Row, ...]:
    """Where runs train and where things are kept."""
    settings, found = parts.settings, parts.chosen_embedder
    threads = threads_per_run(settings.concurrency)
    device = _device(settings, told_machine(settings.home))
    return (
        Row("Device", device, "DEVICE"),
        Row("Runs at once", f"{settings.concurrency}, with {threads} of {cores()} cores each", "CONCURRENCY"),
        Row("Home", str(settings.home), "HOME"),
        Row("Database", redacted(parts.store.database.name), "DATABASE_URL"),
        Row("Vector index", redacted(settings.chroma_url or "a folder in the home"), "CHROMA_URL"),
        Row("Embedder", found.note, ""),
        Row("Address of the dashboard", f"{settings.host}:{settings.port}", "HOST"),
    )


def variable(row: Row) -> str:
    """The variable of a row as one would write it."""
    return row.variable if row.variable.endswith("_KEY") else PREFIX + row.variable if row.variable else ""


def storage(store: Store, settings: Settings, free: int) -> Storage:
    """What takes space, and what may go; `free` bytes are left on the disk."""
    places = sorted(usage(store, settings), key=lambda place: -place.size)
    return Storage(tuple(places), sum(place.size for place in places), free, tuple(removable(store, settings)))


def place_row(place: Place) -> dict[str, str]:
    """A line of the table."""
    return {
        "what": place.what,
        "takes": size(place.size),
        "of it weights": size(place.weights) if place.weights else "",
    }


def agents() -> tuple[tuple[str, str], ...]:
    """Every agent a study can be given, with what it needs."""
    return tuple(AGENTS.items())


def versions() -> str:
    """The libraries in one line."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return " · ".join(found)


def _missing(settings: Settings, key: tuple[str, bool] | None) -> str:
    if not settings.model:
        return f"No language model is set; {PREFIX}MODEL=provider:model names one, such as openai:gpt-5-mini."
    if key is not None and not key[1] and not settings.model_base_url:
        return f"{key[0]} is not set; without it {settings.model} will refuse."
    return ""


def device_words(settings: Settings) -> str:
    """Where runs train, how many at a time, and what is free, such as `device: cpu, 1 run at a time · 8.1 GB of memory
    and 70 GB of disk free`."""
    runs = "1 run" if settings.concurrency == 1 else f"{settings.concurrency} runs"
    told = told_machine(settings.home)
    words = f"device: {_device(settings, told)}, {runs} at a time"
    if told is None:
        return words
    memory = f"{size(told.memory_free)} of memory and " if told.memory_free is not None else ""
    return f"{words} · {memory}{size(told.disk_free)} of disk free"


def _device(settings: Settings, told: Machine | None) -> str:
    """The one that runs were seen to train on; before the first run, what was asked for."""
    wanted = "a GPU where there is one, else the CPU" if settings.device == "auto" else settings.device
    return told.device if told is not None and told.device else wanted
