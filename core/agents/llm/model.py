"""A chat model as this program sees one: messages and tools in, one reply out, one typed error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.errors import VirtualMLEError

Message = Mapping[str, Any]  # as OpenAI writes them: role, content, tool_calls, tool_call_id
Tool = Mapping[str, Any]  # as OpenAI writes them: a function with a JSON schema


class ModelFailed(VirtualMLEError):
    """No usable reply. `outcome` is one word for the record; `passes`: asking again may help.

    Outcomes: no model, over budget, unauthorised, bad request, rate limit, server error, timeout, dropped, bad reply,
    refused, invalid.
    """

    def __init__(self, outcome: str, text: str, passes: bool = False, wait: float | None = None) -> None:
        super().__init__(text)
        self.outcome = outcome
        self.passes = passes
        self.wait = wait  # seconds the provider asked us to wait


@dataclass(frozen=True)
class ToolCall:
    """A tool the model wants called; `arguments` is a text where they were not valid JSON."""

    id: str
    name: str
    arguments: Mapping[str, Any] | str


@dataclass(frozen=True)
class Reply:
    """What came back. Tokens are None where the provider told none."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish: str = ""
    refusal: str = ""

    @property
    def size(self) -> int:
        """Characters of everything the model wrote."""
        return len(self.text) + len(self.refusal) + sum(len(str(call.arguments)) for call in self.calls)


class ChatModel(Protocol):
    """Any chat model."""

    name: str

    def invoke(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Reply:
        """One call, not repeated. Raises ModelFailed."""
        ...
