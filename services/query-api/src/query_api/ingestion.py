"""Start and stop the built-in stream `demo`: whatever it does now, and both any number of times."""

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from chassis.problems import Problem
from query_api.producer import Producer

DEMO = "/streams/demo"
STOPPING_S_MAX = 10.0
"""Longest to wait for a stop under way before a start; the producer drains for less."""
LOOK_EVERY_S = 0.2

Step = Literal["start", "resume", "wait", "nothing"]


def next_step(stream: Mapping[str, Any] | None) -> Step:
    """What makes this stream run; None is one that was deleted, or never was."""
    if stream is None:
        return "start"
    if stream.get("state") == "stopping":
        return "wait"
    if stream.get("desired") == "paused":
        return "resume"
    return "nothing" if stream.get("desired") == "running" else "start"


async def start_demo(producer: Producer) -> None:
    """Make it run, from now on; a stop or start by somebody else meanwhile is waited for or taken as ours.

    Raises Problem when the producer cannot do it.
    """
    deadline = asyncio.get_running_loop().time() + STOPPING_S_MAX
    while (step := next_step(await _demo(producer))) != "nothing":
        if step != "wait":
            try:
                await producer.call("POST", f"{DEMO}/{step}")
                return
            except Problem as problem:
                if problem.status != 409 or asyncio.get_running_loop().time() > deadline:
                    raise
        elif asyncio.get_running_loop().time() > deadline:
            raise Problem(503, "stream demo is still stopping: try again in a moment", headers={"Retry-After": "2"})
        await asyncio.sleep(LOOK_EVERY_S)


async def stop_demo(producer: Producer) -> None:
    """Make it stop; one that is not there has. Raises Problem when the producer cannot do it."""
    try:
        await producer.call("POST", f"{DEMO}/stop")
    except Problem as problem:
        if problem.status != 404:
            raise


async def _demo(producer: Producer) -> Mapping[str, Any] | None:
    try:
        stream: Mapping[str, Any] = (await producer.call("GET", DEMO)).value
    except Problem as problem:
        if problem.status != 404:
            raise
        return None
    return stream
