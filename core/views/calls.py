"""The calls of a language model behind a trial: what it cost, what was sent, what came back."""

from dataclasses import dataclass

from core.figures import duration
from core.records import AgentCall, Trial
from core.store import Store


@dataclass(frozen=True)
class CallView:
    """One call; `sent` and `came` are texts as they went over the wire, secrets cut out."""

    title: str
    line: str
    failed: str
    sent: tuple[tuple[str, str], ...]  # role, text
    came: tuple[tuple[str, str], ...]  # what, text


def calls_of(store: Store, trial: Trial) -> tuple[CallView, ...]:
    """Oldest first."""
    return tuple(_view(call) for call in store.calls.of_trial(trial.id))


def _view(call: AgentCall) -> CallView:
    about = "~" if call.estimated else ""
    money = "price not set" if call.money is None else f"${call.money:.4f}"
    tokens = f"{about}{call.tokens_in:,} tokens sent, {about}{call.tokens_out:,} received"
    came = [("reply", call.reply)] if call.reply else []
    came += [(f"tool {made['name']}", str(made["arguments"])) for made in call.tool_calls]
    return CallView(
        title=f"{call.purpose} · {call.model}",
        line=f"{tokens} · {money} · {duration(call.seconds)} · prompt version {call.prompt_version}",
        failed="" if call.outcome == "ok" else f"{call.outcome}: {call.error}",
        sent=tuple((str(message["role"]), str(message["content"])) for message in call.messages),
        came=tuple(came),
    )
