"""kill -9 at every named point of the transaction: the successor makes it exact. `TIDELINE_TEST_KILLS` times each."""

import os

import pytest
from tests.support.databases import Database
from tests.support.fixtures import StartService
from tests.support.pipeline import processed, readings
from tests.support.publisher import publish
from tests.support.stack import Stack
from tests.support.waiting import until

from contracts.topics import Topics
from processor.failpoints import POINTS

KILLS = int(os.environ.get("TIDELINE_TEST_KILLS", "1"))
NTH = {"claimed": 1, "draining": 1, "revoked": 2}
"""Which time a point is reached is the last; else the second to the sixth, so that something went well before."""


@pytest.mark.parametrize("turn", range(KILLS))
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at(
    point: str, turn: int, stack: Stack, database: Database, topics: Topics, start_service: StartService
) -> None:
    values = [*readings(1_500, seed=20 + 2 * turn), b"not json", *readings(300, seed=21 + 2 * turn)]
    publish(stack.kafka_bootstrap, topics.readings, values)
    victim = start_service(
        "processor",
        TIDELINE_NAME="processor-1",
        TIDELINE_FAILPOINT=f"{point}:{NTH.get(point, 2 + turn % 5)}",
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
