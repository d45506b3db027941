"""A plain Kafka client of another make (confluent-kafka): publishes, and reads back for an independent recount."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition, admin

from tests.support.waiting import until


@dataclass(frozen=True)
class Record:
    """One record as Kafka has it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    topic: str = "readings"
    append_ms: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


def publish(
    bootstrap: str,
    topic: str,
    values: Iterable[bytes | None],
    keys: Sequence[bytes | None] | None = None,
    partition: int = -1,
    headers: Sequence[tuple[str, bytes]] = (),
) -> list[tuple[int, int]]:
    """Publish each value and wait until Kafka has it; (partition, offset) of each, in the order of `values`."""
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 5, "message.max.bytes": 2_000_000})
    places: dict[int, tuple[int, int]] = {}
    values = list(values)

    def note(index: int) -> Callable[[object, Any], None]:
        def delivered(error: object, message: Any) -> None:
            if error:
                raise KafkaException(error)
            places[index] = (message.partition(), message.offset())

        return delivered

    for index, value in enumerate(values):
        key = keys[index] if keys else None
        options: Any = {"partition": partition} if partition >= 0 else {}
        producer.produce(topic, value, key, headers=list(headers), on_delivery=note(index), **options)
        producer.poll(0)
    until(lambda: producer.flush(1) == 0, 30, f"{len(values)} records published to {topic}")
    return [places[index] for index in range(len(values))]


def read_all(bootstrap: str, topic: str) -> list[Record]:
    """Every record that is in the topic now, partition by partition, in order."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "test-recount",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        records: list[Record] = []
        for partition in sorted(partitions):
            low, high = _ends(consumer, TopicPartition(topic, partition))
            consumer.assign([TopicPartition(topic, partition, low)])
            records += _up_to(consumer, high) if high > low else []
        return records
    finally:
        consumer.close()


def _ends(consumer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """Start and end of the log; a broker that was away for a while needs a moment before it leads again."""

    def asked() -> tuple[int, int] | None:
        try:
            return consumer.get_watermark_offsets(partition, timeout=10)
        except KafkaException:
            return None

    return until(asked, 30, f"the ends of {partition.topic}-{partition.partition} are known") or (0, 0)


def _record(message: Any) -> Record:
    return Record(
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.topic(),
        message.timestamp()[1],
        tuple(message.headers() or ()),
    )


def _up_to(consumer: Consumer, high: int) -> list[Record]:
    records: list[Record] = []

    def fetched() -> bool:
        remaining = high - 1 - records[-1].offset if records else high
        for message in consumer.consume(min(1000, remaining), timeout=0.2):
            if message.error():
                raise KafkaException(message.error())
            records.append(_record(message))
        return bool(records) and records[-1].offset == high - 1

    until(fetched, 30, f"records up to offset {high}", every_s=0)
    return records


def limit_message_bytes(bootstrap: str, topic: str, bytes_max: int) -> None:
    """Have Kafka refuse every larger batch of a topic from now on."""
    names: Any = admin  # its stubs leave these out
    limit = names.ConfigEntry("max.message.bytes", str(bytes_max), incremental_operation=names.AlterConfigOpType.SET)
    resource = names.ConfigResource(names.ConfigResource.Type.TOPIC, topic, incremental_configs=[limit])
    client = names.AdminClient({"bootstrap.servers": bootstrap})
    for done in client.incremental_alter_configs([resource]).values():
        done.result(10)
