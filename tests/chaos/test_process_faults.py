"""What may happen to a processor itself: frozen or stalled inside a transaction, out of memory, out of files."""

import resource

import psutil
import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings, taken
from tests.support.processes import ServiceProcess
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics


def is_frozen(processor: ServiceProcess) -> bool:
    return psutil.Process(processor.pid).status() == psutil.STATUS_STOPPED


async def test_a_process_frozen_inside_a_transaction_is_replaced_and_fenced_when_it_wakes_up(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    options = {"TIDELINE_FAILPOINT": "held:2:freeze", "TIDELINE_BATCH__RECORDS": "100"}
    zombie = start_service("processor", **options).wait_ready()
    other = start_service("processor").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(1_000, seed=80))
    until(lambda: is_frozen(zombie), 15, "it is frozen with its partitions locked")
    await processed(stack, database, topics, within_s=20)
    zombie.resume()
    until(lambda: "starting over from the stored offsets" in zombie.log, 15, "it finds that its session is gone")
    publish(stack.kafka_bootstrap, topics.readings, readings(500, seed=81))
    await processed(stack, database, topics)
    assert (zombie.exit_code, other.exit_code) == (None, None)


async def test_a_process_whose_loop_stands_still_is_replaced_and_says_so(
    stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    options = {"TIDELINE_FAILPOINT": "raw_written:2:stall", "TIDELINE_BATCH__RECORDS": "100"}
    stalled = start_service("processor", **options).wait_ready()
    # Before the other one comes: of two, either may get all partitions of this topic.
    publish(stack.kafka_bootstrap, topics.readings, readings(1_000, seed=82))
    start_service("processor")
    await processed(stack, database, topics, within_s=30)
    until(lambda: "the event loop stood still" in stalled.log, 15, "it says so")
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=83))
    await processed(stack, database, topics)
    assert stalled.exit_code is None


LIMITS = {
    # What it holds now and no more: no new connection can be opened.
    "files": (resource.RLIMIT_NOFILE, lambda process: process.num_fds()),
    "memory": (resource.RLIMIT_AS, lambda process: process.memory_info().vms + 2_000_000),
}


@pytest.mark.parametrize("what", LIMITS)
async def test_a_process_that_runs_out_writes_no_half_batch(
    what: str, stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    processor = start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    publish(stack.kafka_bootstrap, topics.readings, readings(300, seed=84))
    await taken(database, 300)
    process = psutil.Process(processor.pid)
    limit, most = LIMITS[what]
    process.rlimit(limit, (most(process), resource.RLIM_INFINITY if what == "memory" else most(process) * 100))
    stack.postgres.kill()
    stack.postgres.start()
    publish(stack.kafka_bootstrap, topics.readings, readings(20_000, seed=85))
    hurt = ("Too many open files", "MemoryError", "Cannot allocate", "starting over")
    until(lambda: processor.exit_code is not None or any(word in processor.log for word in hurt), 30, "it is hurt")
    processor.kill()
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await processed(stack, database, topics)
