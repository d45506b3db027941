"""An independent recount: what Postgres must hold, computed in plain Python from what Kafka holds.

Shares no code with the services: another Kafka client, the json module, dicts, fractions.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import asyncpg

from tests.support.malformed import MALFORMED
from tests.support.publisher import Record
from tests.support.tables import broken_invariants, read_tables

Key = tuple[str, str]
Event = tuple[str, str, datetime, UUID]
Place = tuple[str, int, int]
"""Topic, partition, offset."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLACES = UUID("8c1f0f2e-5a53-5d0e-9d6b-6f1f4b7f6f0a")
"""The namespace of the ids of events that came without one, as docs/events.md says."""
POISON = {(case.topic, case.value, case.headers): case.reason for case in MALFORMED}
"""Records that every publisher of bad data in these tests sends, with the reason each must get."""


@dataclass
class Window:
    """One series over one bucket."""

    values: list[tuple[datetime, float]] = field(default_factory=list)

    def line(self) -> tuple[int, float, float, float, float, float]:
        """count, sum, min, max, first, last."""
        numbers = [value for _, value in self.values]
        return (
            len(numbers),
            math.fsum(numbers),
            min(numbers),
            max(numbers),
            min(self.values)[1],
            max(self.values)[1],
        )

    def units(self) -> int:
        """The sum in units of 2⁻⁶², each value rounded to one: what is stored, without any other rounding."""
        return sum(round(Fraction(value) * 2**62) for _, value in self.values)


@dataclass
class Recount:
    """What the records amount to."""

    events: dict[Event, float] = field(default_factory=dict)
    rows: dict[tuple[str, datetime, UUID], tuple[int, Any]] = field(default_factory=dict)
    minutes: dict[tuple[Key, datetime], Window] = field(default_factory=dict)
    quarters: dict[tuple[Key, datetime], Window] = field(default_factory=dict)
    letters: dict[Place, str | None] = field(default_factory=dict)
    """The records to be refused, with the reason where it is known beforehand."""
    records: int = 0

    @property
    def refused(self) -> int:
        """How many records are to be refused."""
        return len(self.letters)

    def add(self, stream: str, category: str, at: datetime, value: float) -> None:
        """One sample into its windows."""
        minute = at.replace(second=0, microsecond=0)
        quarter = minute - timedelta(minutes=minute.minute % 15)
        self.minutes.setdefault(((stream, category), minute), Window()).values.append((at, value))
        self.quarters.setdefault(((stream, category), quarter), Window()).values.append((at, value))


def recount(records: Sequence[Record], asked: Iterable[Sequence[str]] = ()) -> Recount:
    """Count each distinct valid event once; of equal ones the first.

    `asked`: the replays that were asked for, each as the place in its header and the sha256 of its value.
    """
    found, booked, replayed = Recount(), {(place, digest) for place, digest in asked}, set[str]()
    first = {f"1/{r.topic}/{r.partition}/{r.offset}": r for r in records}
    for record in records:
        found.records += 1
        kind = "rows" if record.topic.endswith("rows") else "readings"
        reason = POISON.get((kind, record.value, tuple(record.headers)))
        place = (dict(record.headers).get("replay-of") or b"").decode()
        if place and not reason:
            if (place, sha256(record.value or b"").hexdigest()) not in booked:
                found.letters[record.topic, record.partition, record.offset] = "unknown_replay"
                continue
            fields = None if place in replayed else _fields(replace(first[place], value=record.value, headers=()), kind)
            if fields is None:
                continue  # a duplicate
            replayed.add(place)
        else:
            fields = None if reason else _fields(record, kind)
        if fields is None:
            found.letters[record.topic, record.partition, record.offset] = reason
        elif kind == "rows":
            _add_row(found, fields)
        else:
            _add_reading(found, fields)
    return found


def _add_reading(found: Recount, fields: dict[str, Any]) -> None:
    event = (fields["stream"], fields["category"], fields["at"], fields["uuid"])
    if event not in found.events:
        found.events[event] = value = float(fields["value"])
        found.add(event[0], event[1], event[2], value)


def _add_row(found: Recount, fields: dict[str, Any]) -> None:
    key = (fields["stream"], fields["at"], fields["uuid"])
    if key not in found.rows:
        found.rows[key] = (fields["row"], fields["data"])
        for category, value in samples(fields["data"]):
            found.add(key[0], category, key[1], value)


