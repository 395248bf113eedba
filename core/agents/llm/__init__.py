"""A language model as an agent, through LangChain; the built-in expert steps in where it fails."""

from core.agents.llm.agent import LlmAgent
from core.agents.llm.distilling import Distilling
from core.agents.llm.provider import Provider

__all__ = ["Distilling", "LlmAgent", "Provider"]
