"""What a request may do: by the key it carries, or by the cookie that a browser has instead."""

import secrets
import time

from starlette.requests import HTTPConnection, Request
from starlette.types import Scope

from chassis.problems import Problem
from query_api.keys import Keys
from query_api.settings import ApiKey, QueryApiSettings

COOKIE = "tideline_session"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Access:
    """Knows the keys; a route that needs one depends on it."""

    def __init__(self, settings: QueryApiSettings) -> None:
        secret = settings.session.secret.get_secret_value()
        self.keys = Keys(settings.api_keys, secret.encode() or secrets.token_bytes(32))

    async def __call__(self, request: Request) -> None:
        """Let the request pass; raises a Problem 401 or 403 when its key is missing, not known, or not for this."""
        if not self.keys.wanted:
            return
        key = self.key_of(request.scope)
        if key is None:
            raise refused(request)
        if request.method not in READS and key.scope != "control":
            challenge = 'Bearer realm="tideline", error="insufficient_scope", scope="control"'
            detail = "this key may only read: a change needs one whose scope is `control`"
            raise Problem(403, detail, headers={"WWW-Authenticate": challenge})

    def key_of(self, scope: Scope) -> ApiKey | None:
        """Whose key or cookie a request carries; a key counts before a cookie."""
        connection = HTTPConnection(scope)
        if (key := bearer(connection)) is not None:
            return self.keys.of_key(key)
        token = connection.cookies.get(COOKIE)
        return self.keys.of_token(token, time.time()) if token else None


def bearer(connection: HTTPConnection) -> str | None:
    """The key in the header `Authorization`; None where there is none."""
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def refused(connection: HTTPConnection) -> Problem:
    """Why a request without a known key is not answered."""
    given = bearer(connection) is not None
    challenge = 'Bearer realm="tideline"' + (', error="invalid_token"' if given else "")
    detail = "the key is not known here" if given else "a key is needed, as `Authorization: Bearer`"
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})
