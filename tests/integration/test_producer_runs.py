import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import httpx
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.processes import ServiceProcess
from tests.support.publisher import limit_message_bytes, read_all
from tests.support.stack import Stack
from tests.support.streams import Published, add_simulation, execute, published, row, until_state
from tests.support.waiting import until, until_async

from contracts.topics import Topics
from producer.simulate.ids import NAMESPACE

START = datetime(2026, 3, 1, tzinfo=UTC)
QUIET = {f"TIDELINE_BUILT_IN__{name}": "false" for name in ("HOST", "DEMO", "PRICES")}
QUICK = {
    "TIDELINE_STREAMS__LEASE_S": "2",
    "TIDELINE_STREAMS__POLL_S": "0.2",
    "TIDELINE_PUBLISH__CHUNK_EVENTS": "250",  # so that there is a middle to kill something in
    "TIDELINE_PUBLISH__CHUNKS_IN_FLIGHT": "2",
}


def expected_ids(stream: str, count: int, run: int = 1) -> set[str]:
    return {str(uuid5(NAMESPACE, f"{stream}/{run}/{position}")) for position in range(count)}


def assert_uninterrupted(events: list[Published], stream: str, count: int, rate: float) -> None:
    """What is in Kafka is what one run that nothing interrupted would have made: repeats are the same events."""
    assert {event.id for event in events} == expected_ids(stream, count)
    assert len(set(events)) == count, "an id came with two times or values"
    assert max(event.timestamp for event in events) == START + timedelta(seconds=(count - 1) / rate)


async def position_beyond(dsn: str, stream: str, position: int) -> None:
    async def beyond() -> bool:
        return bool((await row(dsn, stream)).get("position", 0) > position)

    await until_async(beyond, 60, f"{stream} is beyond position {position}", every_s=0.01)


async def test_a_copy_killed_in_the_middle_is_taken_over_within_the_lease(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copies = [start_service("producer", TIDELINE_NAME=name, **QUIET, **QUICK).wait_ready() for name in ("one", "two")]
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", seed=3, rate=1000, count=100_000)
    await position_beyond(database.producer_dsn, "lab", 10_000)
    owner = (await row(database.producer_dsn, "lab"))["owner"]
    copies[0 if owner.startswith("one") else 1].kill()
    killed_at = (await row(database.producer_dsn, "lab"))["position"]
    assert killed_at < 90_000, "it was over before it could be killed"

    async def taken_over() -> bool:
        return (await row(database.producer_dsn, "lab"))["owner"] not in (owner, None)

    await until_async(taken_over, 5, "the other copy owns it")
    await until_state(database.producer_dsn, "lab", ["completed"])
    assert_uninterrupted(published(stack.kafka_bootstrap, topics.readings, "lab"), "lab", 100_000, 1000)


async def test_a_broker_killed_in_the_middle_loses_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="random-walk", seed=3, rate=1000, count=100_000)
    await position_beyond(database.producer_dsn, "lab", 10_000)
    stack.kafka.kill()
    until(lambda: health(copy, "ready") == 503, 15, "it says that it is not ready")
    assert health(copy, "health") == 200
    stack.kafka.start()
    await until_state(database.producer_dsn, "lab", ["completed"])
    until(lambda: health(copy, "ready") == 200, 15, "it is ready again")
    assert_uninterrupted(published(stack.kafka_bootstrap, topics.readings, "lab"), "lab", 100_000, 1000)


async def test_postgres_killed_in_the_middle_loses_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="random-int", seed=3, rate=1000, count=100_000)
    await position_beyond(database.producer_dsn, "lab", 10_000)
    stack.postgres.kill()
    until(lambda: health(copy, "ready") == 503, 15, "it says that it is not ready")
    stack.postgres.start()
    await until_state(database.producer_dsn, "lab", ["completed"])
    assert_uninterrupted(published(stack.kafka_bootstrap, topics.readings, "lab"), "lab", 100_000, 1000)
    assert copy.exit_code is None


