"""Record batches as no well-behaved client writes them: names of headers are any bytes, little becomes very much, times
are any numbers."""

import struct
import zlib
from collections.abc import Callable, Sequence

import cramjam
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.util import calc_crc32c, encode_varint_py

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
ZEROS = bytes(1_048_576)


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


def bomb(mebibytes: int, codec: int, offset: int = 0) -> bytes:
    """One record in a batch: so many MiB of zeros, compressed piece by piece."""
    size = mebibytes * len(ZEROS)
    inside = bytes(3) + _varint(-1) + _varint(size)  # attributes, both deltas; no key; the value follows, no headers
    pieces = [_varint(len(inside) + size + 1) + inside, *[ZEROS] * mebibytes, _varint(0)]
    feed, finish = _compressor(codec)
    records = b"".join([feed(piece) for piece in pieces]) + finish()
    return _framed(records, codec, 1_700_000_000_000, offset)


def timed(at_ms: int, value: bytes, later_ms: int = 0) -> bytes:
    """One record in a batch of this time, itself so much later."""
    inside = bytes(1) + _varint(later_ms) + _varint(0) + _varint(-1) + _varint(len(value)) + value + _varint(0)
    return _framed(bytes(cramjam.zstd.compress(_varint(len(inside)) + inside)), ZSTD, at_ms, 0)


def _framed(records: bytes, codec: int, at_ms: int, offset: int) -> bytes:
    nobody = (-1, -1, -1)
    after_crc = struct.pack(">hiqqqhii", codec, 0, at_ms, at_ms, *nobody, 1) + records
    rest = struct.pack(">ibI", -1, 2, calc_crc32c(after_crc)) + after_crc
    return struct.pack(">qi", offset, len(rest)) + rest


def _varint(number: int) -> bytes:
    buffer = bytearray()
    encode_varint_py(number, buffer.append)
    return bytes(buffer)


def _compressor(codec: int) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    if codec == GZIP:
        gzip = zlib.compressobj(wbits=31)
        return gzip.compress, gzip.flush
    made = cramjam.zstd.Compressor() if codec == ZSTD else cramjam.lz4.Compressor()

    def feed(piece: bytes) -> bytes:
        made.compress(piece)
        return bytes(made.flush())

    return feed, lambda: bytes(made.finish())


async def publish_odd(bootstrap: str, topic: str, name: bytes, value: bytes) -> None:
    """Publish a record with such a header to partition 0, compressed as the topic is: a broker then leaves it alone."""
    await publish_batches(bootstrap, topic, [odd_batch([(name, b"")], value, ZSTD)])


async def publish_batches(bootstrap: str, topic: str, batches: Sequence[bytes]) -> None:
    """Publish batches of one record each, of zstd, to partition 0 as they are."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd")
    await producer.start()
    try:
        for made in batches:
            batch = producer.create_batch()
            batch.append(key=None, value=b"", timestamp=None)  # one record, whose bytes are these:
            batch._buffer, batch._closed = bytearray(made), True
            await (await producer.send_batch(batch, topic, partition=0))
    finally:
        await producer.stop()
