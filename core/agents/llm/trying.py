"""One question to the language model of the settings, in its own process: `python -m core.agents.llm.trying`.

It asks through the same client as the agent, sends no data of any study, and writes one line of JSON.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from core.agents.llm.client import LangChainModel, check_model
from core.agents.llm.model import ModelFailed
from core.errors import InvalidInput
from core.settings import Settings, redacted

QUESTION = "Answer with the one word: ready"
LONGEST = 200  # characters of an answer that are shown
SLACK_SECONDS = 60.0  # for the start of the process and its imports


@dataclass(frozen=True)
class Tried:
    """What came of it: `says` is the model's answer or the reason; tokens are None where the provider told none."""

    answered: bool
    says: str
    seconds: float
    tokens: int | None = None


def try_model(settings: Settings) -> Tried:
    """Ask in a child process. Raises InvalidInput when no model is set or its package is missing."""
    check_model(settings.model)
    command = [sys.executable, "-m", "core.agents.llm.trying"]
    patience = settings.limits.timeout * 2 + SLACK_SECONDS
    try:
        done = subprocess.run(
            command, env=settings.environment(), capture_output=True, text=True, timeout=patience, check=False
        )
        return Tried(**json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return Tried(False, f"no answer within {patience:.0f} s", patience)
    except (IndexError, ValueError, TypeError):
        last = redacted(done.stderr.strip().splitlines()[-1])[:LONGEST] if done.stderr.strip() else "no reason given"
        return Tried(False, f"the test ended unexpectedly: {last}", 0.0)


def _ask(settings: Settings) -> Tried:
    began = time.monotonic()
    try:
        check_model(settings.model)
        model = LangChainModel(str(settings.model), settings.model_base_url, settings.limits.timeout)
        reply = model.invoke([{"role": "user", "content": QUESTION}], ())
    except (ModelFailed, InvalidInput) as problem:
        return Tried(False, redacted(str(problem)), time.monotonic() - began)
    tokens = None if reply.tokens_in is None else reply.tokens_in + (reply.tokens_out or 0)
    said = redacted((reply.text or reply.refusal).strip())[:LONGEST]
    return Tried(bool(said), said or "an empty reply", time.monotonic() - began, tokens)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_ask(Settings.from_environment()))) + "\n")
