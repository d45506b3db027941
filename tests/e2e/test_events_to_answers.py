"""All services as processes: an event of any Kafka client in, an answer over HTTP out."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import fmean
from uuid import uuid4

import httpx
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics


def get(api: ServiceProcess, path: str, **parameters: str) -> list[dict[str, object]]:
    answer = httpx.get(api.url + path, params=parameters, timeout=10, trust_env=False)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


def event(stream: str, category: str, at: datetime, value: float) -> bytes:
    """What docs/events.md says, written by hand."""
    return json.dumps(
        {
            "id": str(uuid4()),
            "stream": stream,
            "category": category,
            "timestamp": at.isoformat().replace("+00:00", "Z"),
            "value": value,
        }
    ).encode()


def test_what_a_plain_client_publishes_is_answered_within_two_seconds(
    stack: Stack, topics: Topics, start_service: StartService
) -> None:
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    api = start_service("query-api").wait_ready()
    now = datetime.now(UTC)
    publish(stack.kafka_bootstrap, topics.readings, [event("lab-3", "warm up", now, 1.0)])
    until(lambda: get(api, "/api/v1/raw-data", stream="lab-3"), 10, "the pipeline is warm")

    publish(stack.kafka_bootstrap, topics.readings, [event("lab-3", "temperature", now, 21.5)])
    (line,) = until(
        lambda: get(api, "/api/v1/raw-data", stream="lab-3", category="temperature"), 2, "it is in raw-data"
    )
    assert line["value"] == 21.5
    assert datetime.fromisoformat(str(line["timestamp"])) == now
    publish(stack.kafka_bootstrap, topics.readings, [b'{"stream":"bare","category":"c","value":7}'])
    (bare,) = until(lambda: get(api, "/api/v1/raw-data", stream="bare"), 2, "one without id and time is there too")
    assert bare["value"] == 7


def test_windows_and_daily_averages_equal_a_recount_while_processors_are_killed(
    stack: Stack, topics: Topics, start_service: StartService
) -> None:
    api = start_service("query-api").wait_ready()
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    sent = [
        (category, start + timedelta(seconds=37 * n), float(n % 101) / 4)
        for n in range(5_000)
        for category in ("pressure", "temperature")
    ]
    values = [event("plant", category, at, value) for category, at, value in sent]
    for part in range(4):
        processor = start_service("processor", TIDELINE_NAME="processor-1", TIDELINE_BATCH__RECORDS="500").wait_ready()
        publish(stack.kafka_bootstrap, topics.readings, values[part * 2_500 : (part + 1) * 2_500])
        publish(stack.kafka_bootstrap, topics.readings, values[: part * 100])  # sent again: counts once
        if part < 3:
            processor.kill()

    def counts() -> dict[str, int]:
        return {
            str(line["category"]): int(str(line["count"]))
            for line in get(api, "/api/v1/processed-data", stream="plant")
        }

    until(lambda: counts() == {"pressure": 5_000, "temperature": 5_000}, 30, "all is counted once")

    days: dict[tuple[str, str], list[float]] = defaultdict(list)
    minutes: dict[tuple[str, datetime], list[float]] = defaultdict(list)
    for category, at, value in sent:
        days[at.date().isoformat(), category].append(value)
        minutes[category, at.replace(second=0)].append(value)
    averages = get(
        api,
        "/api/v1/daily-averages",
        stream="plant",
        start_date=str(start.date()),
        end_date=str(start.date() + timedelta(days=2)),
    )
    assert {(line["date"], line["category"]): (line["avg_value"], line["count"]) for line in averages} == {
        key: (fmean(numbers), len(numbers)) for key, numbers in days.items()
    }
    lines = get(api, "/api/v1/processed-data", stream="plant", step="1m", limit="10000")
    got = {
        (line["category"], datetime.fromisoformat(str(line["window_start"]))): (line["avg_value"], line["count"])
        for line in lines
    }
    assert got == {key: (fmean(numbers), len(numbers)) for key, numbers in minutes.items()}
