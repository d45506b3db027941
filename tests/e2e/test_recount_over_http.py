"""What plain Python computes from the published events is what every read route answers: raw, each step, days."""

import json
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics

ANCHORS = [
    ("UTC", date(2026, 2, 27)),
    ("Europe/Berlin", date(2026, 3, 28)),
    ("America/New_York", date(2025, 11, 1)),
    ("Asia/Kathmandu", date(2026, 1, 30)),
    ("Australia/Lord_Howe", date(2025, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 28)),
    ("Pacific/Chatham", date(2025, 9, 27)),
    ("America/St_Johns", date(2010, 11, 6)),
    ("Asia/Kolkata", date(2026, 5, 1)),
]
"""Zones and days: 23- and 25-hour days, offsets of 30 and 45 minutes, a day that was skipped."""
CLOCKS_CHANGE_INSIDE_AN_HOUR = ("Australia/Lord_Howe", "America/St_Johns")
"""There a local hour is no plain notion on the day of the change: by half an hour, and at one minute past midnight."""
STEPS = {"1m": 60, "5m": 300, "15m": 900}
Event = tuple[str, datetime, UUID, float]


def events_of(first: date, seed: int) -> list[Event]:
    """Readings of two categories in five days around the first."""
    rng = random.Random(seed)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    return [
        (
            rng.choice("ab"),
            start + timedelta(milliseconds=rng.randrange(5 * 86_400_000)),
            UUID(int=rng.getrandbits(128)),
            rng.randrange(-800, 800) / 8,
        )
        for _ in range(600)
    ]


def wire(stream: str, event: Event) -> bytes:
    category, at, event_id, value = event
    timestamp = at.isoformat().replace("+00:00", "Z")
    fields = {"id": str(event_id), "stream": stream, "category": category, "timestamp": timestamp, "value": value}
    return json.dumps(fields).encode()


def lines(api: ServiceProcess, path: str, **asked: str) -> list[dict[str, object]]:
    """Every line of the answer, streamed as NDJSON."""
    answer = httpx.get(api.url + path, params=asked | {"format": "ndjson"}, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def at_of(line: dict[str, object], name: str) -> datetime:
    return datetime.fromisoformat(str(line[name]))


@pytest.fixture
def published(
    stack: Stack, topics: Topics, start_service: StartService
) -> tuple[ServiceProcess, dict[str, list[Event]]]:
    """All events, late, out of order and a tenth of them twice, taken by two processors."""
    rng = random.Random(50)
    streams = {f"s{n}": events_of(first, n) for n, (_, first) in enumerate(ANCHORS)}
    values = [wire(stream, event) for stream, events in streams.items() for event in events]
    values += rng.sample(values, len(values) // 10)
    rng.shuffle(values)
    for name in ("processor-1", "processor-2"):
        start_service("processor", TIDELINE_NAME=name).wait_ready()
    api = start_service("query-api").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, values, [b"%d" % n for n in range(len(values))])
    total = sum(map(len, streams.values()))
    until(lambda: sum(int(str(line["count"])) for line in lines(api, "/api/v1/series")) == total, 60, "all is counted")
    return api, streams


def test_every_read_route_equals_a_recount(published: tuple[ServiceProcess, dict[str, list[Event]]]) -> None:
    api, streams = published
    for (stream, events), (zone_name, first) in zip(streams.items(), ANCHORS, strict=True):
        assert raw(api, stream) == {(str(i), c, at, value) for c, at, i, value in events}
        for step, seconds in STEPS.items():
            assert windows(api, stream, step) == grouped(events, lambda at, s=seconds: floor(at, s))
        zone = ZoneInfo(zone_name)
        if zone_name not in CLOCKS_CHANGE_INSIDE_AN_HOUR:
            assert windows(api, stream, "1h", zone_name) == grouped(events, lambda at, z=zone: local_hour(at, z))
        by_day = {
            (key[0], str(key[1].astimezone(zone).date())): v for key, v in windows(api, stream, "1d", zone_name).items()
        }
        assert by_day == grouped(events, lambda at, z=zone: str(at.astimezone(z).date()))
        assert days(api, stream, zone_name, first) == wanted_days(events, zone, first)


def raw(api: ServiceProcess, stream: str) -> set[tuple[object, ...]]:
    found = lines(api, "/api/v1/raw-data", stream=stream)
    assert [at_of(line, "timestamp") for line in found] == sorted(
        (at_of(line, "timestamp") for line in found), reverse=True
    )
    return {(line["id"], line["category"], at_of(line, "timestamp"), line["value"]) for line in found}


def windows(api: ServiceProcess, stream: str, step: str, zone: str = "UTC") -> dict[tuple[object, datetime], object]:
    found = lines(api, "/api/v1/processed-data", stream=stream, step=step, tz=zone)
    return {
        (line["category"], at_of(line, "window_start")): (line["count"], line["avg_value"], line["min"], line["max"])
        for line in found
    }


def days(api: ServiceProcess, stream: str, zone: str, first: date) -> dict[object, object]:
    asked = {"stream": stream, "tz": zone, "start_date": str(first), "end_date": str(first + timedelta(days=2))}
    found = lines(api, "/api/v1/daily-averages", **asked)
    return {
        (line["category"], line["date"]): (line["count"], line["avg_value"], line["min"], line["max"]) for line in found
    }


def floor(at: datetime, seconds: int) -> datetime:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    return since + (at - since) // timedelta(seconds=seconds) * timedelta(seconds=seconds)


def local_hour(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def grouped(events: list[Event], bucket: object) -> dict[object, object]:
    """count, average, min and max of each category and bucket."""
    groups: dict[object, list[float]] = defaultdict(list)
    for category, at, _, value in events:
        groups[category, bucket(at)].append(value)  # type: ignore[operator]
    return {key: (len(numbers), fmean(numbers), min(numbers), max(numbers)) for key, numbers in groups.items()}


def wanted_days(events: list[Event], zone: ZoneInfo, first: date) -> dict[object, object]:
    last = first + timedelta(days=2)
    inside = [event for event in events if first <= event[1].astimezone(zone).date() <= last]
    return grouped(inside, lambda at: str(at.astimezone(zone).date()))
