"""Dead letters as Postgres has them, as lines that are safe to show."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import orjson
from asyncpg import Record

from chassis.problems import Problem
from contracts.reasons import Reason
from query_api.database import Database
from query_api.formats import Line
from query_api.letter_lines import LetterLine
from query_api.lines import columns
from query_api.paging import LetterCursor
from query_api.ranges import Range
from query_api.shown_bytes import shown

NAMES = columns(LetterLine)
REASONS = {reason.value: reason for reason in Reason}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; None: any."""

    reasons: tuple[str, ...] | None
    topic: str | None
    stream: str | None
    state: str | None
    text: str | None
    range: Range


async def letters_page(
    database: Database, wanted: Wanted, place: LetterCursor | None, limit: int
) -> tuple[list[Record], LetterCursor | None]:
    """At most `limit` dead letters beyond a place, newest first, and where they end; None: there are no more."""
    reasons = list(wanted.reasons) if wanted.reasons else None
    filters = (reasons, wanted.topic, wanted.stream, wanted.state, wanted.range.start, wanted.range.end, wanted.text)
    before = (place.time, place.generation, place.topic, place.partition, place.offset) if place else (None,) * 5
    found = await database.fetch("dead_letters_before", *filters, *before, limit + 1)
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    at = {name: last[name] for name in ("generation", "topic", "partition", "offset")}
    return found[:limit], LetterCursor(time=last["received_at"], **at)


async def one_letter(database: Database, topic: str, partition: int, offset: int, generation: int | None) -> Record:
    """A dead letter, whole. Raises Problem 404."""
    rows = await database.fetch("dead_letter", topic, partition, offset, generation)
    if not rows:
        raise Problem(404, "there is no such dead letter: /api/v1/dead-letters lists all of them")
    return rows[0]


async def reasons(database: Database) -> list[Line]:
    """How many there are of each reason, most first."""
    rows = await database.fetch("dead_letter_reasons")
    return [{"reason": row["reason"], **in_words(row["reason"]), **dict(list(row.items())[1:])} for row in rows]


def line(row: Record) -> dict[str, Any]:
    """A dead letter as it is shown; of a value that is longer than what was read, the beginning."""
    length, value = row["bytes"] or 0, row["value"]
    truncated = value is not None and len(value) < length
    text, encoding = shown(value, whole=not truncated)
    key, key_encoding = shown(row["key"])
    facts = {**dict(row), **in_words(row["reason"]), "truncated": truncated, "value": text, "value_encoding": encoding}
    facts |= {"key": key, "key_encoding": key_encoding}
    return {name: facts[name] for name in NAMES}


def body(row: Record) -> dict[str, Any]:
    """The same with its headers."""
    return line(row) | {"headers": [_header(name, value) for name, value in orjson.loads(row["headers"])]}


def in_words(reason: str) -> dict[str, str | None]:
    """What causes this reason and how to fix it; nothing for one that a newer processor gave."""
    known = REASONS.get(reason)
    return {"cause": known.cause if known else None, "fix": known.fix if known else None}


def _header(name: str, value: str) -> dict[str, str | None]:
    text, encoding = shown(b64decode(value))
    return {"name": name.encode("unicode_escape").decode(), "value": text, "encoding": encoding}