async def test_a_copy_that_is_told_to_end_hands_over_at_once_and_repeats_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    slow_lease: dict[str, Any] = {**QUICK, "TIDELINE_STREAMS__LEASE_S": "120"}
    first = start_service("producer", **QUIET, **slow_lease).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", seed=3, rate=1000, count=100_000)
    await position_beyond(database.producer_dsn, "lab", 5_000)
    assert first.terminate(within_s=8) == 0
    assert (await row(database.producer_dsn, "lab"))["state"] == "pending"
    start_service("producer", **QUIET, **slow_lease).wait_ready()
    await until_state(database.producer_dsn, "lab", ["completed"])
    events = published(stack.kafka_bootstrap, topics.readings, "lab")
    assert_uninterrupted(events, "lab", 100_000, 1000)
    assert len(events) == 100_000


async def test_it_starts_without_kafka_and_without_postgres_and_goes_on_when_they_come(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=10, count=50)
    stack.kafka.stop()
    stack.postgres.stop()
    copy = start_service("producer", **QUIET, **QUICK)
    until(lambda: health(copy, "health") == 200, 15, "it is alive")
    answer = until(lambda: httpx.get(f"{copy.url}/ready", trust_env=False), 5)
    assert answer.status_code == 503
    assert any(reason.startswith("postgres: ") for reason in answer.json()["reasons"])
    stack.postgres.start()
    until(lambda: "kafka: " in httpx.get(f"{copy.url}/ready", trust_env=False).text, 15)
    stack.kafka.start()
    copy.wait_ready()
    await until_state(database.producer_dsn, "lab", ["completed"])
    assert len(published(stack.kafka_bootstrap, topics.readings, "lab")) == 50


@pytest.mark.parametrize("server", ["kafka", "postgres"])
async def test_it_ends_in_seconds_while_a_server_is_dead(
    server: str, stack: Stack, database: Database, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=1000, count=10_000_000)
    await position_beyond(database.producer_dsn, "lab", 5_000)
    getattr(stack, server).kill()
    until(lambda: health(copy, "ready") == 503, 20, "it has noticed")
    assert copy.terminate(within_s=8) == 0


async def test_it_ends_in_seconds_while_kafka_is_frozen(
    stack: Stack, database: Database, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=1000, count=10_000_000)
    await position_beyond(database.producer_dsn, "lab", 5_000)
    stack.kafka.pause()
    until(lambda: health(copy, "ready") == 503, 20, "it has noticed")
    assert copy.terminate(within_s=8) == 0


async def test_it_ends_in_seconds_while_postgres_is_frozen(
    stack: Stack, database: Database, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=1000, count=10_000_000)
    await position_beyond(database.producer_dsn, "lab", 5_000)
    stack.postgres.pause()
    until(lambda: health(copy, "ready") == 503, 20, "it has noticed")
    assert copy.terminate(within_s=8) == 0


async def test_each_change_of_state_is_an_event_in_order(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=10, count=50)
    await until_state(database.producer_dsn, "lab", ["completed"])

    async def all_announced() -> bool:
        return (await row(database.producer_dsn, "lab"))["unannounced"] == "[]"

    await until_async(all_announced, 10, "every change is announced")
    assert copy.exit_code is None
    records = [record for record in read_states(stack, topics) if record["stream"] == "lab"]
    assert [(record["state"], record["run"]) for record in records] == [
        ("pending", 1),
        ("running", 1),
        ("completed", 1),
    ]


async def test_a_stream_that_cannot_run_fails_with_its_reason_and_harms_no_other(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await execute(
        database.producer_dsn,
        """INSERT INTO streams (id, kind, spec, desired, state)
           VALUES ('bad', 'simulation', '{"profile": "of tomorrow"}', 'running', 'pending')""",
    )
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=10, count=50)
    assert "profile" in (await until_state(database.producer_dsn, "bad", ["failed"]))["reason"]
    await until_state(database.producer_dsn, "lab", ["completed"])
    assert copy.exit_code is None


