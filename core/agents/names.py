"""The agents a study can be given, by name. Imports nothing that an agent needs."""

from collections.abc import Mapping

AGENTS: Mapping[str, str] = {
    "expert": "built-in expert (no language model)",
    "tpe": "TPE sampler (a control: no reasons, no memory)",
    "gp": "Gaussian process sampler (a control: no reasons, no memory)",
    "random": "random search (a control: no reasons, no memory)",
    "grid": "shuffled grid of three values a field (a control: no reasons, no memory)",
}


def agent_word(name: str) -> str:
    """An agent in a few words, such as `built-in expert`."""
    return AGENTS.get(name, name).partition(" (")[0]
