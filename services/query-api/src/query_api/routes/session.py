"""`/api/v1/session`: a browser trades a key for a cookie that no script can read."""

import time
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from query_api.access import COOKIE, Access, bearer, refused
from query_api.openapi import FREE, answered, example
from query_api.parameters import NoParameters
from query_api.settings import ApiKey, SessionSettings


class SessionBody(BaseModel):
    """What the caller may do."""

    key_wanted: bool = Field(examples=[True], description="Whether this service wants keys at all.")
    name: str | None = Field(examples=["ops"], description="The name of the key that was given; null without one.")
    scope: Literal["read", "control"] | None = Field(
        examples=["control"], description="`read`, or `control` for changes too; null where a key is wanted first."
    )


def router(access: Access, settings: SessionSettings, public_url: str) -> APIRouter:
    """The routes; none of them needs a key."""
    routes = APIRouter(prefix="/api/v1/session", tags=["Service"])
    shown = example(SessionBody)

    def body(key: ApiKey | None) -> SessionBody:
        if not access.keys.wanted:
            return SessionBody(key_wanted=False, name=None, scope="control")
        return SessionBody(key_wanted=True, name=key and key.name, scope=key and key.scope)

    @routes.get("", summary="What I may do", openapi_extra=FREE, **answered(SessionBody, shown))
    async def show(request: Request, response: Response, _query: NoParameters) -> SessionBody:
        """By the key or the cookie of this request; never an error."""
        response.headers["Cache-Control"] = "no-store"
        return body(access.key_of(request.scope))

    @routes.post("", summary="Trade a key for a cookie", openapi_extra=FREE, **answered(SessionBody, shown, 401, 403))
    async def begin(request: Request, response: Response, _query: NoParameters) -> SessionBody:
        """The key comes as `Authorization: Bearer`. No script can read the cookie, no other site can send it."""
        response.headers["Cache-Control"] = "no-store"
        if not access.keys.wanted:
            return body(None)
        key = access.keys.of_key(bearer(request) or "")
        if key is None:
            raise refused(request)
        age_s = int(settings.hours * 3600)
        token = access.keys.token(key, int(time.time()) + age_s)
        secure = request.url.scheme == "https" or public_url.startswith("https:")
        response.set_cookie(COOKIE, token, age_s, httponly=True, samesite="strict", secure=secure)
        return body(key)

    @routes.delete("", summary="Forget the cookie", openapi_extra=FREE, **answered(SessionBody, shown, 403))
    async def end(response: Response, _query: NoParameters) -> SessionBody:
        """The browser has none any more. Again: the same."""
        response.headers["Cache-Control"] = "no-store"
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return body(None)

    return routes
