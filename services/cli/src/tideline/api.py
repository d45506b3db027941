"""The query API over HTTP: every answer is checked to be what it should be, every error becomes a Failure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from httpx_sse import EventSource, SSEError

from tideline.apart import apart
from tideline.errors import Away
from tideline.problems import failure_of, nonsense

STREAMS = "/api/v1/streams"
LETTERS = "/api/v1/dead-letters"

Json = Any
Line = dict[str, Any]
TIMEOUT = httpx.Timeout(30, connect=5)
SILENCE_S = 60
"""The server gives a sign of life more often than that while nothing happens."""


class Api:
    """One server. Every method raises a Failure when the server refuses, is away, or is not Tideline."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url
        headers = {"Accept": "application/json", "User-Agent": "tideline"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, when it is a good one; `request` as httpx takes it."""
        with self._named():
            answer = apart(partial(self._http.request, method, path, **request))
        if not answer.is_success:
            raise failure_of(answer.status_code, _json(answer), answer.headers.get("retry-after"), self.url)
        return answer

    def thing(self, method: str, path: str, **request: Any) -> Line:
        """The answer, a JSON object."""
        body = _json(self.ask(method, path, **request))
        if not isinstance(body, dict):
            raise nonsense(self.url)
        return body

    def lines(self, method: str, path: str, **request: Any) -> list[Line]:
        """The answer, a JSON list of objects and all of it."""
        return self._lines_of(_json(self.ask(method, path, **request)))

    def all_lines(self, path: str, params: Mapping[str, Any] | None = None) -> list[Line]:
        """All pages of a list. Only the cursor of a link is followed, so that the key never goes to another server."""
        lines: list[Line] = []
        cursor: dict[str, Any] | None = {}
        while cursor is not None:
            answer = self.ask("GET", path, params={**(params or {}), **cursor})
            lines += self._lines_of(_json(answer))
            link = answer.links.get("next", {}).get("url")
            cursor = {"cursor": parse_qs(urlsplit(link).query).get("cursor", [""])[0]} if link else None
        return lines

    def events(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[str, list[Line]]]:
        """Server-sent events by name with their lines, until the server ends them; Away also after a long silence."""
        events = self._events(path, params)
        with self._named():
            while (event := apart(partial(next, events, None))) is not None:
                yield event

    def _events(self, path: str, params: Mapping[str, Any]) -> Iterator[tuple[str, list[Line]]]:
        headers = {"Accept": "text/event-stream"}
        timeout = httpx.Timeout(SILENCE_S, connect=5)
        with self._http.stream("GET", path, params=params, headers=headers, timeout=timeout) as answer:
            if not answer.is_success:
                answer.read()
                raise failure_of(answer.status_code, _json(answer), answer.headers.get("retry-after"), self.url)
            try:
                for event in EventSource(answer).iter_sse():
                    if event.data:
                        yield event.event, self._lines_of(event.json())
            except (SSEError, ValueError):
                raise nonsense(self.url) from None

    def _lines_of(self, body: Json) -> list[Line]:
        if not isinstance(body, list) or not all(isinstance(line, dict) for line in body):
            raise nonsense(self.url)
        return body

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Turn what the client raises into Failures that say what to do."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout):
            hint = "start one with `make run`, or name another by --url or TIDELINE_URL"
            raise Away(f"no server answers at {self.url}: {hint}", nobody=True) from None
        except httpx.TimeoutException:
            raise Away(f"{self.url} does not answer in time: it may be busy, try again in a moment") from None
        except httpx.RequestError:
            raise Away(f"the connection to {self.url} broke: try again in a moment") from None


def stream_path(stream: str) -> str:
    """Where a stream is."""
    return f"{STREAMS}/{quote(stream, safe='')}"


def _json(answer: httpx.Response) -> Json:
    """The body's JSON, None where it is none."""
    try:
        return answer.json()
    except ValueError:
        return None
