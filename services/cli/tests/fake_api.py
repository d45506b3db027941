"""A small HTTP server that answers as it was told to, and remembers what it was asked."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; a body that is no text becomes JSON."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"


def problem(status: int, detail: str, *errors: dict[str, str], **headers: str) -> Reply:
    """An error as the query API words it."""
    body = {"type": "about:blank", "title": "…", "status": status, "detail": detail, "errors": list(errors)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, body | {"request_id": "9f86d081884c7d65"}, named, "application/problem+json")


Answer = Reply | Callable[[Asked], Reply]


class FakeApi:
    """The server: `on` says what it answers, in turn, the last again and again."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[Answer]] = defaultdict(list)

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, path] = list(answers)

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        answers = self._answers[asked.method, asked.path]
        if not answers:
            return problem(404, "there is no such path: /openapi.json lists all of them")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else answer(asked)

    def of(self, method: str, path: str) -> list[Asked]:
        """The requests of this kind so far."""
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """A running one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            asked = Asked(self.command, url.path, parse_qs(url.query), dict(self.headers.items()), body)
            reply = api.answer(asked)
            content = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815 - the names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api = FakeApi(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
