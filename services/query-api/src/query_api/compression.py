"""Long answers as gzip, for those who take it."""

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from query_api.accept import named

HEADER = "accept-encoding"


class Compression(GZipMiddleware):
    """Starlette's, which looks only whether `gzip` is named, as it is also by who refuses it with `gzip;q=0`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a caller who takes no gzip as one who has said nothing, here and further in (ETags)."""
        if scope["type"] == "http" and not dict(named(Headers(scope=scope).get(HEADER))).get("gzip"):
            # Not in a copy: further in its route is noted there, by which requests are counted.
            scope["headers"] = [one for one in scope["headers"] if one[0] != HEADER.encode()]
        await super().__call__(scope, receive, send)
