"""How Postgres would answer a statement of the query API."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from query_api.database import statement


async def plan_of(connection: asyncpg.Connection, name: str, values: tuple[Any, ...]) -> dict[str, Any]:
    """The plan of the statement in sql/<name>.sql for these values."""
    plan: dict[str, Any] = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement(name)}", *values))[
        0
    ]["Plan"]
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """It and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scanned(plan: dict[str, Any], *kinds: str) -> list[str]:
    """The tables that such nodes read, as often as they stand there."""
    return [node["Relation Name"] for node in nodes(plan) if node["Node Type"] in kinds and "Relation Name" in node]
