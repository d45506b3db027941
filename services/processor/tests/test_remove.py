"""When the data of a deleted stream may go."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from processor.remove import Remover

P = TopicPartition("readings", 0)


class Kafka:
    """One partition that ends here; `known`: whether the client has heard of it by now."""

    def __init__(self, end: int) -> None:
        self.end, self.known = end, True

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)

    def partitions_for_topic(self, _topic: str) -> set[int] | None:
        return {0} if self.known else None


class Postgres:
    """Which streams are to go, and how far the partition was processed."""

    def __init__(self, deleted: list[str], reached: int) -> None:
        self.deleted, self.reached = deleted, reached

    async def fetch(self, statement: str, *_: object) -> list[dict[str, Any]]:
        if "delete_data" in statement:
            return [{"id": stream} for stream in self.deleted]
        return [{"topic": P.topic, "partition": P.partition, "next_offset": self.reached}]

    def acquire(self) -> None:
        raise AssertionError("its data was to stay")


async def test_a_stream_deleted_again_waits_for_what_came_since() -> None:
    """Another copy took its data away the first time."""
    kafka, postgres = Kafka(end=5), Postgres(["s"], reached=3)
    remover = Remover(postgres, kafka, [P.topic])  # type: ignore[arg-type]
    await remover.look()
    postgres.deleted = []
    await remover.look()
    kafka.end, postgres.deleted, postgres.reached = 10, ["s"], 7
    await remover.look()


async def test_nothing_goes_before_the_partitions_are_known() -> None:
    kafka = Kafka(end=5)
    kafka.known = False
    await Remover(Postgres(["s"], reached=3), kafka, [P.topic]).look()  # type: ignore[arg-type]
