"""Windows and quarters of the events that differ, recounted from Kafka's side with plain Python numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import orjson

from contracts.events import Row
from contracts.samples import ALL_FIELDS, Rules, samples
from query_api.audit.findings import FINDINGS_MAX, Check, Outcome
from query_api.audit.raw import Difference
from query_api.database import Snapshot

WINDOWS = Check(
    "kafka_windows", 5, "windows and quarters count what Kafka holds, also where a raw table does not",
    "this is not what the events in Kafka amount to",
)  # fmt: skip
MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
UNIT = 2**62
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Samples = dict[tuple[str, datetime, UUID], float]
"""By category, time and id of the event."""


class Recount:
    """Counts the quarters around differences anew: what is stored, with Kafka's word where that differs."""

    def __init__(self, snapshot: Snapshot, rules: Mapping[str, Rules], series: Mapping[tuple[str, str], int]) -> None:
        self._snapshot, self._rules, self._series = snapshot, rules, series
        self.outcome = Outcome(WINDOWS)

    async def look(self, differences: Iterable[Difference]) -> None:
        """Compare the windows and the quarters that hold these events."""
        quarters = defaultdict[tuple[str, datetime], list[Difference]](list)
        for one in differences:
            quarters[one.stream, start_of(one.timestamp, QUARTER)].append(one)
        for stream, start in sorted(quarters)[:FINDINGS_MAX]:
            await self._quarter(stream, start, quarters[stream, start])
        if len(quarters) > FINDINGS_MAX:
            self.outcome.unfinished = f"{len(quarters)} quarters hold events that differ: {FINDINGS_MAX} were recounted"

    async def _quarter(self, stream: str, start: datetime, differences: Sequence[Difference]) -> None:
        rules = self._rules.get(stream, ALL_FIELDS)
        sides = [_samples_of(one, stored, rules) for one in differences for stored in (True, False)]
        names = {category for side in sides for category, _, _ in side}
        ids = {self._series[stream, name]: name for name in names if (stream, name) in self._series}
        kept = await self._kept(stream, start, ids, rules)
        for one in differences:
            for key in _samples_of(one, True, rules):
                kept.pop(key, None)
            kept.update(_samples_of(one, False, rules))
        should_be = lines([(at, category, value) for (category, at, _), value in kept.items()])
        rows = await self._snapshot.fetch("audit/kafka_windows", list(ids), start, start + QUARTER)
        stored = {(row["table"], ids[row["series_id"]], row["start"]): dict(list(row.items())[3:]) for row in rows}
        for line in sorted(stored.keys() | {line for line in should_be if line[1] in ids.values()}):
            table, category, at = line
            if stored.get(line) != should_be.get(line):
                place = {"table": table, "stream": stream, "category": category, "minute": at}
                self.outcome.add(place, stored.get(line, {}), should_be.get(line, {}))

    async def _kept(self, stream: str, start: datetime, ids: Mapping[int, str], rules: Rules) -> Samples:
        """The samples that Postgres has of these series in a quarter, those of rows too."""
        readings = await self._snapshot.fetch("audit/kafka_values", list(ids), start, start + QUARTER)
        kept = {(ids[row["series_id"]], row["timestamp"], row["id"]): row["value"] for row in readings}
        async for row in self._snapshot.rows("audit/rows", stream, start, start + QUARTER):
            found = _samples_in(stream, row["timestamp"], row["id"], row["data"], rules)
            kept |= {key: value for key, value in found.items() if key[0] in ids.values()}
        return kept


def _samples_of(one: Difference, stored: bool, rules: Rules) -> Samples:
    value = one.stored if stored else one.should_be
    if value is None:
        return {}
    if one.category is not None and not isinstance(value, str):
        return {(one.category, one.timestamp, one.id): value}
    return _samples_in(one.stream, one.timestamp, one.id, str(value), rules)


def _samples_in(stream: str, at: datetime, event_id: UUID, data: str, rules: Rules) -> Samples:
    row = Row(event_id, stream, 0, at, orjson.loads(data))
    return {(category, at, event_id): value for category, value in samples(row, rules).values}


def lines(found: Iterable[tuple[datetime, str, float]]) -> dict[tuple[str, str, datetime], dict[str, Any]]:
    """What these samples amount to: by table, category and start."""
    groups = defaultdict[tuple[str, str, datetime], list[tuple[datetime, float]]](list)
    for at, category, value in found:
        groups["windows", category, start_of(at, MINUTE)].append((at, value + 0.0))
        groups["quarters", category, start_of(at, QUARTER)].append((at, value + 0.0))
    return {key: _line(values) for key, values in groups.items()}


def _line(values: Sequence[tuple[datetime, float]]) -> dict[str, Any]:
    numbers, first, last = [value for _, value in values], min(values), max(values)
    total = sum(round(Fraction(number) * UNIT) for number in numbers)
    return {
        "count": len(numbers), "sum": str(total), "min": min(numbers), "max": max(numbers),
        "first_at": first[0], "first_value": first[1], "last_at": last[0], "last_value": last[1],
    }  # fmt: skip


def start_of(at: datetime, step: timedelta) -> datetime:
    """The start of the minute or quarter that holds a moment."""
    return at - (at - EPOCH) % step
