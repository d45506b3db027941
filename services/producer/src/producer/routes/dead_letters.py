"""Dead letters to be sent again or set aside."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated

import orjson
from asyncpg import Record
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.bodies import as_model, read_json
from producer import replays
from producer.copy import Copy
from producer.errors import Conflict
from producer.replays import Place

BODY_BYTES_MAX = 2_000_000
"""A value that may just be published, in base64, and some room."""

Base64 = Annotated[str, Field(pattern=r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$")]
Places = Annotated[list[Place], Field(min_length=1, max_length=1_000)]


class Replay(BaseModel):
    """Letters to be sent again; with a value in base64 it is one letter, edited."""

    model_config = ConfigDict(extra="forbid")
    letters: Places
    value: Base64 | None = None


class Discard(BaseModel):
    """Letters to be set aside, and why."""

    model_config = ConfigDict(extra="forbid")
    letters: Places
    note: str = Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")


def letter_routes(copy: Copy) -> APIRouter:
    """Both book what is wanted and answer at once; what query-api passes on is resolved to places already."""
    routes = APIRouter(prefix="/dead-letters", tags=["dead letters"])
    ours = (copy.topics.readings, copy.topics.rows)

    @routes.post("/replay", status_code=202)
    async def replay(request: Request) -> Response:
        wish = as_model(await read_json(request, BODY_BYTES_MAX), Replay)
        _refuse_foreign(wish.letters, ours)
        edited = None if wish.value is None else b64decode(wish.value)
        booked = await replays.request_replays(copy.pool, wish.letters, edited)
        copy.look_soon()
        return _answer(booked)

    @routes.post("/discard", status_code=202)
    async def discard(request: Request) -> Response:
        wish = as_model(await read_json(request, BODY_BYTES_MAX), Discard)
        return _answer(await replays.request_discards(copy.pool, wish.letters, wish.note))

    return routes


def _refuse_foreign(places: Sequence[Place], ours: Sequence[str]) -> None:
    """Raise Conflict for letters of topics that nobody reads any more, as under another `topic_prefix`."""
    foreign = sorted({topic for _, topic, _, _ in places} - set(ours))
    if foreign:
        raise Conflict(
            f"topic {foreign[0]} is none of this deployment's ({', '.join(ours)}): nobody would read a replay"
        )


def _answer(booked: Sequence[Record]) -> Response:
    letters = [dict(letter) for letter in booked]
    return Response(orjson.dumps({"letters": letters}), 202, media_type="application/json")
