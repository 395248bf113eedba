"""One call after another on a study's account: caps first, then the call, patient where it helps, all of it kept.

A call is written down before it is made, at the most it may cost, and corrected when its reply is there: what no reply
tells of, because the provider was silent or the worker was killed, stays booked at that.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.agents.llm.client import MOST_OUTPUT, TRICKLE
from core.agents.llm.model import ChatModel, Message, ModelFailed, Reply, Tool
from core.errors import Conflict
from core.settings import ModelLimits, redacted
from core.store import Store
from core.store.calls import Spent
from core.studies.caps import within

TRIES = 3
FIRST_WAIT = 1.0  # seconds, doubled from try to try
ACT_SECONDS = 600.0  # after so long no further call is made for one proposal or reflection
LONGEST_WAIT = 30.0  # a provider that asks for more is not waited for
MOST_REPLY = 60_000  # characters; more is no answer to our question
MOST_KEPT = 20_000  # characters of a reply or an argument that are stored
CHARACTERS_PER_TOKEN = 3.0  # on the safe side for English, figures and JSON
UNBILLED = frozenset({"rate limit", "unauthorised", "bad request", "no model"})
AFTERWARDS = 60.0  # seconds that a draft may take from the last reply to the store
SENT = "sent"
NO_REPLY = "no reply is known: it is under way, or the worker ended during the call; counted at the most it may cost"


@dataclass(frozen=True)
class Account:
    """Where calls are written down and whose caps hold."""

    store: Store
    limits: ModelLimits
    study_id: int
    purpose: str
    prompt_version: str
    trial_id: int | None = None
    renew: Callable[[float], bool] = lambda seconds: True  # keeps the study's lease so long; False: it was lost
    sleep: Callable[[float], None] = time.sleep

    @property
    def caps(self) -> Mapping[str, float]:
        """The study's own, as they are now."""
        return self.store.studies.get(self.study_id).caps

    def hold(self, seconds: float = AFTERWARDS) -> None:
        """Keep the study for so long. Raises Conflict when another worker has it: what was drafted must be dropped."""
        if not self.renew(seconds):
            raise Conflict(
                f"another worker plans study {self.study_id} by now; what was drafted for it here is dropped"
            )


