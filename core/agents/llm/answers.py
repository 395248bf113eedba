"""What a model is asked to fill in, and how an answer is found in whatever it sent."""

import json
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from core.agents.llm.model import Reply, Tool

Answer = TypeVar("Answer", bound="AnswerForm")
MOST_PROBLEM = 600


class InvalidAnswer(ValueError):
    """What is wrong with an answer, in words the model can put right."""


class AnswerForm(BaseModel):
    """Base of what a model fills in; what it adds beyond the fields is ignored."""


class ProposalAnswer(AnswerForm):
    """The next trial."""

    changes: dict[str, Any] = Field(min_length=1, max_length=3, description="field -> new value, usually one field")
    axis: str = Field(description="the field whose change is the claim; one of changes")
    reason_for_several: str = Field("", description="why more than one field must change together")
    claim: str = Field(min_length=1, description="one sentence: what the change does to the objective")
    mechanism: str = Field(min_length=1, description="why it should work here")
    expected_relative: float = Field(ge=-0.5, le=2.0, description="expected relative change of the objective")
    expected_sd: float = Field(gt=0.0, le=1.0, description="its standard deviation")
    risk: Literal["low", "medium", "high"]
    risk_reason: str = ""
    falsifier: str = Field(min_length=1, description="what outcome would prove the claim wrong")
    cited_lessons: list[int] = Field(default_factory=list, max_length=20)
    decisive_lesson: int | None = None


class ReflectionAnswer(AnswerForm):
    """What a judged trial teaches."""

    why: str = Field(min_length=1)
    rule: str = ""
    next_action: str = Field(min_length=1)


class SummaryAnswer(AnswerForm):
    """What a study leaves to other datasets."""

    text: str = Field(min_length=1, description="what helped, what is ruled out, why, and where it should hold")


def as_tool(form: type[AnswerForm], name: str) -> Tool:
    """The form as a tool to be called once."""
    schema = form.model_json_schema()
    return {
        "type": "function",
        "function": {"name": name, "description": f"Give your answer. {form.__doc__}", "parameters": schema},
    }


def read(form: type[Answer], name: str, reply: Reply) -> Answer:
    """The filled-in form, from the tool's call or else from the text. Raises InvalidAnswer."""
    data = _data(name, reply)
    if not isinstance(data, dict):
        raise InvalidAnswer("the answer must be one JSON object")
    try:
        return form.model_validate(data)
    except ValidationError as problem:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problem.errors()[:8]]
        raise InvalidAnswer("; ".join(faults)[:MOST_PROBLEM]) from problem


def _data(name: str, reply: Reply) -> Any:
    for call in reply.calls:
        if call.name == name:
            return call.arguments if not isinstance(call.arguments, str) else _parsed(call.arguments)
    if reply.calls:
        raise InvalidAnswer(f"the tool {reply.calls[0].name[:50]} cannot be called now; call {name}")
    if not reply.text.strip():
        raise InvalidAnswer("the answer was empty")
    return _parsed(reply.text)


def _parsed(text: str) -> Any:
    """The JSON object in a text, whatever stands around it."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise InvalidAnswer("there is no JSON object in the answer")
    try:
        return json.loads(text[start : end + 1])
    except (ValueError, RecursionError) as problem:
        raise InvalidAnswer(f"the answer is not valid JSON: {problem}"[:MOST_PROBLEM]) from problem
