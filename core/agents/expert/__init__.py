"""The built-in expert: an engineer's rules with their sources. Needs no key and no network."""

from core.agents.expert.expert import Expert

__all__ = ["Expert"]
