"""`/api/v1/dead-letters/replay` and `/discard`: another try, or none; passed on to the producer."""

from fastapi import APIRouter, Request, Response

from chassis.bodies import as_model, read_json
from query_api.answers import as_json
from query_api.bodies import body_of
from query_api.letter_lines import WishBody
from query_api.openapi import CONTROL, answered, example
from query_api.parameters import NoParameters
from query_api.parts import Parts
from query_api.producer import Body, Producer
from query_api.wishes import DiscardWish, ReplayWish, meant


def router(parts: Parts, producer: Producer) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["Dead letters"])
    described = answered(WishBody, example(WishBody), 400, 404, 409, 413, *CONTROL, status=202)
    bytes_max = parts.settings.limits.body_bytes_max

    async def booked(path: str, wish: ReplayWish | DiscardWish) -> Response:
        letters = await meant(parts.database, wish, parts.now())
        told = []
        if letters.places:
            body = Body.of({"letters": letters.places, **wish.passed_on()})
            told = (await producer.call("POST", path, body=body)).value["letters"]
        requested = sum(letter["outcome"] == "requested" for letter in told)
        return as_json({"requested": requested, "next": letters.next, "letters": told}, 202)

    @routes.post("/replay", summary="Send again", openapi_extra={"requestBody": body_of(ReplayWish)}, **described)
    async def replay(request: Request, _query: NoParameters) -> Response:
        """Publishes dead letters again, one or many, as they are or one with another value.

        Each counts once, however often it is asked for; what has neither an id nor a time of its own gets those of its
        first place. One that is refused again stays open and says why in `tried_reason`.
        """
        return await booked("/dead-letters/replay", as_model(await read_json(request, bytes_max), ReplayWish))

    @routes.post("/discard", summary="Set aside", openapi_extra={"requestBody": body_of(DiscardWish)}, **described)
    async def discard(request: Request, _query: NoParameters) -> Response:
        """Marks dead letters as done with, for a reason that stays with them. They can still be sent again."""
        return await booked("/dead-letters/discard", as_model(await read_json(request, bytes_max), DiscardWish))

    return routes
