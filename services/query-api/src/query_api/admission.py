"""Whom the service answers: under its own names, changes from its own pages only, and so many of them a second."""

import secrets
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.problems import Problem, problem_response
from query_api.access import READS, Access
from query_api.settings import QueryApiSettings

FOR_PROBES = frozenset({"/api/v1/health", "/api/v1/ready"})
"""Asked by an address that nobody knows beforehand."""
UNPACED = "/api/v1/events"
"""Data, not control: limited by its bytes and by how many requests are answered at once."""
CLIENTS_MAX = 10_000
ALL_OTHERS = ""
"""Clients beyond the most that are told apart share one pace."""
ROUNDING_S = 1e-9


def name_of(host: str) -> str:
    """The name in a header `Host`, without its port."""
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.strip("[]").rstrip(".").lower()


def is_own(origin: str, host: str, public_url: str) -> bool:
    """Whether a page of this origin was served from here, as far as the names tell."""
    try:
        place = urlsplit(origin)
    except ValueError:
        return False
    own = {host.lower(), urlsplit(public_url).netloc.lower()} - {""}
    return place.scheme in ("http", "https") and place.netloc.lower() in own


class Pace:
    """So many at once, then so many a second, each client by itself. The clock is an argument."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._room_s, self._each_s = burst / per_s, 1 / per_s
        self._paid_until: dict[str, float] = {}

    def wait_s(self, client: str, now: float) -> float:
        """0 takes a turn of the client's; else there is none for so long."""
        if client not in self._paid_until and len(self._paid_until) >= CLIENTS_MAX:
            self._paid_until = {one: until for one, until in self._paid_until.items() if until > now}
            client = client if len(self._paid_until) < CLIENTS_MAX else ALL_OTHERS
        paid = max(self._paid_until.get(client, now), now) + self._each_s
        if paid - now > self._room_s + ROUNDING_S:
            return paid - now - self._room_s
        self._paid_until[client] = paid
        return 0.0


class Admission:
    """Answers 400, 403 and 429 itself and passes everything else on."""

    def __init__(self, app: ASGIApp, settings: QueryApiSettings, access: Access) -> None:
        self._app, self._access = app, access
        self._public_url = settings.public_url
        own = (*settings.allowed_hosts, settings.http_host, urlsplit(settings.public_url).hostname or "")
        self._names = {name.strip("[]").lower() for name in own} - {""}
        self._pace = Pace(settings.limits.changes_burst, settings.limits.changes_per_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if it may be."""
        problem = self._refusal(scope) if scope["type"] == "http" else None
        if problem is not None:
            return await problem_response(problem, secrets.token_hex(8))(scope, receive, send)
        return await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["path"] not in FOR_PROBES and "*" not in self._names and name_of(host) not in self._names:
            return Problem(400, "the service has another name: the setting allowed_hosts lists the names it has")
        if scope["method"] in READS:
            return None
        if origin is not None and not is_own(origin, host, self._public_url):
            return Problem(403, "a page of another origin may not change anything here")
        return None if scope["path"] == UNPACED else self._too_fast(scope)

    def _too_fast(self, scope: Scope) -> Problem | None:
        key = self._access.key_of(scope)
        address = scope["client"][0] if scope.get("client") else ""
        client = f"key {key.name}" if key else address
        wait_s = self._pace.wait_s(client, time.monotonic())
        if not wait_s:
            return None
        return Problem(429, "too many changes at once: slow down", headers={"Retry-After": str(int(wait_s) + 1)})