def samples(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a row, and true and false as 1 and 0, under their dotted names."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from samples(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float) and abs(value) <= 1e15:
            yield prefix + name, float(value)


def _fields(record: Record, kind: str) -> dict[str, Any] | None:
    """The fields of an event, with its time as `at` and its id as `uuid`; None where it is none."""
    try:
        for _, text in record.headers:
            (text or b"").decode()
        fields = json.loads(record.value or b"", parse_constant=_refuse)
        if not isinstance(fields["stream"], str):
            return None
        timed = "timestamp" in fields
        if "id" in fields and not timed:
            return None
        fields["at"] = (
            datetime.fromisoformat(fields["timestamp"]).astimezone(UTC)
            if timed
            else EPOCH + timedelta(milliseconds=record.append_ms)
        )
        fields["uuid"] = UUID(fields["id"]) if "id" in fields else _id_of(record)
        return fields if _is_row(fields) or (kind == "readings" and _is_reading(fields)) else None
    except (ValueError, KeyError, TypeError):
        return None


def _is_reading(fields: dict[str, Any]) -> bool:
    value = fields["value"]
    number = not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= 1e15
    return number and isinstance(fields["category"], str)


def _is_row(fields: dict[str, Any]) -> bool:
    return isinstance(fields.get("row"), int) and isinstance(fields.get("data"), dict)


def _id_of(record: Record) -> UUID:
    return uuid5(PLACES, f"1/{record.topic}/{record.partition}/{record.offset}")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


RAW = "SELECT stream, category, timestamp, r.id, value FROM raw_readings r JOIN series s ON s.id = series_id"
WINDOWS = """
SELECT stream, category, minute AS at, count, sum, min, max, first_value, last_value, 0 AS minutes
FROM window_values JOIN series s ON s.id = series_id
"""


async def assert_exact(dsn: str, records: list[Record]) -> Recount:
    """Postgres holds exactly what the records amount to: raw readings, windows, quarters, dead letters, ledger."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await read_tables(connection)
        wanted = recount(records, tables["replays"])
        assert differences(wanted, tables) == []
        assert await broken_invariants(connection) == []
    finally:
        await connection.close()
    return wanted


def differences(wanted: Recount, tables: dict[str, list[list[Any]]]) -> list[str]:
    """Where Postgres, as `read_tables` read it, differs from the recount: one line a table, with examples."""
    raw = {(s, c, _at(us), UUID(i)): value for s, c, us, i, value in tables["raw_readings"]}
    rows = {(s, _at(us), UUID(i)): (row, json.loads(data)) for s, us, i, row, data in tables["raw_rows"]}
    letters = {(topic, partition, offset): reason for topic, partition, offset, reason in tables["dead_letters"]}
    expected_letters = {place: reason or letters.get(place) for place, reason in wanted.letters.items()}
    compared = (
        ("raw_readings", wanted.events, raw),
        ("raw_rows", wanted.rows, rows),
        ("dead_letters", expected_letters, letters),
        ("windows", _window_lines(wanted.minutes, {}), _stored(tables["windows"])),
        ("quarters", _window_lines(wanted.quarters, _masks(wanted)), _stored(tables["quarters"])),
    )
    found = [_difference(name, expected, stored) for name, expected, stored in compared]
    return [line for line in found if line]


def _masks(wanted: Recount) -> dict[tuple[Key, datetime], int]:
    """For each quarter the bits of its minutes that have data."""
    masks: dict[tuple[Key, datetime], int] = {}
    for key, minute in wanted.minutes:
        bit = minute.minute % 15
        quarter = (key, minute - timedelta(minutes=bit))
        masks[quarter] = masks.get(quarter, 0) | 1 << bit
    return masks


def _window_lines(
    windows: dict[tuple[Key, datetime], Window], masks: dict[tuple[Key, datetime], int]
) -> dict[tuple[Key, datetime], tuple[Any, ...]]:
    return {key: (*window.line(), window.units(), masks.get(key, 0)) for key, window in windows.items()}


def _stored(lines: list[list[Any]]) -> dict[tuple[Key, datetime], tuple[Any, ...]]:
    return {((s, c), _at(us)): (*shown, int(units), mask) for s, c, us, *shown, units, mask in lines}


def _difference(name: str, expected: dict[Any, Any], stored: dict[Any, Any]) -> str:
    if expected == stored:
        return ""
    missing = [key for key in expected if key not in stored]
    extra = [key for key in stored if key not in expected]
    other = [key for key in expected if key in stored and expected[key] != stored[key]]
    examples = [f"missing {key}: {expected[key]}" for key in missing[:2]] + [f"extra {key}" for key in extra[:2]]
    examples += [f"{key} is {stored[key]}, not {expected[key]}" for key in other[:2]]
    counts = f"{len(missing)} missing, {len(extra)} too many, {len(other)} other of {len(expected)}"
    return f"{name}: {counts}; {'; '.join(examples)}"


def _at(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
