"""`GET /api/v1/audit`: whether what is stored is what it must be."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from query_api.answers import as_json
from query_api.audit.run import Audit
from query_api.audit_lines import AuditBody
from query_api.openapi import READS, answered, example
from query_api.parameters import AuditQuery
from query_api.parts import Parts


def router(parts: Parts, audit: Audit) -> APIRouter:
    """The route."""
    routes = APIRouter(tags=["Proof"])

    @routes.get("/api/v1/audit", summary="Audit", **answered(AuditBody, example(AuditBody), *READS))
    async def show_audit(query: Annotated[AuditQuery, Query()]) -> Response:
        """Whether the invariants hold at this moment, in one snapshot of the live system: `PASS`, or what differs.

        The ledger, the counters and the numbers of rows are checked whole, windows and quarters in the range (the last
        seven days without one). A check that takes too long is unfinished and makes the answer `INCOMPLETE`. One audit
        runs at a time, else 429.

        With `deep=true` Kafka is read again, from the first record that may matter to the range up to where the ledger
        stands: each event must be in its raw table, each other record in the dead letters, each batch must count what
        Kafka has in its range, and no raw row may be there without an event. `covered` says what was read; what is
        older than Kafka's retention is named there and no failure. 503 while Kafka is away.
        """
        report = await audit.report(query.range(parts.now()), parts.now(), query.deep)
        return as_json(report)

    return routes
