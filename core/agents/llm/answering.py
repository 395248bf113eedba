"""From a prompt to a validated answer: look-ups while they last, one repair with the error quoted, else one error."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.agents.llm import prompts
from core.agents.llm.answers import Answer, InvalidAnswer, as_tool, read
from core.agents.llm.asking import Asker
from core.agents.llm.model import Message, ModelFailed, Reply, Tool, ToolCall
from core.agents.llm.tools import Tools

Made = TypeVar("Made")
MOST_LOOKUPS = 8  # of tools in one act; then only the answer's own tool is offered
MOST_RESULT = 6_000  # characters of what one look-up tells
MOST_FAULT = 600  # characters of what was wrong with an answer
MOST_QUOTED = 2_000  # characters of an unusable answer that are shown to the model again


class Answering:
    """One act of a model. `method` is tools or json; without tools nothing can be looked up."""

    def __init__(self, asker: Asker, tools: Tools | None, method: str) -> None:
        self._asker = asker
        self._tools = tools if method == "tools" else None
        self._by_tool = method == "tools"
        self._looked_up = 0

    def answer(
        self, prompt: Sequence[Message], form: type[Answer], name: str, accept: Callable[[Answer], Made]
    ) -> Made:
        """What `accept` makes of the filled-in form; it refuses by InvalidAnswer. Raises ModelFailed."""
        own = as_tool(form, name)
        messages = list(prompt) if self._by_tool else _with_schema(prompt, own)
        repaired = False
        while True:
            reply = self._asker.ask(messages, self._offered(own))
            if self._wants_lookups(reply, name):
                messages += self._look_up(reply)
                continue
            try:
                return accept(read(form, name, reply))
            except InvalidAnswer as problem:
                fault = str(problem)[:MOST_FAULT]
                self._asker.settle("invalid", fault)
                if repaired:
                    raise ModelFailed("invalid", f"two answers could not be used: {fault}") from problem
                repaired = True
                messages += _quoted(reply, prompts.repair(fault))

    def _offered(self, own: Tool) -> list[Tool]:
        if not self._by_tool:
            return []
        lookups = self._tools.described if self._tools and self._looked_up < MOST_LOOKUPS else []
        return [*lookups, own]

    def _wants_lookups(self, reply: Reply, name: str) -> bool:
        if self._tools is None or self._looked_up >= MOST_LOOKUPS or not reply.calls:
            return False
        names = [call.name for call in reply.calls]
        return name not in names and all(each in self._tools for each in names)

    def _look_up(self, reply: Reply) -> list[Message]:
        """The model's calls as it made them, and what each found; those beyond the cap find nothing."""
        assert self._tools is not None
        called, found = [], []
        for number, call in enumerate(reply.calls, 1):
            id = call.id or f"call_{self._looked_up + 1}_{number}"
            called.append(_as_called(call, id))
            self._looked_up += 1
            told: Any = {"error": f"no more than {MOST_LOOKUPS} look-ups; answer now"}
            if self._looked_up <= MOST_LOOKUPS:
                told = self._tools.call(call.name, call.arguments)
            text = prompts.escaped(told)
            content = text if len(text) <= MOST_RESULT else text[:MOST_RESULT] + "… (cut)"
            found.append({"role": "tool", "tool_call_id": id, "content": f"<data>{content}</data>"})
        return [{"role": "assistant", "content": reply.text[:MOST_QUOTED], "tool_calls": called}, *found]


def _as_called(call: ToolCall, id: str) -> dict[str, Any]:
    arguments = {} if isinstance(call.arguments, str) else dict(call.arguments)
    return {"id": id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(arguments)}}


def _quoted(reply: Reply, repair: str) -> list[Message]:
    """The unusable answer as text, since a malformed call cannot be sent back as one."""
    parts = [reply.text] if reply.text else []
    parts += [c.arguments if isinstance(c.arguments, str) else json.dumps(dict(c.arguments)) for c in reply.calls]
    said = "\n".join(parts)[:MOST_QUOTED] or "(nothing)"
    return [{"role": "assistant", "content": said}, {"role": "user", "content": repair}]


def _with_schema(prompt: Sequence[Message], own: Tool) -> list[Message]:
    words = prompts.schema_in_words(own["function"]["parameters"])
    *before, last = prompt
    return [*before, {**last, "content": f"{last['content']}\n{words}"}]
