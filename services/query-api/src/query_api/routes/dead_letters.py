"""`/api/v1/dead-letters`: what was refused, and why."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from query_api import letters
from query_api.answers import Listing, Page, Read, answer, one
from query_api.formats import Columns
from query_api.letter_lines import LetterBody, LetterLine, ReasonLine
from query_api.letters import Wanted
from query_api.lines import columns
from query_api.openapi import READS, answered, example, listed
from query_api.paging import LetterCursor
from query_api.parameters import LetterQuery, LettersQuery, NoParameters
from query_api.parts import Parts

OCTETS = "application/octet-stream"
Topic = Annotated[str, Path(max_length=249, pattern=r"^[A-Za-z0-9._-]+$", examples=["readings"])]
Partition = Annotated[int, Path(ge=0, le=2**31 - 1, examples=[3])]
Offset = Annotated[int, Path(ge=0, le=2**63 - 1, examples=[1204])]


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["Dead letters"])

    @routes.get("", summary="Dead letters", **listed(LetterLine))
    async def dead_letters(request: Request, query: Annotated[LettersQuery, Query()]) -> Response:
        """Records that were refused, newest first, each with its bytes, the reason in words and how to fix it.

        The range is about when they were kept. Of a long value only the beginning is shown; a single letter is whole.
        """
        place = query.place(request, LetterCursor)
        used = query.range(parts.now(), place)
        read = _reader(parts, query.wanted(used, query.state))
        listing = Listing(Columns(columns(LetterLine)), read, place, used)
        return await answer(request, parts, query, parts.settings.limits.rows_default, listing)

    @routes.get("/reasons", summary="Counts by reason", **answered(list[ReasonLine], [example(ReasonLine)], *READS))
    async def reasons(request: Request, _query: NoParameters) -> Response:
        """How many there are of each reason, and what became of them."""
        return one(request, await letters.reasons(parts.database))

    described = answered(LetterBody, example(LetterBody), 404, *READS)
    described["responses"][200]["content"][OCTETS] = {"schema": {"type": "string", "format": "binary"}}

    @routes.get("/{topic}/{partition}/{offset}", summary="One dead letter", **described)
    async def dead_letter(
        request: Request, topic: Topic, partition: Partition, offset: Offset, query: Annotated[LetterQuery, Query()]
    ) -> Response:
        """The whole record with its headers; with `raw=true` the bytes of its value and nothing else."""
        row = await letters.one_letter(parts.database, topic, partition, offset, query.generation)
        if query.raw:
            name = f"{topic}-{partition}-{offset}.bin"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(row["value"] or b"", media_type=OCTETS, headers=headers)
        return one(request, letters.body(row))

    return routes


def _reader(parts: Parts, wanted: Wanted) -> Read[LetterCursor]:
    async def read(place: LetterCursor | None, limit: int) -> Page[LetterCursor]:
        found, then = await letters.letters_page(parts.database, wanted, place, limit)
        return Page([letters.line(row) for row in found], then)

    return read
