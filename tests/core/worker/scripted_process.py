"""A training process without torch that speaks the trainer's protocol: `python -m tests.core.worker.scripted_process`.

Besides what Story knows, `params["script"]` may say: `epoch_seconds` (0.02), `crash_at` (an epoch: exits with code 7
before it), `babble` (prints a line that is no JSON), `deaf` (does not heed the stop command).
"""

import json
import os
import sys
import threading
import time
from typing import Any

from tests.core.worker.story import Story


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def lines() -> Any:
    pending = b""
    while chunk := os.read(0, 65536):
        *whole, pending = (pending + chunk).split(b"\n")
        yield from whole


def listen(rest: Any, stop: threading.Event) -> None:
    for line in rest:
        if json.loads(line).get("command") == "stop":
            stop.set()
    os._exit(3)


def main() -> int:
    stop, incoming = threading.Event(), lines()
    say({"event": "ready"})
    first = next(incoming, None)
    if first is None:
        os._exit(3)
    threading.Thread(target=listen, args=(incoming, stop), daemon=True).start()
    job = json.loads(first)
    story = Story(job)
    script = story.script
    if script.get("babble"):
        sys.stdout.write("Segmentation fault (core dumped)\n")
    for message in story.begin():
        say(message)
    while not story.is_told:
        time.sleep(float(script.get("epoch_seconds", 0.02)))
        if stop.is_set() and not script.get("deaf"):
            say({"event": "stopped", "epoch": story.epoch})
            return 0
        if script.get("crash_at") == story.epoch + 1:
            os._exit(7)
        message = story.next_epoch()
        say(message)
        if message["event"] == "failed":
            return 1
    say(story.end())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
