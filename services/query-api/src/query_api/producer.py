"""The producer as this service calls it: bounded in time and in size, and every failure a problem of the caller's."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
import orjson
import structlog

from chassis.problems import MEDIA_TYPE, Problem
from query_api.settings import ProducerCalls

log = structlog.get_logger("producer")

CONNECTIONS_MAX = 200
KEEPALIVE_S = 3.0
"""Shorter than the producer's own, so that no request meets a connection that is just being closed."""
JSON = "application/json"
STATUSES = frozenset(HTTPStatus)
AGAIN = {"Retry-After": "2"}


@dataclass(frozen=True, slots=True)
class Body:
    """What a caller sends: its content type, and its bytes as they come."""

    media_type: str
    parts: AsyncIterator[bytes]

    @classmethod
    def of(cls, value: object) -> "Body":
        """A value as JSON."""

        async def once() -> AsyncIterator[bytes]:
            yield orjson.dumps(value)

        return cls(JSON, once())


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, its bytes, and these as a value."""

    status: int
    content: bytes
    value: Any


class Producer:
    """A client of the producer's HTTP surface; `open` is the lifespan of the application that uses it."""

    def __init__(self, url: str, settings: ProducerCalls) -> None:
        self._settings = settings
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX, keepalive_expiry=KEEPALIVE_S)
        headers = {"Accept-Encoding": "identity", "User-Agent": "tideline-query-api"}
        self._http = httpx.AsyncClient(base_url=url, limits=limits, headers=headers, trust_env=False)

    @asynccontextmanager
    async def open(self, _app: object) -> AsyncIterator[None]:
        """Connections are closed at the end."""
        async with self._http:
            yield

    async def call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: Body | None = None,
        extra_s: float = 0.0,
    ) -> Answer:
        """The answer to one request, which may take `extra_s` longer than others, counted from the end of the body.

        Raises Problem: the producer's own with its status, 502 when it is down or answers something that is not
        understood, 504 when it says nothing.
        """
        answer_s = self._settings.answer_s + extra_s
        limit = asyncio.timeout(None if body else answer_s)
        request = self._http.build_request(
            method,
            path,
            params=parameters,
            headers={"Content-Type": body.media_type} if body else {},
            content=_counted(body.parts, limit, answer_s) if body else None,
            timeout=httpx.Timeout(answer_s, connect=self._settings.connect_s, pool=self._settings.connect_s),
        )
        try:
            async with limit:
                return _understood(request, *await self._exchange(request))
        except (TimeoutError, httpx.TimeoutException):
            log.warning("the producer is silent", method=method, path=path)
            detail = "the producer has not answered in time; look whether it did what was asked before you ask again"
            raise Problem(504, detail, headers=AGAIN) from None
        except httpx.ConnectError:
            log.warning("the producer is down", method=method, path=path)
            raise Problem(502, "the producer cannot be reached: is it running?", headers=AGAIN) from None
        except httpx.TransportError as error:
            raise _nonsense(request, type(error).__name__) from None

    async def _exchange(self, request: httpx.Request) -> tuple[int, httpx.Headers, bytes]:
        response = await self._http.send(request, stream=True)
        content = bytearray()
        try:
            async for part in response.aiter_raw():
                content += part
                if len(content) > self._settings.answer_bytes_max:
                    raise _nonsense(request, "too long")
        finally:
            await response.aclose()
        return response.status_code, response.headers, bytes(content)


async def _counted(parts: AsyncIterator[bytes], limit: asyncio.Timeout, answer_s: float) -> AsyncIterator[bytes]:
    """The body as it comes, however slowly; its end is when the time for the answer begins."""
    async for part in parts:
        yield part
    limit.reschedule(asyncio.get_running_loop().time() + answer_s)


def _understood(request: httpx.Request, status: int, headers: httpx.Headers, content: bytes) -> Answer:
    """A success as it is; raises Problem for everything else."""
    kind = headers.get("content-type", "").partition(";")[0].strip()
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _nonsense(request, "no JSON") from None
    if 200 <= status < 300 and kind == JSON:
        return Answer(status, content, value)
    if status >= 400 and status in STATUSES and kind == MEDIA_TYPE and (problem := _problem(status, headers, value)):
        if status >= 500:
            log.warning("the producer has a problem", problem=value)
        raise problem
    raise _nonsense(request, f"status {status}")


def _problem(status: int, headers: httpx.Headers, value: Any) -> Problem | None:
    """The producer's problem as one of ours; None when it is none."""
    match value:
        case {"detail": str(detail), "errors": list(errors)} if all(map(_is_error, errors)):
            retry_after = headers.get("retry-after", "")
            again = {"Retry-After": retry_after} if retry_after.isdigit() else {}
            return Problem(status, detail, errors=errors, headers=again)
        case _:
            return None


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _nonsense(request: httpx.Request, what: str) -> Problem:
    log.warning("the producer's answer is not understood", method=request.method, path=request.url.path, what=what)
    return Problem(502, "the producer's answer is not understood: its log may say more", headers=AGAIN)
