"""LangChain behind our protocol; the one file that imports it, and only when a model is asked.

LangChain and the providers raise errors of many families; each ends here in one ModelFailed. Their own retries are
off (every try is counted against the study's caps), and so is tracing: a prompt goes to the provider alone.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from core.agents.llm.model import Message, ModelFailed, Reply, Tool, ToolCall
from core.errors import InvalidInput
from core.settings import key_of, redacted

MOST_OUTPUT = 8_000  # tokens of a reply, those spent on reasoning included
TRICKLE = 1.5  # times the timeout, for a reply that has begun
EXTRAS = "requirements-providers.txt"
PACKAGES = {
    "openai": "langchain_openai",
    "anthropic": "langchain_anthropic",
    "ollama": "langchain_ollama",
    "google_genai": "langchain_google_genai",
}
_FAMILIES = (  # errors of libraries that are imported when they can be raised
    ("openai", "OpenAIError"),
    ("anthropic", "AnthropicError"),
    ("httpx", "HTTPError"),
    ("httpx2", "HTTPError"),
    ("ollama", "ResponseError"),
    ("google.genai.errors", "APIError"),
    ("google.api_core.exceptions", "GoogleAPIError"),
)


def check_model(model: str | None) -> tuple[str, str]:
    """`provider:model` in its two parts. Raises InvalidInput where none is set, or its provider is not installed."""
    if not model:
        raise InvalidInput(
            "the agent llm needs a language model: set VIRTUALMLE_MODEL=provider:model (such as openai:gpt-5-mini) and "
            "the provider's own key, or choose --agent expert, which needs neither"
        )
    provider, colon, name = model.partition(":")
    if not colon or not provider or not name:
        raise InvalidInput(f"VIRTUALMLE_MODEL={model!r} must be provider:model, such as openai:gpt-5-mini")
    package = PACKAGES.get(provider)
    if package and not _has(package):
        raise InvalidInput(f"{provider} needs {package}: pip install -r {_requirements(provider)}")
    return provider, name


def _has(package: str) -> bool:
    return find_spec(package) is not None


def _requirements(provider: str) -> str:
    return "requirements.txt" if provider == "openai" else EXTRAS


class LangChainModel:
    """A model by `provider:model`. Its key comes from the provider's own environment variable, read by its library."""

    def __init__(self, model: str, base_url: str | None, timeout: float) -> None:
        self.name = model
        self._provider, self._model = check_model(model)
        self._base_url = base_url
        self._timeout = timeout

    def invoke(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Reply:
        """One call, not repeated. Raises ModelFailed."""
        try:
            client = self._client.bind_tools([dict(tool) for tool in tools]) if tools else self._client
        except NotImplementedError:
            text = f"{self.name} has no tool calls in LangChain: set VIRTUALMLE_MODEL_METHOD=json"
            raise ModelFailed("no model", text) from None
        return _within(self._timeout, lambda: self._invoke(client, messages))

    def _invoke(self, client: Any, messages: Sequence[Message]) -> Reply:
        from langchain_core.messages import AIMessage, convert_to_messages
        from langsmith import tracing_context

        try:
            with tracing_context(enabled=False):
                said = client.invoke(convert_to_messages([dict(message) for message in messages]))
        except _families() as problem:
            raise _explained(problem, self._timeout) from None  # its own text may hold the key
        if not isinstance(said, AIMessage):
            raise ModelFailed("bad reply", f"the reply is no chat message but {type(said).__name__}")
        return _reply(said)

    @cached_property
    def _client(self) -> Any:
        from langchain.chat_models import init_chat_model

        options = self._options()
        key = key_of(self._provider)
        if self._provider == "openai" and self._base_url and key and not key[1]:
            options["api_key"] = "none"  # most local servers want no key, the client does
        try:
            return init_chat_model(self._model, model_provider=self._provider, **options)
        except ImportError as problem:
            raise ModelFailed("no model", f"{self._provider} is not installed: see {EXTRAS} ({problem})") from None
        except _families() as problem:
            text = redacted(str(problem))[:300]
            raise ModelFailed("no model", f"{self.name} cannot be set up: {text}") from None

    def _options(self) -> dict[str, Any]:
        own: dict[str, Any] = {"timeout": self._timeout, "max_retries": 0, "max_tokens": MOST_OUTPUT}
        if self._provider == "ollama":
            own = {"client_kwargs": {"timeout": self._timeout}, "num_predict": MOST_OUTPUT}
        if self._provider == "google_genai":
            own = {"timeout": self._timeout, "max_retries": 1, "max_output_tokens": MOST_OUTPUT}
        return {**own, "base_url": self._base_url} if self._base_url else own


def _within(timeout: float, work: Callable[[], Reply]) -> Reply:
    """What `work` gives, or a timeout: the libraries' clock starts anew with every byte, so a trickle never ends."""
    given: list[Reply | ModelFailed] = []

    def run() -> None:
        try:
            given.append(work())
        except ModelFailed as problem:
            given.append(problem)
        except Exception as problem:  # noqa: BLE001 - its text may hold the key, and must reach no log as it is
            given.append(ModelFailed("bad reply", redacted(f"{type(problem).__name__}: {problem}")[:300]))

    thread = threading.Thread(target=run, name="language model", daemon=True)
    thread.start()
    thread.join(timeout * TRICKLE)
    if not given:
        text = f"no whole reply within {timeout * TRICKLE:g} s" if thread.is_alive() else "the call broke off"
        raise ModelFailed("timeout" if thread.is_alive() else "bad reply", text, passes=thread.is_alive())
    if isinstance(given[0], ModelFailed):
        raise given[0]
    return given[0]


def _families() -> tuple[type[Exception], ...]:
    """Every error that a call was seen to raise; the plain ones come from replies of a shape nobody expected."""
    from langchain_core.exceptions import LangChainException

    found = [getattr(sys.modules.get(module), name, None) for module, name in _FAMILIES]
    own = (LangChainException, ValueError, LookupError, TypeError, AttributeError, OSError)
    return (*own, *(kind for kind in found if isinstance(kind, type)))


def _explained(problem: Exception, timeout: float) -> ModelFailed:
    """The error in our words. LangChain's classes say what it was where they can, the HTTP status elsewhere."""
    status = getattr(problem, "status_code", None) or getattr(problem, "code", None)
    text = redacted(" ".join(str(problem).split()))[:300]
    kind = " ".join(base.__name__ for base in type(problem).__mro__)
    if status == 429 or "RateLimit" in kind:
        return ModelFailed("rate limit", f"the provider is busy: {text}", passes=True, wait=_retry_after(problem))
    if "Timeout" in kind:
        return ModelFailed("timeout", f"no reply within {timeout:g} s", passes=True)
    if status in (401, 403) or "Authentication" in kind or "PermissionDenied" in kind:
        return ModelFailed("unauthorised", f"the provider refuses the key: {text}")
    if isinstance(status, int) and status >= 500:
        return ModelFailed("server error", f"the provider failed: {text}", passes=True)
    if isinstance(status, int):
        return ModelFailed("bad request", f"the provider refuses the request: {text}")
    if "Connection" in kind or "HTTPError" in kind or isinstance(problem, OSError):
        return ModelFailed("dropped", f"the connection failed: {text}", passes=True)
    return ModelFailed("bad reply", f"the reply was of no use: {text}")


def _retry_after(problem: Exception) -> float | None:
    headers = getattr(getattr(problem, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(str(headers.get("retry-after"))))
    except ValueError:  # absent, or a date
        return None


def _reply(said: Any) -> Reply:
    usage = said.usage_metadata or {}
    calls = [ToolCall(call["id"] or "", call["name"], call["args"]) for call in said.tool_calls]
    calls += [ToolCall(c["id"] or "", c["name"] or "", c["args"] or "") for c in said.invalid_tool_calls]
    return Reply(
        text=said.text if isinstance(said.text, str) else str(said.content),
        calls=tuple(calls),
        tokens_in=usage.get("input_tokens"),
        tokens_out=usage.get("output_tokens"),
        finish=str(said.response_metadata.get("finish_reason") or said.response_metadata.get("stop_reason") or ""),
        refusal=str(said.additional_kwargs.get("refusal") or ""),
    )
