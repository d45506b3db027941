"""Turns of the event loop, between pieces of work that keep it for milliseconds."""

import asyncio


async def others() -> None:
    """Let the transaction in flight go on: from Postgres' answer to the next statement takes three turns of the loop.

    With one turn, and portions of 9 ms, it waited for two further portions eight times a transaction.
    """
    for _ in range(3):
        await asyncio.sleep(0)