async def test_a_batch_refused_for_good_is_published_again_by_a_new_producer(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", seed=3, rate=1000, count=50_000)
    await position_beyond(database.producer_dsn, "lab", 2_000)
    copy.pause()  # it would be through before a busy broker refuses anything
    limit_message_bytes(stack.kafka_bootstrap, topics.readings, 500)
    copy.resume()
    until(lambda: "beginning again from the checkpoint" in copy.log, 20, "a batch was refused")
    limit_message_bytes(stack.kafka_bootstrap, topics.readings, 1_048_588)
    await until_state(database.producer_dsn, "lab", ["completed"])
    assert_uninterrupted(published(stack.kafka_bootstrap, topics.readings, "lab"), "lab", 50_000, 1000)
    assert copy.exit_code is None


async def test_states_refused_for_good_are_announced_by_a_new_producer(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    limit_message_bytes(stack.kafka_bootstrap, topics.streams, 20)
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "lab", START, profile="sensor", rate=10, count=50)
    until(lambda: "MessageSizeTooLarge" in copy.log, 20, "an announcement was refused")
    limit_message_bytes(stack.kafka_bootstrap, topics.streams, 1_048_588)
    await until_state(database.producer_dsn, "lab", ["completed"])  # until then there is more to tell

    async def all_announced() -> bool:
        return (await row(database.producer_dsn, "lab"))["unannounced"] == "[]"

    await until_async(all_announced, 20, "every change is announced")
    assert [state["state"] for state in read_states(stack, topics)] == ["pending", "running", "completed"]


async def test_without_its_topics_it_ends_with_one_line_that_says_what_to_do(
    stack: Stack, database: Database, start_service: StartService
) -> None:
    copy = start_service("producer", **QUIET, TIDELINE_TOPIC_PREFIX="nowhere.")
    until(lambda: copy.exit_code is not None, 20, "it ends")
    assert copy.exit_code == 2
    (line,) = [line for line in copy.log.splitlines() if not line.startswith("{")]
    assert "nowhere.readings" in line
    assert "python -m provision topics" in line


def health(copy: ServiceProcess, route: str) -> int:
    try:
        return httpx.get(f"{copy.url}/{route}", timeout=2, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def read_states(stack: Stack, topics: Topics) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in read_all(stack.kafka_bootstrap, topics.streams) if record.value]


HELD = """CREATE FUNCTION refuse_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this end is not stored';
END $$;
CREATE TRIGGER refuse_end BEFORE UPDATE ON streams FOR EACH ROW
    WHEN (NEW.id = 'held' AND OLD.owner IS NOT NULL AND NEW.owner IS NULL) EXECUTE FUNCTION refuse_end()"""


async def test_a_run_that_cannot_be_ended_is_in_no_others_way(database: Database, start_service: StartService) -> None:
    await execute(database.owner_dsn, HELD)
    copy = start_service("producer", **QUIET, **QUICK).wait_ready()
    await add_simulation(database.producer_dsn, "held", START, profile="sensor", rate=10, count=50)
    until(lambda: "this end is not stored" in copy.log, 20, "an end was refused")
    await add_simulation(database.producer_dsn, "late", START, profile="sensor", rate=10, count=50)
    await until_state(database.producer_dsn, "late", ["completed"], within_s=10)
    held = await row(database.producer_dsn, "held")
    assert (held["state"], held["position"], held["run"]) == ("running", 50, 1), "its lease is kept all the time"
    await execute(database.owner_dsn, "DROP TRIGGER refuse_end ON streams")
    await until_state(database.producer_dsn, "held", ["completed"], within_s=10)
    assert copy.log.count("run claimed") == 2
    assert copy.log.count("trying again") == 1, "one line when trouble begins, not one a round"
