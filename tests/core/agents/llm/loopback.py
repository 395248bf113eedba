"""A small OpenAI-compatible server on the loopback interface: answers from a script, keeps what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]


class Server:
    """Gives the answers of `script` in order, and the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.owner = self  # type: ignore[attr-defined]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def will(self, *answers: Answer) -> None:
        self.script, self.asked, self.paths = list(answers), [], []

    def next(self) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def words(self, call: int = 0) -> str:
        """Everything a call was sent, as one text."""
        return json.dumps(self.asked[call], ensure_ascii=False)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        owner: Server = self.server.owner  # type: ignore[attr-defined]
        owner.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if not self.path.endswith("/chat/completions"):
            self.send(404, b"{}")
            return
        owner.asked.append(json.loads(body))
        owner.keys.append(self.headers.get("Authorization", ""))
        owner.next()(self)

    def do_GET(self) -> None:
        self.server.owner.paths.append(self.path)  # type: ignore[attr-defined]
        self.send(404, b"{}")

    def send(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # the client left
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    try:
        yield server
    finally:
        server.close()


def message(finish: str = "stop", tokens: tuple[int, int] | None = (900, 100), **fields: Any) -> Answer:
    """A chat completion with this message."""
    told = {"role": "assistant", "content": None, **fields}
    body: dict[str, Any] = {"id": "c1", "object": "chat.completion", "created": 1, "model": "toy"}
    body["choices"] = [{"index": 0, "message": told, "finish_reason": finish}]
    if tokens:
        body["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), tokens, strict=True), total_tokens=sum(tokens))
    return lambda handler: handler.send(200, json.dumps(body).encode())


def says(text: str, **more: Any) -> Answer:
    return message(content=text, **more)


def calls(name: str, arguments: Mapping[str, Any] | str, **more: Any) -> Answer:
    """A tool call; `arguments` as a text may be malformed."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    made = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}
    return message(finish="tool_calls", tool_calls=[made], **more)


def fails(status: int, text: str = "no", **headers: str) -> Answer:
    body = json.dumps({"error": {"message": text, "type": "server_error", "code": None}}).encode()
    return lambda handler: handler.send(status, body, **headers)


def page() -> Answer:
    return lambda handler: handler.send(200, b"<html><body>Sign in</body></html>", "text/html")


def raw(body: Any) -> Answer:
    return lambda handler: handler.send(200, json.dumps(body).encode())


def stalls(seconds: float) -> Answer:
    return lambda handler: time.sleep(seconds)


def drops(handler: Handler) -> None:
    """Half a reply, then the line is cut."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "c1", "choices": [{"mess')
    handler.wfile.flush()
    handler.connection.close()


def trickles(handler: Handler) -> None:
    """A byte now and then, for long."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    try:
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.2)
    except OSError:  # the client left
        return


def by_purpose(**answers: Answer) -> Answer:
    """Whatever is asked for, by the tool its answer is given with, in any order."""

    def answer(handler: Handler) -> None:
        asked: dict[str, Any] = handler.server.owner.asked[-1]  # type: ignore[attr-defined]
        answers[asked["tools"][-1]["function"]["name"]](handler)

    return answer


def echoes_the_key(handler: Handler) -> None:
    """Says the key back, as a careless proxy does in its error."""
    fails(401, f"bad header {handler.headers.get('Authorization')}")(handler)
