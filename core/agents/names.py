"""The agents a study can be given, by name. Imports nothing that an agent needs."""

from collections.abc import Mapping

LLM = "llm"
STEPPED_IN = "expert for llm"  # the author of what the expert did in the language model's place

AGENTS: Mapping[str, str] = {
    "expert": "built-in expert (no language model)",
    LLM: "language model (VIRTUALMLE_MODEL; the built-in expert steps in where it fails)",
    "tpe": "TPE sampler (a control: no reasons, no memory)",
    "gp": "Gaussian process sampler (a control: no reasons, no memory)",
    "random": "random search (a control: no reasons, no memory)",
    "grid": "shuffled grid of three values a field (a control: no reasons, no memory)",
}
_AUTHORS: Mapping[str, str] = {**AGENTS, STEPPED_IN: "built-in expert, in the language model's place"}


def agent_word(name: str) -> str:
    """An agent, or an author, in a few words, such as `built-in expert`."""
    return _AUTHORS.get(name, name).partition(" (")[0]
