"""What a client of live updates is told: updates that are shared, a bounded queue of its own."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime

from query_api import sse
from query_api.formats import Line
from query_api.sse import Vector

Key = tuple[str, str, datetime]


class Update:
    """Lines for everyone; each stream's are encoded once, however many clients want them."""

    def __init__(self, name: str, lines: list[Line], vector: Vector, tick: int) -> None:
        self.vector, self.tick = vector, tick
        self._name, self._lines = name, lines
        self._encoded: dict[str | None, bytes] = {}

    def encoded(self, stream: str | None) -> bytes:
        """The event for who follows this stream, or all; empty when there is nothing in it for them."""
        if stream not in self._encoded:
            lines = followed(self._lines, stream)
            self._encoded[stream] = sse.event(self._name, lines, self.vector) if lines else b""
        return self._encoded[stream]

    def encoded_for(self, client: "Client", told: Mapping[Key, int]) -> bytes:
        """The same for a client who was told some windows, with their counts, and whose id must not go back."""
        lines = followed(self._lines, client.stream)
        if self._name == "windows":
            lines = news(lines, told)
        return sse.event(self._name, lines, client.vector) if lines else b""


def followed(lines: Iterable[Line], stream: str | None) -> list[Line]:
    """The lines of one stream, or all."""
    return [line for line in lines if stream in (None, line["stream"])]


def window_key(line: Line) -> Key:
    """What a line of a window is about. Its count grows with every change, so key and count tell one from the next."""
    return line["stream"], line["category"], line["window_start"]


def news(lines: Iterable[Line], told: Mapping[Key, int]) -> list[Line]:
    """The windows that are not told yet, or not as they are now."""
    return [line for line in lines if line["count"] > told.get(window_key(line), 0)]


class Client:
    """One connected client: what waits for it, at most so many updates; one more and it is told to `resync`."""

    def __init__(self, stream: str | None, address: str, vector: Vector, queue_max: int) -> None:
        self.stream, self.address, self.vector = stream, address, vector
        self.closed = False
        self._queue: deque[Update] = deque()
        self._queue_max = queue_max
        self._wake = asyncio.Event()
        self._told: dict[Key, int] = {}
        self._told_through = -1

    def offer(self, update: Update) -> None:
        """Queue an update, if there is something in it for this client."""
        if len(self._queue) >= self._queue_max:
            self._queue.clear()
            update = Update("resync", [{"reason": "too slow", "stream": self.stream}], update.vector, update.tick)
        self._queue.append(update)
        self._wake.set()

    def forget(self) -> None:
        """Drop what waits: the client catches up by itself."""
        self._queue.clear()

    def caught_up(self, vector: Vector, told: dict[Key, int], through: int) -> None:
        """The client was told these windows up to this vector; updates up to tick `through` may know less."""
        self.vector, self._told, self._told_through = vector, told, through

    def close(self) -> None:
        """End the client's stream at once."""
        self.closed = True
        self._wake.set()

    async def next(self, ping_s: float) -> bytes | None:
        """The next event, a ping when there is none for so long, None at the end."""
        try:
            async with asyncio.timeout(ping_s):
                while not self.closed:
                    while self._queue:
                        if message := self._encoded(self._queue.popleft()):
                            return message
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return sse.ping(self.vector)
        return None

    def _encoded(self, update: Update) -> bytes:
        self.vector = sse.later(self.vector, update.vector)
        if update.tick <= self._told_through:
            return update.encoded_for(self, self._told)
        self._told = {}
        return update.encoded(self.stream)
