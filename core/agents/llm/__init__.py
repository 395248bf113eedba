"""A language model as an agent, through LangChain; the built-in expert steps in where it fails."""

from core.agents.llm.agent import LlmAgent

__all__ = ["LlmAgent"]
