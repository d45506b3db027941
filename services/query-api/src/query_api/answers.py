"""Lists as answers: one page with an ETag and a link to the next, or a stream of all lines in constant memory."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.datastructures import URL

from chassis.problems import Problem
from query_api import formats
from query_api.errors import BadParameter, CutShort
from query_api.formats import Columns, Format, Line
from query_api.paging import Cursor, encode
from query_api.parameters import Listed, asked
from query_api.parts import Parts
from query_api.ranges import EVERYTHING, Range, written

C = TypeVar("C", bound=Cursor)


@dataclass(frozen=True, slots=True)
class Page(Generic[C]):
    """Some lines, and where the next page begins; None: there is none."""

    lines: Sequence[Line]
    next: C | None = None


Read = Callable[[C | None, int], Awaitable[Page[C]]]
"""Gives at most so many lines after a place, from the beginning for None."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[C]):
    """A list that is read page by page, from a place on; the range it is about goes into headers and cursors."""

    columns: Columns
    read: Read[C]
    place: C | None = None
    used: Range = EVERYTHING
    headers: dict[str, str] = field(default_factory=dict)

    def about(self) -> dict[str, str]:
        """All headers that tell about the list."""
        return range_headers(self.used) | self.headers


async def nothing(_place: object, _limit: int) -> Page[Any]:
    """Reads a list of which nothing is kept."""
    return Page([])


def range_headers(used: Range) -> dict[str, str]:
    """The range that was used; an end is missing where it was open and nothing is kept."""
    ends = {"Tideline-Start": used.start, "Tideline-End": used.end}
    return {name: written(at) for name, at in ends.items() if at is not None}


def page_size(parts: Parts, limit: int | None, default: int) -> int:
    """How many lines a page has. Raises BadParameter."""
    most = parts.settings.limits.rows_max
    if limit is not None and limit > most:
        raise BadParameter("limit", f"must be at most {most}; follow the Link header for more, or stream CSV or NDJSON")
    return min(default, most) if limit is None else limit


async def answer(request: Request, parts: Parts, query: Listed, default: int, listing: Listing[C]) -> Response:
    """The list in the format that the caller wants, `default` lines on a page that says nothing else."""
    form = formats.wanted(query.format, request.headers.get("accept"))
    size = page_size(parts, query.limit, default)
    if form is not Format.JSON and query.limit is None:
        return await _streamed(parts, form, listing)
    page = await listing.read(listing.place, size)
    headers = listing.about()
    if page.next is not None:
        headers["Link"] = f'<{_next_url(request, parts, page.next, listing.used)}>; rel="next"'
    return single(request, form, formats.page(form, page.lines, listing.columns), headers)


def single(request: Request, form: Format, body: bytes, headers: dict[str, str]) -> Response:
    """A whole body with its ETag, or 304 for a caller who has it."""
    tag = formats.etag(body, request.headers.get("accept-encoding"))
    headers = headers | {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept"}
    if formats.is_known(tag, request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers | {"Vary": "Accept, Accept-Encoding"})
    return Response(body, headers=headers, media_type=formats.MEDIA_TYPES[form])


def one(request: Request, value: Any) -> Response:
    """One thing as JSON with its ETag, or 304 for a caller who has it."""
    return single(request, Format.JSON, formats.json_bytes(value), {})


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """What is different each time, as JSON."""
    return Response(formats.json_bytes(value), status, headers=headers, media_type=formats.MEDIA_TYPES[Format.JSON])


async def _streamed(parts: Parts, form: Format, listing: Listing[C]) -> Response:
    size = parts.settings.limits.rows_fetched
    first = await listing.read(listing.place, size)  # before the status is sent, so that a failure has its own
    return StreamingResponse(
        _chunks(parts, form, listing, first, size),
        headers=listing.about() | {"Vary": "Accept"},
        media_type=formats.MEDIA_TYPES[form],
    )


async def _chunks(parts: Parts, form: Format, listing: Listing[C], page: Page[C], size: int) -> AsyncIterator[bytes]:
    """All pages as bytes. Raises CutShort when a page cannot be read."""
    if form is Format.CSV:
        yield listing.columns.header()
    while True:
        if form is Format.CSV:
            yield listing.columns.rows(page.lines)
        else:
            yield formats.ndjson(page.lines)
        if page.next is None:
            return
        if parts.stopping.is_set():
            raise CutShort("the service is stopping")
        try:
            page = await listing.read(page.next, size)
        except Problem as problem:
            raise CutShort(problem.detail) from problem


def _next_url(request: Request, parts: Parts, place: Cursor, used: Range) -> URL:
    url = request.url.include_query_params(cursor=encode(place, asked(request), used))
    if parts.settings.public_url:
        base = URL(parts.settings.public_url)
        url = url.replace(scheme=base.scheme, netloc=base.netloc)
    return url
