"""The verdict on a history: pure, shares no code with the services."""

from collections import Counter
from hashlib import sha256
from uuid import UUID, uuid5

from tests.support.recount import differences, recount

from chaos.history import History

SIMULATED = UUID("5f0cbb5c-3c1b-5d5e-8a43-0b8f2a1e7d90")
"""The namespace of the ids of simulated events."""


def judge(history: History) -> list[str]:
    """Everything that is wrong: what was acknowledged is in Kafka, and Postgres holds what Kafka amounts to."""
    wanted = recount(history.records, history.tables.get("replays", ()))
    published = {(event[0], str(event[3])) for event in wanted.events} | {(key[0], str(key[2])) for key in wanted.rows}
    return [
        *history.problems,
        *history.broken,
        *_lost_by_kafka(history),
        *_not_published(history, published),
        *differences(wanted, history.tables),
        *_ledger(history),
    ]


def _lost_by_kafka(history: History) -> list[str]:
    """What was acknowledged to the outside publisher stands where Kafka said it would."""
    held = {(r.topic, r.partition, r.offset): sha256(r.value or b"").hexdigest() for r in history.records}
    lost = [place for place, digest in history.acknowledged if held.get(place) != digest]
    return [f"{len(lost)} acknowledged records are not in Kafka, the first at {lost[0]}"] if lost else []


def _not_published(history: History, found: set[tuple[str, str]]) -> list[str]:
    """Every position of a simulated stream is in Kafka, and no other."""
    problems = []
    for stream, count in history.streams.items():
        ids, wanted = {event_id for name, event_id in found if name == stream}, _simulated_ids(stream, count)
        if ids != wanted:
            problems.append(f"stream {stream}: {len(wanted - ids)} events missing, {len(ids - wanted)} too many")
    return problems


def _simulated_ids(stream: str, count: int) -> set[str]:
    """The ids of a stream's first run."""
    return {str(uuid5(SIMULATED, f"{stream}/1/{position}")) for position in range(count)}


def _ledger(history: History) -> list[str]:
    """Ranges without gap or overlap from the start to the log's end; the sums are the offsets' counts."""
    ends = Counter[tuple[str, int]]()
    for record in history.records:
        ends[record.topic, record.partition] = max(ends[record.topic, record.partition], record.offset + 1)
    problems = []
    for _, topic, partition, _, start, following, _, *counts in history.tables["offsets"]:
        lines = sorted(line[4:] for line in history.tables["batches"] if line[1:3] == [topic, partition])
        expected = start
        for first, after, *_ in lines:
            if first != expected:
                problems.append(f"ledger of {topic}-{partition}: a range begins at {first}, not at {expected}")
            expected = after
        summed = [sum(line[n] for line in lines) for n in (2, 3, 4)]
        if expected != following or following != ends[topic, partition] or summed != counts:
            problems.append(
                f"{topic}-{partition}: {following} of {ends[topic, partition]}, {summed} in the ledger, {counts} stored"
            )
    return problems
