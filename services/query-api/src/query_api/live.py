"""Live updates: one poller for all clients, a bounded queue for each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime

import structlog

from chassis.problems import Problem
from query_api import sse
from query_api.database import Database
from query_api.formats import Line
from query_api.ledger import Lost, changes, check_history, current, states
from query_api.settings import LiveSettings
from query_api.sse import Vector

log = structlog.get_logger("live")

RETRY_S = 1.0


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

    def __init__(self, stream: str | None, vector: Vector, queue_max: int) -> None:
        self.stream, self.vector = stream, vector
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


class Live:
    """The clients and, while there are any, the poller."""

    def __init__(self, database: Database, settings: LiveSettings, stopping: asyncio.Event) -> None:
        self._database, self._settings, self._stopping = database, settings, stopping
        self._clients: set[Client] = set()
        self._vector: Vector = {}
        self._states: dict[str, Line] = {}
        self._tick = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._joining = asyncio.Lock()

    async def join(self, stream: str | None) -> Client:
        """A client that gets every update from now on. Raises Problem: 429 too many, 503 no database or stopping."""
        async with self._joining:
            if len(self._clients) >= self._settings.clients_max:
                raise Problem(429, f"{self._settings.clients_max} clients are connected", headers={"Retry-After": "5"})
            if self._stopping.is_set():
                raise Problem(503, "the service is stopping", headers={"Retry-After": "1"})
            if not self._tasks:
                self._vector, self._states = await current(self._database), await states(self._database)
                self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._end())]
            client = Client(stream, self._vector, self._settings.queue_max)
            self._clients.add(client)
            return client

    def leave(self, client: Client) -> None:
        """The client is gone; with the last one the poller ends."""
        self._clients.discard(client)
        if not self._clients and not self._joining.locked():
            self._rest()

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def events(self, client: Client, last_event_id: str | None) -> AsyncIterator[bytes]:
        """What the client missed since its last event, the states of its streams, then every update, until a stop."""
        if last_event_id is not None:
            async for message in self._missed(client, last_event_id):
                yield message
        yield sse.event("streams", followed(self._states.values(), client.stream), client.vector)
        while (update := await client.next(self._settings.ping_s)) is not None:
            yield update

    async def _missed(self, client: Client, last_event_id: str) -> AsyncIterator[bytes]:
        told: dict[Key, int] = {}
        try:
            vector, more = sse.decode(last_event_id), True
            check_history(vector, await current(self._database))
            while more:
                found = await changes(self._database, vector)
                vector, more = found.vector, found.more
                lines = news(followed(found.windows, client.stream), told)
                told |= {window_key(line): line["count"] for line in lines}
                if lines:
                    yield sse.event("windows", lines, vector)
        except (ValueError, Lost) as error:
            yield sse.event("resync", [{"reason": str(error), "stream": client.stream}], client.vector)
            return
        # The look under way may have begun before the windows above were read, and the next one begins where it ends.
        client.caught_up(vector, told, self._tick + 1)

    async def _end(self) -> None:
        await self._stopping.wait()
        for client in self._clients:
            client.close()

    async def _poll(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._settings.poll_s)
                try:
                    await self._look()
                except Problem as problem:
                    log.warning("no live updates for now", reason=problem.detail)
                    await asyncio.sleep(RETRY_S)
        except Exception:
            log.exception("live updates broke off")  # the clients connect again, and with them comes a new poller
            self._rest()
            for client in self._clients:
                client.close()

    async def _look(self) -> None:
        self._tick += 1
        try:
            found = await changes(self._database, self._vector)
        except Lost as error:
            self._vector = await current(self._database)
            self._tell("resync", [{"reason": str(error), "stream": None}])
            return
        self._vector = found.vector
        if found.windows:
            self._tell("windows", found.windows)
        now = await states(self._database)
        gone: list[Line] = [{"stream": name, "state": "deleted"} for name in self._states.keys() - now.keys()]
        changed = [line for name, line in now.items() if line != self._states.get(name)]
        self._states = now
        if changed or gone:
            self._tell("streams", changed + gone)

    def _tell(self, name: str, lines: list[Line]) -> None:
        update = Update(name, lines, self._vector, self._tick)
        for client in self._clients:
            client.offer(update)
