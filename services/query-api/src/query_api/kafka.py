"""Kafka as this service reads it: without a group and only when asked; nothing of it stays between questions."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from chassis.kafka import client_security
from chassis.odd_headers import read_leniently
from chassis.problems import Problem
from contracts import times
from query_api.settings import QueryApiSettings

log = structlog.get_logger("kafka")

CLIENT_ID = "query-api"
REQUEST_MS = 3_000
RETRY_MS = 20
CLOSE_S = 1.0
FIRST_RECORD_MS = 500


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the processors' group: its id in the group, and where it connects from."""

    id: str
    host: str


class Kafka:
    """Makes a reader for each question. Raises StartError when the settings cannot be used."""

    def __init__(self, settings: QueryApiSettings) -> None:
        self._how: dict[str, Any] = {
            "bootstrap_servers": settings.kafka_bootstrap,
            "client_id": CLIENT_ID,
            "request_timeout_ms": REQUEST_MS,
            **client_security(settings.kafka),
        }

    @asynccontextmanager
    async def reader(
        self, within_s: float | None, bytes_max: int, committed: bool = False
    ) -> AsyncIterator[AIOKafkaConsumer]:
        """A consumer without a group, which fetches at most about `bytes_max` at once; `committed`: what a processor
        gets, no record of a transaction that is open or was taken back. Raises Problem 503.
        """
        read_leniently(True)  # whatever the headers are: what is read here is read once, and little of it
        async with _answering(within_s):
            consumer = AIOKafkaConsumer(
                **self._how,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed" if committed else "read_uncommitted",
                retry_backoff_ms=RETRY_MS,
                fetch_max_wait_ms=100,
                fetch_max_bytes=bytes_max,
                max_partition_fetch_bytes=bytes_max,
            )
            try:
                await consumer.start()
                yield consumer
            finally:
                await _closed(consumer.stop())

    async def partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of the topics that exist. Raises Problem 503."""
        async with _answering(REQUEST_MS / 1_000), self._admin() as admin:
            found = await admin.describe_topics(list(topics))
        return sorted(TopicPartition(one["topic"], part["partition"]) for one in found for part in one["partitions"])

    async def owners(self, group: str) -> dict[TopicPartition, Member]:
        """Which member of a group has which partition; nothing where the group cannot be asked just now."""
        with suppress(Problem, KafkaError):
            async with _answering(REQUEST_MS / 1_000), self._admin() as admin:
                (described,) = await admin.describe_consumer_groups([group])
                return _owners(described.groups)
        return {}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**self._how)
        try:
            await admin.start()
            yield admin
        finally:
            await _closed(admin.close())


async def append_time(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> datetime | None:
    """When the first record from this offset on was appended; alone, so that Kafka sends one batch and no more."""
    consumer.assign([partition])
    consumer.seek(partition, offset)
    fetched = await consumer.getmany(partition, timeout_ms=FIRST_RECORD_MS, max_records=1)
    for record in fetched.get(partition, ()):
        return times.append_time(record.timestamp)
    return None


def _owners(groups: Sequence[tuple[object, ...]]) -> dict[TopicPartition, Member]:
    """From what Kafka says of a group: (error, group, state, type, protocol, members)."""
    owners: dict[TopicPartition, Member] = {}
    for group in groups:
        members = group[5]
        assert isinstance(members, list)  # noqa: S101 - the protocol's schema
        for member_id, _, host, _, assigned in members:
            if assigned:
                member = Member(member_id, host.lstrip("/"))
                held = ConsumerProtocolMemberAssignment.decode(assigned).partitions()
                owners.update((TopicPartition(*partition), member) for partition in held)
    return owners


@asynccontextmanager
async def _answering(within_s: float | None) -> AsyncIterator[None]:
    """What Kafka does not answer, or not in time, is a Problem 503."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("Kafka does not answer", error=repr(error))
        detail = "Kafka cannot be reached: all that needs no Kafka goes on; try again in a moment"
        raise Problem(503, detail, headers={"Retry-After": "2"}) from None


async def _closed(closing: Coroutine[Any, Any, None]) -> None:
    """Close a client in bounded time; one whose broker is gone may hang or cancel whoever waits for it."""
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=CLOSE_S)
    task.cancel()
