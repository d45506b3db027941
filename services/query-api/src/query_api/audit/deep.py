"""The deep audit: Kafka is read again up to where the ledger stands, and each record is asked for in Postgres."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from chassis.problems import Problem
from contracts.events import Limits, Reading, Row
from contracts.samples import Rules
from contracts.topics import Topics
from query_api.audit.batches import BATCHES, Fate, KafkaBatches
from query_api.audit.expected import Asked, Judged, Record, judged, place_of, replayed_letter
from query_api.audit.findings import Outcome
from query_api.audit.letters import KafkaLetters
from query_api.audit.raw import KafkaRaw
from query_api.audit.recount import Recount
from query_api.audit.stretches import Scope, Stretch, scope
from query_api.database import Snapshot
from query_api.kafka import Kafka
from query_api.ranges import LATEST

RECORDS_AT_ONCE = 2_000
BYTES_AT_ONCE = 1_048_576
WAIT_MS = 500
SILENCE_S = 10.0
"""After which a broker that has what was asked for counts as away."""


@dataclass(frozen=True, slots=True)
class DeepSettings:
    """Where to read, for how long, and what a valid event may hold."""

    topics: Topics
    limits: Limits
    within_s: float


class Deep:
    """One deep audit in a snapshot."""

    def __init__(self, snapshot: Snapshot, settings: DeepSettings, start: datetime, end: datetime | None) -> None:
        self._snapshot, self._settings, self._start = snapshot, settings, start
        self._batches, self._letters = Outcome(BATCHES), KafkaLetters(snapshot)
        self._raw = KafkaRaw(snapshot, start, end or LATEST)
        self._walks: list[KafkaBatches] = []

    async def look(self, kafka: Kafka, rules: dict[str, Rules]) -> tuple[list[Outcome], Scope]:
        """What was found, and where it was looked for. Raises Problem 503 while Kafka is away."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._settings.within_s
        ahead = timedelta(seconds=self._settings.limits.max_ahead_s)
        async with kafka.reader(None, BYTES_AT_ONCE, committed=True) as consumer:
            found = await scope(self._snapshot, kafka, consumer, self._settings.topics, self._start, ahead)
            await self._raw.begin()
            await self._letters.begin()
            self._raw.compared_from = max(self._start, found.compared_from or self._start)
            for stretch in found.stretches:
                await self._read(consumer, stretch, deadline)
        await self._finish(found)
        self._raw.outcome.seconds = clock() - deadline + self._settings.within_s
        recount = Recount(self._snapshot, rules, self._raw.series)
        await recount.look(self._raw.differences)
        outcomes = [self._batches, self._letters.outcome, self._raw.outcome, recount.outcome]
        if late := sum(not stretch.done for stretch in found.stretches):
            unread = f"{late} of {len(found.stretches)} partitions were not read to the end: `covered` says why"
            for outcome in outcomes:
                outcome.unfinished = outcome.unfinished or unread
        return outcomes, found

    async def _read(self, consumer: AIOKafkaConsumer, stretch: Stretch, deadline: float) -> None:
        """One partition, some records at a time."""
        partition = TopicPartition(stretch.topic, stretch.partition)
        walk = KafkaBatches(self._snapshot, stretch, stretch.topic == self._settings.topics.rows)
        self._walks.append(walk)
        self._raw.next_partition()
        await walk.begin()
        if stretch.first < stretch.end:
            consumer.assign([partition])
            consumer.seek(partition, stretch.first)
        while stretch.reached < stretch.end and asyncio.get_running_loop().time() < deadline:
            records = await _fetched(consumer, partition)
            if records[0].offset > stretch.reached:
                starts = await consumer.beginning_offsets([partition])
                if starts[partition] > stretch.reached:
                    stretch.expire(min(starts[partition], stretch.end))
                    await walk.skip(stretch.reached)
            following = min(records[-1].offset + 1, stretch.end)
            taken = [record for record in records if stretch.reached <= record.offset < following]
            await self._compare(stretch, walk, taken, following)
            stretch.reached, stretch.records = following, stretch.records + len(taken)
        await walk.finish(stretch.reached)
        if stretch.end < stretch.stored and not stretch.why:
            lost = {"records": stretch.stored - stretch.end}
            walk.outcome.add(stretch.at(stretch.end, stretch.stored), lost, {"records": 0})

    async def _compare(self, stretch: Stretch, walk: KafkaBatches, records: Sequence[Record], following: int) -> None:
        asked = await self._asked(records)
        found = await asyncio.to_thread(self._judge, stretch, records, asked)
        refused = await self._letters.compare(stretch, stretch.reached, following, found)
        fates = {one.offset: Fate.AGAIN if one.found is None else Fate.REFUSED for one in found}
        events = [one for one in found if isinstance(one.found, Reading | Row) and one.offset not in refused]
        fates |= zip((one.offset for one in events), await self._raw.compare(stretch, events), strict=True)
        await walk.count(list(fates), list(fates.values()))

    async def _asked(self, records: Sequence[Record]) -> dict[int, Asked]:
        """The replays among these that somebody asked for, by their place among them."""
        letters = [
            (n, letter) for n, record in enumerate(records) if record.headers and (letter := replayed_letter(record))
        ]
        if not letters:
            return {}
        keys = [(n, *letter, sha256(records[n].value or b"").digest()) for n, letter in letters]
        found = await self._snapshot.fetch("audit/kafka_replays", *map(list, zip(*keys, strict=True)))
        return {row["n"]: Asked(row["append_time"], row["taken"]) for row in found}

    def _judge(self, stretch: Stretch, records: Sequence[Record], asked: Mapping[int, Asked]) -> list[Judged]:
        of_rows, limits = stretch.topic == self._settings.topics.rows, self._settings.limits
        return [
            judged(record, place_of(record, *stretch.place), of_rows, limits, asked.get(n))
            for n, record in enumerate(records)
        ]

    async def _finish(self, found: Scope) -> None:
        """What can be told only after everything was read."""
        self._raw.finish()
        if all(stretch.done for stretch in found.stretches):
            try:
                await self._raw.look_for_others()
            except Problem as problem:
                if problem.status != 504:
                    raise
                self._raw.outcome.unfinished = problem.detail
        whole = self._raw.elsewhere == 0 and all(stretch.whole for stretch in found.stretches)
        for walk in self._walks:
            if whole:
                walk.blame_short()
            self._batches.join(walk.outcome)


async def _fetched(consumer: AIOKafkaConsumer, partition: TopicPartition) -> Sequence[Record]:
    """The next records, one at least. Raises KafkaTimeoutError when they do not come."""
    clock = asyncio.get_running_loop().time
    until = clock() + SILENCE_S
    while clock() < until:
        fetched = await consumer.getmany(partition, timeout_ms=WAIT_MS, max_records=RECORDS_AT_ONCE)
        if records := fetched.get(partition):
            return records  # type: ignore[no-any-return]
    raise KafkaTimeoutError(f"{partition.topic}-{partition.partition} gave nothing for {SILENCE_S:g} s")
