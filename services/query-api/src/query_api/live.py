"""Live updates: one poller for all clients."""

import asyncio
from collections.abc import AsyncIterator

import structlog

from chassis.problems import Problem
from query_api import sse
from query_api.clients import Client, Key, Update, followed, news, window_key
from query_api.database import Database
from query_api.formats import Line
from query_api.ledger import Lost, changes, check_history, current, states
from query_api.places import Places
from query_api.settings import LiveSettings
from query_api.sse import Vector

log = structlog.get_logger("live")

RETRY_S = 1.0


class Live:
    """The clients and, while there are any, the poller."""

    def __init__(self, database: Database, settings: LiveSettings, stopping: asyncio.Event) -> None:
        self._database, self._settings, self._stopping = database, settings, stopping
        self._places = Places(settings.clients_max, settings.per_address_max)
        self._clients: set[Client] = set()
        self._vector: Vector = {}
        self._states: dict[str, Line] = {}
        self._tick = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._joining, self._looked = asyncio.Lock(), asyncio.Condition()

    async def join(self, stream: str | None, address: str) -> Client:
        """A client that gets every update from now on. Raises Problem: 429 too many, 503 no database or stopping."""
        async with self._joining:
            if self._stopping.is_set():
                raise Problem(503, "the service is stopping", headers={"Retry-After": "1"})
            if not self._tasks:
                self._vector, self._states = await current(self._database), await states(self._database)
                self._tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._end())]
            self._places.take(address)
            client = Client(stream, address, self._vector, self._settings.queue_max)
            self._clients.add(client)
            return client

    def leave(self, client: Client) -> None:
        """The client is gone; with the last one the poller ends."""
        self._clients.remove(client)
        self._places.leave(client.address)
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
            await self._reach(client, vector)
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

    async def _reach(self, client: Client, vector: Vector) -> None:
        """Wait until the poller has seen what the client has seen: only then are its updates news to the client.

        A client that caught up by itself and was cut off at once can be ahead of it by a look.
        """
        try:
            async with self._looked, asyncio.timeout(self._settings.ping_s):
                await self._looked.wait_for(lambda: self._stopping.is_set() or sse.reached(self._vector, vector))
        except TimeoutError:
            raise Lost("updates are late") from None
        client.forget()

    async def _end(self) -> None:
        await self._stopping.wait()
        for client in self._clients:
            client.close()
        async with self._looked:
            self._looked.notify_all()

    async def _poll(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._settings.poll_s)
                try:
                    await self._look()
                    async with self._looked:
                        self._looked.notify_all()
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
