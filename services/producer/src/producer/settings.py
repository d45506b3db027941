"""Every setting of the producer."""

from typing import Literal

from pydantic import Field

from chassis.settings import KafkaClientSettings, PostgresClientSettings, Section


class BuiltInSettings(Section):
    """The streams that run without being asked for; none of them counts towards `streams.running_max`."""

    host: bool = Field(True, description="CPU, memory, disk and network figures of this machine, once a second.")
    demo: bool = Field(
        True, description="Five simulated sensors, a reading each every 10 s; first backfills seven days."
    )
    prices: bool = Field(True, description="Ticks of January 2025's business days, published once.")


class StreamSettings(Section):
    """How streams are run by this copy."""

    running_max: int = Field(5, ge=1, le=1000, description="Streams that run at once over all copies.")
    lease_s: float = Field(10.0, gt=1, description="Seconds after which another copy takes over from a silent one.")
    poll_s: float = Field(
        1.0, gt=0.01, description="Seconds between looks at what is wanted; also how often checkpoints are stored."
    )
    drain_s: float = Field(2.0, gt=0, description="Seconds a stop waits for what was produced to be acknowledged.")


class PublishSettings(Section):
    """How readings go to Kafka (always acks=all and idempotent)."""

    compression: Literal["zstd", "lz4", "gzip", "snappy", "none"] = Field("zstd", description="Compression of batches.")
    batch_bytes: int = Field(
        500_000, ge=16_384, le=1_000_000, description="Largest batch per partition, before compression."
    )
    chunk_events: int = Field(10_000, ge=1, le=100_000, description="Events that a stream makes in one go.")
    chunks_in_flight: int = Field(
        4, ge=1, le=100, description="Chunks of a stream that may wait for Kafka's acknowledgement."
    )
    linger_ms: int = Field(20, ge=0, le=1_000, description="A live stream gathers what falls due within so long.")
    request_timeout_ms: int = Field(30_000, ge=1_000, description="How long Kafka may take to answer a request.")


class EventSettings(Section):
    """Events over HTTP."""

    body_bytes_max: int = Field(4_194_304, ge=1_024, description="Largest body of POST /events.")
    ack_timeout_s: float = Field(8.0, gt=0, description="Seconds to wait for Kafka's acknowledgement before a 503.")


class ProducerSettings(KafkaClientSettings, PostgresClientSettings):
    """Settings of `python -m producer`."""

    name: str = Field(
        "producer", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Name of this copy, in logs and in streams.owner."
    )
    http_host: str = Field("127.0.0.1", description="Address that the control API listens on.")
    http_port: int = Field(8001, ge=0, le=65535, description="Port that the control API listens on.")
    sample_latency_ms: float = Field(
        0, ge=0, le=10_000, description="Latency of /random-int, /table and /time-series where the request names none."
    )
    built_in: BuiltInSettings = Field(default_factory=BuiltInSettings, description="Built-in streams.")
    streams: StreamSettings = Field(default_factory=StreamSettings, description="Running streams.")
    events: EventSettings = Field(default_factory=EventSettings, description="Events over HTTP.")
    publish: PublishSettings = Field(default_factory=PublishSettings, description="Publishing.")
