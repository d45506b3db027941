"""A record batch as no well-behaved client writes one: names of headers are any bytes."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

ZSTD = 4


class _Name(str):
    """A name that is encoded as these bytes."""

    octets: bytes

    def encode(self, *_: str) -> bytes:
        return self.octets


def odd_batch(headers: Sequence[tuple[bytes, bytes]], value: bytes, codec: int) -> bytes:
    """One record in a batch."""
    builder = _DefaultRecordBatchBuilderPy(2, codec, 0, -1, -1, -1, 1_000_000)
    named = []
    for octets, content in headers:
        name = _Name(octets.hex())
        name.octets = octets
        named.append((name, content))
    builder.append(0, 1_700_000_000_000, None, value, named)
    return bytes(builder.build())


async def publish_odd(bootstrap: str, topic: str, name: bytes, value: bytes) -> None:
    """Publish a record with such a header to partition 0, compressed as the topic is: a broker then leaves it alone."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd")
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(key=None, value=b"", timestamp=None)  # one record, whose bytes are these:
        batch._buffer, batch._closed = bytearray(odd_batch([(name, b"")], value, ZSTD)), True
        await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()
