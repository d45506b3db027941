"""The streams that run without being asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from producer.settings import BuiltInSettings
from producer.spec import Spec
from producer.sql import statement

BUILT_IN_IDS = ("host", "demo", "prices")
BACKFILL = timedelta(days=7)
DEMO = Spec(
    profile="sensor", seed=1, rate=0.5, categories=("temperature", "humidity", "pressure", "vibration", "power")
)
"""Five categories, a reading each every 10 s."""
PRICES_START = datetime(2025, 1, 1, tzinfo=UTC)
PRICES_DAYS = 23
"""Mondays to Fridays of January 2025."""
TICKS_PER_DAY = 720
"""Of each category: one every two minutes."""
PRICES_CATEGORIES = ("EURUSD", "GBPUSD", "AUDUSD")
PRICES = Spec(
    profile="prices",
    seed=1,
    categories=PRICES_CATEGORIES,
    rate=TICKS_PER_DAY * len(PRICES_CATEGORIES) / 86_400,
    count=PRICES_DAYS * TICKS_PER_DAY * len(PRICES_CATEGORIES),
    start_time=PRICES_START,
)
"""49,680 ticks, the last of them on Friday, 31 January 2025."""


@dataclass(frozen=True)
class BuiltIn:
    """A built-in stream as it is stored at its very first start."""

    id: str
    kind: str
    spec: Spec | None
    run_start: datetime


def built_in_streams(now: datetime) -> list[BuiltIn]:
    """All of them, for a first start at `now`."""
    second = now.replace(microsecond=0)
    return [
        BuiltIn("host", "host", None, second),
        BuiltIn("demo", "simulation", DEMO, second - BACKFILL),
        BuiltIn("prices", "simulation", PRICES, PRICES_START),
    ]


def reason_when_off(stream: str) -> str:
    """The reason of a stream that the setting has stopped; it tells such a stream from one that a person stopped."""
    return f"switched off by the setting built_in.{stream}"


async def apply_settings(pool: asyncpg.Pool, settings: BuiltInSettings, now: datetime) -> None:
    """Make the table say what the settings want: each is added once in its life, switched on again, or switched off."""
    for stream in built_in_streams(now):
        off = reason_when_off(stream.id)
        if not getattr(settings, stream.id):
            await pool.execute(statement("switch_built_in_off"), stream.id, off)
            continue
        spec = stream.spec.model_dump_json(exclude_defaults=True) if stream.spec else "{}"
        await pool.execute(statement("add_built_in"), stream.id, stream.kind, spec, stream.run_start)
        await pool.execute(statement("switch_built_in_on"), stream.id, off, now.replace(microsecond=0))
