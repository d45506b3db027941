"""kill -9 at every named point of the transaction, once each: the successor makes it exact."""

import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics
from processor.failpoints import POINTS

NTH = {"claimed": 1, "draining": 1}
"""Which time a point is reached is the last; else the second, so that something went well before."""


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at(
    point: str, stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    publish(stack.kafka_bootstrap, topics.readings, [*readings(1_500, seed=20), b"not json", *readings(300, seed=21)])
    victim = start_service(
        "processor",
        TIDELINE_NAME="processor-1",
        TIDELINE_FAILPOINT=f"{point}:{NTH.get(point, 2)}",
        TIDELINE_BATCH__RECORDS="200",
    )
    if point == "draining":
        victim.wait_ready().ask_to_end()
    if point == "revoked":
        victim.wait_ready()
        start_service("processor", TIDELINE_NAME="processor-2")  # makes the group share anew
    until(lambda: victim.exit_code is not None, 30, f"the processor has reached {point}")
    assert victim.exit_code == -9
    start_service("processor", TIDELINE_NAME="processor-1").wait_ready()
    await processed(stack, database, topics)
