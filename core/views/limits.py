"""Gates, guards and caps in words: what each is called and does, and what a study has used of its caps."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.agents.llm.client import MOST_OUTPUT
from core.agents.names import LLM
from core.figures import duration
from core.loop.gates import GATES
from core.records import Study
from core.settings import PREFIX, ModelLimits
from core.store import Store
from core.studies.caps import CAPS, minutes_of
from core.studies.guards import GUARDS


@dataclass(frozen=True)
class Limit:
    """A number one may give: its label, what it does in a line, the least that makes sense, and a step."""

    label: str
    line: str
    step: float
    least: float = 0.0
    is_whole: bool = False


GATE_WORDS: Mapping[str, tuple[str, str]] = {  # label, and when it asks
    "cost": ("it is costly", GATES["cost"]),
    "several": ("it changes several fields", GATES["several"]),
    "structure": ("it changes the structure", GATES["structure"]),
    "risk": ("its risk is high", GATES["risk"]),
    "novelty": ("it is new", GATES["novelty"]),
    "conflict": ("a lesson speaks against it", GATES["conflict"]),
}
GUARD_WORDS: Mapping[str, Limit] = {
    "min_coverage": Limit("Catalogue coverage at least", GUARDS["min_coverage"], 0.05),
    "max_parameters": Limit("Parameters at most", GUARDS["max_parameters"], 10_000, is_whole=True),
    "max_minutes": Limit("Minutes of a run at most", GUARDS["max_minutes"], 1.0),
    "max_slice_loss": Limit("Loss of a slice at most", GUARDS["max_slice_loss"], 0.05),
}
CAP_WORDS: Mapping[str, Limit] = {
    "minutes": Limit("Minutes of training in all", CAPS["minutes"], 30.0, least=0.1),
    "tokens": Limit("Tokens in all", CAPS["tokens"], 100_000, least=1, is_whole=True),
    "money": Limit("Money in all ($)", CAPS["money"], 1.0, least=0.01),
}


def caps_for(agent: str) -> tuple[str, ...]:
    """The caps that mean something with an agent: only a language model takes tokens and money."""
    return tuple(CAPS) if agent == LLM else ("minutes",)


def cap_line(name: str, limits: ModelLimits) -> str:
    """What a cap does, and the program's own limit where there is one."""
    line = CAPS[name]
    if name == "tokens":
        return f"{line}; the program allows {limits.tokens:,}"
    if name == "money" and limits.price_in is None:
        return f"{line}; the model is not asked under it until {PREFIX}MODEL_PRICE is set"
    if name == "money" and limits.money is not None:
        return f"{line}; the program allows ${limits.money:.2f}"
    return line


def cap_words(store: Store, study: Study) -> tuple[str, ...]:
    """Each cap with what is used of it, such as `41 min of 1 h 0 min of training`; none without caps."""
    return tuple(filter(None, (_minutes(store, study), _tokens(store, study), _money(store, study))))


def _minutes(store: Store, study: Study) -> str:
    held = minutes_of(store, study)
    if held is None:
        return ""
    full = "" if held.has_room or study.has_ended else ", no room for a further run"
    return f"{duration(held.used * 60)} of {duration(held.cap * 60)} of training{full}"


def _tokens(store: Store, study: Study) -> str:
    if "tokens" not in study.caps:
        return ""
    cap, used = int(study.caps["tokens"]), store.calls.spent(study.id).tokens
    full = ", too few left for a call" if used + MOST_OUTPUT > cap and not study.has_ended else ""
    return f"{used:,} of {cap:,} tokens{full}"


def _money(store: Store, study: Study) -> str:
    if "money" not in study.caps:
        return ""
    return f"{store.calls.spent(study.id).bill} of ${study.caps['money']:.2f}"
