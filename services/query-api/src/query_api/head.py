"""HEAD on every route that takes GET: the same status and headers, and no body."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Asks the application as GET and ends the answer behind its headers, however long or endless it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; the server itself still sees HEAD and lets no byte of a body through."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self._app(scope, receive, send)
        answered = asyncio.Event()

        async def headers_only(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body"})
                answered.set()

        asking = asyncio.create_task(_call(self._app, {**scope, "method": "GET"}, receive, headers_only))
        behind_headers = asyncio.create_task(answered.wait())
        try:
            await asyncio.wait({asking, behind_headers}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()  # as if the caller had gone
            behind_headers.cancel()
            await asyncio.wait({asking, behind_headers})
        if not asking.cancelled() and (error := asking.exception()) and not answered.is_set():
            raise error
        return None


async def _call(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
