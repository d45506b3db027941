"""Bad links between a processor and its servers: no crash, no storm of connections, no growing memory."""

import time
from collections.abc import Callable

import httpx
import psutil
import pytest
from tests.chaos.conftest import through_kafka, through_postgres
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import at_least, processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.proxy import Proxy
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics

CONNECTIONS_A_SECOND = 2
GROWTH_BYTES = 40_000_000


def answer(processor: ServiceProcess, path: str) -> int:
    return httpx.get(processor.url + path, timeout=5, trust_env=False).status_code


def memory(processor: ServiceProcess) -> int:
    return int(psutil.Process(processor.pid).memory_info().rss)


def rebalances(processor: ServiceProcess) -> int:
    return processor.log.count("partitions assigned")


UNREACHABLE: dict[str, Callable[[Proxy, Stack], object]] = {
    "refused": lambda link, stack: link.down(),
    "silent": lambda link, stack: setattr(link.toxics, "deaf", True),
    "frozen": lambda link, stack: stack.kafka.pause(),
}


@pytest.mark.parametrize("how", UNREACHABLE)
async def test_a_broker_out_of_reach_is_waited_for(
    how: str, stack: Stack, database: Database, topics: Topics, start_service: StartService, kafka_link: Proxy
) -> None:
    processor = start_service("processor", TIDELINE_KAFKA_BOOTSTRAP=through_kafka(kafka_link)).wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=40))
    await taken(database, 300)
    before, accepted = memory(processor), kafka_link.accepted
    UNREACHABLE[how](kafka_link, stack)
    begun_s = time.monotonic()
    until(lambda: answer(processor, "/ready") == 503, 15, "it says that Kafka does not answer", every_s=0.2)
    assert answer(processor, "/health") == 200
    assert kafka_link.accepted - accepted <= CONNECTIONS_A_SECOND * (time.monotonic() - begun_s) + 5
    stack.kafka.resume()
    kafka_link.heal()
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=41))
    await processed(stack, database, topics, within_s=30)
    assert processor.exit_code is None
    assert memory(processor) < before + GROWTH_BYTES


async def test_a_slow_narrow_and_sliced_link_to_the_broker_costs_no_rebalance(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, kafka_link: Proxy
) -> None:
    processor = start_service("processor", TIDELINE_KAFKA_BOOTSTRAP=through_kafka(kafka_link)).wait_ready()
    kafka_link.toxics.latency_s = 1.0
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=42))
    await taken(database, 300)
    kafka_link.toxics.latency_s, kafka_link.toxics.bytes_per_s, kafka_link.toxics.slice_bytes = 0.0, 8_000, 100
    publish(stack.kafka_bootstrap, topics.readings, readings(60, seed=43))
    await processed(stack, database, topics)
    assert rebalances(processor) == 1


async def test_a_slow_link_to_postgres_holds_the_loop_back_and_nothing_else(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, postgres_link: Proxy
) -> None:
    env = {"TIDELINE_POSTGRES_DSN": through_postgres(postgres_link, database), "TIDELINE_BATCH__RECORDS": "1000"}
    processor = start_service("processor", **env).wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(1_000, seed=44))
    await taken(database, 1_000)
    before, postgres_link.toxics.latency_s = memory(processor), 0.08
    publish(stack.kafka_bootstrap, topics.readings, readings(10_000, seed=45))
    await at_least(database, 2_000)
    assert memory(processor) < before + GROWTH_BYTES
    postgres_link.heal()
    await processed(stack, database, topics)
    assert rebalances(processor) == 1


async def test_answers_to_commit_that_never_come_lose_and_double_nothing(
    stack: Stack, database: Database, topics: Topics, start_service: StartService, postgres_link: Proxy
) -> None:
    env = {"TIDELINE_POSTGRES_DSN": through_postgres(postgres_link, database), "TIDELINE_BATCH__RECORDS": "100"}
    start_service("processor", **env).wait_ready()
    postgres_link.toxics.lost_commits = 5
    publish(stack.kafka_bootstrap, topics.readings, [*readings(1_500, seed=46), b"not json", *readings(500, seed=47)])
    await processed(stack, database, topics)
    assert postgres_link.commits_lost == 5


@pytest.mark.parametrize(("connections", "says"), [(1, "waiting for Kafka"), (2, "beginning anew")])
async def test_a_broker_that_goes_away_while_a_processor_starts_is_waited_for(
    connections: int,
    says: str,
    stack: Stack,
    database: Database,
    topics: Topics,
    start_service: StartService,
    kafka_link: Proxy,
) -> None:
    kafka_link.toxics.connections_left = connections
    processor = start_service("processor", TIDELINE_KAFKA_BOOTSTRAP=through_kafka(kafka_link))
    until(lambda: says in processor.log, 15, "it says that it waits")
    kafka_link.heal()
    processor.wait_ready()
    assert processor.exit_code is None
