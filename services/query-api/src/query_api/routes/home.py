"""`GET /`: a page for a person, how much there is for a program."""

from fastapi import APIRouter, Request, Response

from query_api.accept import prefers
from query_api.access import Access
from query_api.answers import as_json
from query_api.dashboard import page
from query_api.formats import MEDIA_TYPES, Format
from query_api.openapi import READS, answered, example
from query_api.parameters import NoParameters
from query_api.parts import Parts
from query_api.stream_lines import TotalsBody
from query_api.streams import totals

HEADERS = {"Vary": "Accept", "Cache-Control": "no-store"}


def router(parts: Parts, access: Access) -> APIRouter:
    """The route; the page holds no data and needs no key."""
    routes = APIRouter(tags=["Service"])
    described = answered(TotalsBody, example(TotalsBody), 401, *READS)
    described["responses"][200]["content"]["text/html"] = {"schema": {"type": "string"}}

    @routes.get("/", summary="How much there is", **described)
    async def home(request: Request, _query: NoParameters) -> Response:
        """Readings and rows kept, and streams that count towards those that may run at once.

        The dashboard, where `Accept` names text/html.
        """
        if prefers(request.headers.get("accept"), "text/html", MEDIA_TYPES[Format.JSON]):
            return page(parts.settings.dashboard_dir)
        await access(request)
        found = await totals(parts.database)
        return as_json(found._asdict(), headers=HEADERS)

    return routes
