"""What the processors changed beyond a vector, read from their ledger."""

from dataclasses import dataclass
from operator import itemgetter

from asyncpg import Record

from chassis.problems import Problem
from query_api.database import Database
from query_api.formats import JsonText, Line
from query_api.lines import BucketLine, columns
from query_api.sse import NOWHERE, Partition, Position, Vector

TOO_SLOW = 504
WINDOW = columns(BucketLine)
LEDGER_ROWS = 1_000
"""Most ledger rows of a partition at once: a client that was long away is caught up in several steps."""


class Lost(Exception):  # noqa: N818 - an answer, not a failure
    """What changed since a vector is not known any more, or the vector is of another history: read all anew."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The windows that changed, as they are now, and the vector up to which these are all; `more`: ask again."""

    windows: list[Line]
    vector: Vector
    more: bool


async def current(database: Database) -> Vector:
    """How far everything is now."""
    rows = await database.fetch("vector")
    return {_partition(row): Position(row["pass"], row["next_offset"]) for row in rows}


async def changes(database: Database, since: Vector) -> Changes:
    """All that was committed beyond `since`, whatever the order of the commits.

    Ledger and windows are read in one snapshot, so that no change is told twice. Raises Lost.
    """
    seen = [(*partition, *position) for partition, position in since.items()]
    vector = [list(column) for column in zip(*seen, strict=True)] or [[]] * 5
    try:
        found = await database.fetch("changes", *vector, LEDGER_ROWS)
    except Problem as problem:
        if problem.status != TOO_SLOW:
            raise
        raise Lost("too much changed at once") from problem
    rows = [row for row in found if row["stream"] is None]
    _check(since, rows)
    windows = [{name: row[name] for name in WINDOW} for row in found if row["stream"] is not None]
    return Changes(sorted(windows, key=itemgetter("window_start")), _advanced(since, rows), bool(rows))


def check_history(vector: Vector, now: Vector) -> None:
    """Raise Lost when a vector is ahead of what there is: it was made on another database, or before a restore."""
    if any(position > now.get(partition, NOWHERE) for partition, position in vector.items()):
        raise Lost("another history")


async def states(database: Database) -> dict[str, Line]:
    """The state of every stream by its id."""
    rows = await database.fetch("stream_states")
    return {row["stream"]: dict(row) | {"progress": JsonText(row["progress"])} for row in rows}


def _partition(row: Record) -> Partition:
    return Partition(row["generation"], row["topic"], row["partition"])


def _begin(row: Record) -> Position:
    return Position(row["pass"], row["first_offset"])


def _advanced(since: Vector, rows: list[Record]) -> Vector:
    vector = dict(since)
    for row in rows:
        end = Position(row["pass"], row["next_offset"])
        vector[_partition(row)] = max(end, vector.get(_partition(row), end))
    return vector


def _check(since: Vector, rows: list[Record]) -> None:
    """Ranges have no gap, so the first one of a partition begins where the vector stands, or in a later pass."""
    firsts: dict[Partition, Position] = {}
    for row in rows:
        if row["forgotten"]:
            raise Lost("away too long")
        firsts[_partition(row)] = min(_begin(row), firsts.get(_partition(row), _begin(row)))
    for partition, first in firsts.items():
        if partition in since and first.run == since[partition].run and first != since[partition]:
            raise Lost("the ledger has a gap")
