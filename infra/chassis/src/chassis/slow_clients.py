"""Ends connections whose client keeps a service waiting: for a request, for its body, or for the answer to be taken.

uvicorn ends a connection that is idle between two requests and waits for ever in all other cases.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

LOOK_EVERY_S = 1.0
WAIT_LOOKS = 10
"""A head must be there within so many looks; a body must bring some bytes between two of them, in the long run."""
TAKE_LOOKS = 4
"""An answer that was given up must be taken within so many looks, or some of it."""
BODY_BYTES_PER_LOOK = 1024


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """A connection of uvicorn's that counts what came."""

    came = 0

    def data_received(self, data: bytes) -> None:
        """Count, and pass on."""
        self.came += len(data)
        super().data_received(data)


class Watch:
    """Looks at all connections again and again."""

    def __init__(self, connections: Iterable[Any]) -> None:
        self._connections = connections
        self._waits: dict[Connection, tuple[tuple[object, ...], int]] = {}
        self._came: dict[Connection, int] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look()

    def look(self) -> None:
        """End those that have kept us waiting for one thing too often."""
        waits: dict[Connection, tuple[tuple[object, ...], int]] = {}
        for connection in tuple(self._connections):
            what = self._awaited(connection)
            if what is None:
                continue
            before, looks = self._waits.get(connection, (what, 0))
            looks = looks + 1 if before == what else 1
            if looks > (TAKE_LOOKS if what[0] == "take" else WAIT_LOOKS):
                connection.transport.abort()
            else:
                waits[connection] = what, looks
        self._waits = waits
        self._came = {one: one.came for one in self._connections if isinstance(one, Connection)}

    def _awaited(self, connection: Connection) -> tuple[object, ...] | None:
        """What the client has to do, the same thing as long as nothing changes; None when it is our turn.

        It holds the request itself, whose id could be that of the next one.
        """
        transport, cycle = connection.transport, connection.cycle
        if transport.is_closing():
            return "take", transport.get_write_buffer_size()
        if cycle is None or cycle.response_complete:
            return "ask", cycle
        if cycle.more_body and not connection.flow.read_paused:
            fast = connection.came - self._came.get(connection, 0) >= BODY_BYTES_PER_LOOK
            return None if fast else ("send", cycle)
        return None
