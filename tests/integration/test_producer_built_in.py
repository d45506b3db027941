import calendar
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.stack import Stack
from tests.support.streams import published, row, until_state
from tests.support.waiting import until_async

from contracts.topics import Topics

BACKFILL = 302_400
QUICK = {"TIDELINE_STREAMS__LEASE_S": "2", "TIDELINE_STREAMS__POLL_S": "0.2"}


def only(*names: str) -> dict[str, str]:
    """Settings that switch all other built-in streams off."""
    return {f"TIDELINE_BUILT_IN__{name.upper()}": str(name in names).lower() for name in ("host", "demo", "prices")}


async def position_at_least(database: Database, stream: str, position: int, within_s: float = 60) -> None:
    async def reached() -> bool:
        return bool((await row(database.producer_dsn, stream)).get("position", 0) >= position)

    await until_async(reached, within_s, f"{stream} is at position {position}")


async def test_the_demo_backfills_seven_days_once_and_then_lives_on(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    first = start_service("producer", **only("demo"), **QUICK).wait_ready()
    await position_at_least(database, "demo", BACKFILL + 1)
    first.kill()
    second = start_service("producer", **only("demo"), **QUICK).wait_ready()
    before = (await row(database.producer_dsn, "demo"))["position"]
    await position_at_least(database, "demo", before + 1)
    assert second.terminate(within_s=8) == 0
    stream = await row(database.producer_dsn, "demo")

    events = set(published(stack.kafka_bootstrap, topics.readings, "demo"))
    assert len({event.id for event in events}) == len(events) == stream["position"]
    started = stream["run_start"] + timedelta(days=7)
    assert stream["created_at"] - timedelta(seconds=2) < started <= stream["created_at"]
    backfilled = [event for event in events if event.timestamp < started]
    assert len(backfilled) == BACKFILL
    assert set(Counter(event.category for event in backfilled).values()) == {BACKFILL // 5}
    times = sorted(event.timestamp for event in events if event.category == "temperature")
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(seconds=10)}
    assert stream["run"] == 1


async def test_the_prices_of_january_2025_are_published_once(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **only("prices"), **QUICK)
    await until_state(database.producer_dsn, "prices", ["completed"])
    assert copy.terminate() == 0
    copy = start_service("producer", **only("prices"), **QUICK).wait_ready()
    assert (await row(database.producer_dsn, "prices"))["state"] == "completed"
    assert copy.terminate() == 0

    ticks = published(stack.kafka_bootstrap, topics.readings, "prices")
    days = Counter(tick.timestamp.astimezone(UTC).date() for tick in ticks)
    january = [date(2025, 1, day) for day in range(1, calendar.monthrange(2025, 1)[1] + 1)]
    assert sorted(days) == [day for day in january if day.weekday() < 5]
    assert set(days.values()) == {3 * 720}
    assert len({tick.id for tick in ticks}) == len(ticks) == 49_680
    assert {tick.category for tick in ticks} == {"EURUSD", "GBPUSD", "AUDUSD"}


async def test_the_host_is_measured_once_a_second_and_an_outage_leaves_a_gap(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **only("host"), **QUICK).wait_ready()

    def seconds() -> list[datetime]:
        events = published(stack.kafka_bootstrap, topics.readings, "host")
        return sorted({event.timestamp for event in events if event.category == "cpu_percent"})

    async def measured(count: int) -> bool:
        return len(seconds()) >= count

    await until_async(lambda: measured(3), 20, "three seconds are measured", every_s=0.5)
    stack.kafka.kill()
    stack.kafka.start()
    reached = len(seconds())
    await until_async(lambda: measured(reached + 4), 30, "it goes on", every_s=0.5)
    assert copy.terminate(within_s=8) == 0

    events = published(stack.kafka_bootstrap, topics.readings, "host")
    assert len({(event.category, event.timestamp) for event in events}) == len({event.id for event in events})
    assert all(event.timestamp.microsecond == 0 for event in events)
    categories = {event.category for event in events}
    assert {"cpu_percent", "memory_percent", "memory_used_bytes", "disk_percent"} <= categories
    assert {"network_received_bytes_per_s", "network_sent_bytes_per_s"} <= categories
    assert all(0 <= event.value <= 100 for event in events if event.category.endswith("percent"))
    steps = [later - earlier for earlier, later in pairwise(seconds())]
    assert max(steps) > timedelta(seconds=1), "the outage left no gap"
    assert steps[-1] == timedelta(seconds=1)


async def test_a_setting_switches_a_built_in_stream_off_and_on_again_without_a_second_backfill(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **only("demo"), **QUICK).wait_ready()
    await position_at_least(database, "demo", 1)
    assert copy.terminate(within_s=8) == 0

    copy = start_service("producer", **only(), **QUICK).wait_ready()
    stopped = await until_state(database.producer_dsn, "demo", ["stopped"])
    assert "setting" in stopped["reason"]
    assert await row(database.producer_dsn, "host") == {}
    assert copy.terminate(within_s=8) == 0

    again_at = datetime.now(UTC)
    start_service("producer", **only("demo"), **QUICK).wait_ready()
    await until_state(database.producer_dsn, "demo", ["running"])
    await position_at_least(database, "demo", 2)
    events = published(stack.kafka_bootstrap, topics.readings, "demo")
    second_run = [event for event in events if event.timestamp >= again_at - timedelta(seconds=1)]
    assert (await row(database.producer_dsn, "demo"))["run"] == 2
    assert len(events) - len(second_run) == stopped["position"]