class Asker:
    """Asks one model for one purpose. `ids` and `money` tell what it took."""

    def __init__(self, model: ChatModel, account: Account) -> None:
        self._model, self._account = model, account
        self._until = time.monotonic() + ACT_SECONDS
        self.ids: list[int] = []
        self.money: float | None = 0.0

    def ask(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Reply:
        """The model's reply; secrets are cut out of what goes and what comes.

        Raises ModelFailed after the last try, and before any call beyond a cap; Conflict when the study was lost.
        """
        messages = _clean(messages)
        for tried in range(1, TRIES + 1):
            self._check_caps(messages, tools)
            self._account.hold(self._account.limits.timeout * TRICKLE + LONGEST_WAIT + AFTERWARDS)
            try:
                return self._once(messages, tools)
            except ModelFailed as problem:
                wait = problem.wait if problem.wait is not None else FIRST_WAIT * 2 ** (tried - 1)
                if not problem.passes or tried == TRIES or wait > LONGEST_WAIT:
                    raise
                self._account.sleep(wait)
        raise AssertionError("unreachable")

    @property
    def model(self) -> str:
        """Who is asked."""
        return self._model.name

    def settle(self, outcome: str, error: str) -> None:
        """Say what became of the last reply."""
        if self.ids:
            self._account.store.calls.settle(self.ids[-1], outcome, _plain(error)[:1000])

    def left(self) -> dict[str, Any]:
        """What the study may still spend on its model."""
        limits, spent = within(self._account.limits, self._account.caps), self._spent()
        left: dict[str, Any] = {"calls": limits.calls - spent.calls, "tokens": limits.tokens - spent.tokens}
        return left if limits.money is None else {**left, "money": round(limits.money - spent.money, 4)}

    def hold(self) -> None:
        """Keep the study until the draft is written. Raises Conflict when it was lost."""
        self._account.hold()

    def _once(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Reply:
        self.ids.append(self._open(messages, tools))
        started = time.monotonic()
        try:
            reply = _without_secrets(self._model.invoke(messages, tools))
        except ModelFailed as problem:
            tokens = (0, 0, False) if problem.outcome in UNBILLED else (estimate(messages, tools), MOST_OUTPUT, True)
            self._close(Reply(""), tokens, time.monotonic() - started, problem)
            raise
        fault = _unusable(reply)
        self._close(reply, _tokens(reply, estimate(messages, tools)), time.monotonic() - started, fault)
        if fault:
            raise fault
        return reply

    def _spent(self) -> Spent:
        """What the study's calls took; those made before a price was set are priced by the one that is set now."""
        calls, study_id, limits = self._account.store.calls, self._account.study_id, self._account.limits
        spent = calls.spent(study_id)
        if spent.unpriced and limits.price_in is not None and limits.price_out is not None:
            calls.price(study_id, limits.price_in, limits.price_out)
            spent = calls.spent(study_id)
        return spent

    def _check_caps(self, messages: Sequence[Message], tools: Sequence[Tool]) -> None:
        """Raises ModelFailed when this call could pass a cap; what cannot be known counts as too much."""
        if time.monotonic() > self._until:
            raise ModelFailed("timeout", f"no usable answer within {ACT_SECONDS:g} s of asking")
        caps, spent = self._account.caps, self._spent()
        limits = within(self._account.limits, caps)
        prompt = estimate(messages, tools)
        if spent.calls >= limits.calls:
            raise ModelFailed("over budget", f"the study's {limits.calls} calls are spent (VIRTUALMLE_MODEL_MAX_CALLS)")
        if spent.tokens + prompt + MOST_OUTPUT > limits.tokens:
            raise ModelFailed(
                "over budget",
                f"a call could pass the study's {limits.tokens} tokens, {spent.tokens} of them spent "
                f"({_source('tokens', limits.tokens, caps)})",
            )
        if limits.money is None:
            return
        most = self._price(prompt, MOST_OUTPUT)
        if most is None:
            raise ModelFailed(
                "over budget",
                "money is capped and the price of calls is unknown: set VIRTUALMLE_MODEL_PRICE",
            )
        if spent.money + most > limits.money:
            raise ModelFailed(
                "over budget",
                f"a call could pass the study's {limits.money:g} of money, {spent.money:.4f} of it spent "
                f"({_source('money', limits.money, caps)})",
            )

    def _price(self, tokens_in: int, tokens_out: int) -> float | None:
        limits = self._account.limits
        if limits.price_in is None or limits.price_out is None:
            return None
        return (tokens_in * limits.price_in + tokens_out * limits.price_out) / 1e6

    def _open(self, messages: Sequence[Message], tools: Sequence[Tool]) -> int:
        """Keep the call that is about to be made."""
        tokens_in = estimate(messages, tools)
        row = {
            "trial_id": self._account.trial_id,
            "purpose": self._account.purpose,
            "model": self._model.name[:200],
            "prompt_version": self._account.prompt_version,
            "messages": list(messages),
            "tools": [tool["function"]["name"] for tool in tools],
            "reply": "",
            "tool_calls": [],
            "tokens_in": tokens_in,
            "tokens_out": MOST_OUTPUT,
            "estimated": True,
            "money": self._price(tokens_in, MOST_OUTPUT),
            "seconds": 0.0,
            "outcome": SENT,
            "error": NO_REPLY,
        }
        return self._account.store.calls.add(self._account.study_id, row)

    def _close(self, reply: Reply, tokens: tuple[int, int, bool], seconds: float, problem: ModelFailed | None) -> None:
        tokens_in, tokens_out, estimated = tokens
        money = self._price(tokens_in, tokens_out)
        self.money = None if money is None or self.money is None else self.money + money
        row = {
            "reply": (reply.text or reply.refusal)[:MOST_KEPT],
            "tool_calls": [_as_kept(call.name, call.arguments) for call in reply.calls],
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "estimated": estimated,
            "money": money,
            "seconds": seconds,
            "outcome": problem.outcome if problem else "ok",
            "error": _plain(str(problem))[:1000] if problem else "",
        }
        self._account.store.calls.close(self.ids[-1], self._account.study_id, row)


def _source(name: str, limit: float, caps: Mapping[str, float]) -> str:
    """Where a limit that holds can be changed."""
    return "its own cap, in its settings" if caps.get(name) == limit else f"VIRTUALMLE_MODEL_MAX_{name.upper()}"


def _tokens(reply: Reply, prompt: int) -> tuple[int, int, bool]:
    """Read, written, and whether that is our estimate since the provider told none."""
    tokens_in = prompt if reply.tokens_in is None else reply.tokens_in
    tokens_out = round(reply.size / CHARACTERS_PER_TOKEN) if reply.tokens_out is None else reply.tokens_out
    return tokens_in, tokens_out, reply.tokens_in is None or reply.tokens_out is None


def estimate(messages: Sequence[Message], tools: Sequence[Tool]) -> int:
    """Tokens of a prompt, before it is sent."""
    return round(len(json.dumps([list(messages), list(tools)], ensure_ascii=False)) / CHARACTERS_PER_TOKEN)


def _unusable(reply: Reply) -> ModelFailed | None:
    if reply.refusal or reply.finish == "content_filter":
        return ModelFailed(
            "refused", f"the model refuses: {' '.join(reply.refusal.split())[:200] or 'no reason given'}"
        )
    if reply.size > MOST_REPLY:
        return ModelFailed("bad reply", f"a reply of {reply.size} characters is too long; at most {MOST_REPLY}")
    return None


def _as_kept(name: str, arguments: Any) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"name": name, "arguments": text[:MOST_KEPT]}


def _without_secrets(reply: Reply) -> Reply:
    calls = tuple(
        replace(call, id=_plain(call.id), name=_plain(call.name), arguments=_clean(call.arguments))
        for call in reply.calls
    )
    return replace(reply, text=_plain(reply.text), refusal=_plain(reply.refusal), calls=calls)


def _plain(text: str) -> str:
    """Text that every database can hold and that holds no secret: no NUL, no half of a surrogate pair."""
    return redacted(text.replace("\x00", "")).encode("utf-8", "replace").decode("utf-8")


def _clean(value: Any) -> Any:
    """Plain data with every text in it made plain."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, Mapping):
        return {_clean(key): _clean(held) for key, held in value.items()}
    return [_clean(held) for held in value] if isinstance(value, list | tuple) else value
