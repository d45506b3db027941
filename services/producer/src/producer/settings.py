"""Every setting of the producer."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from chassis.settings import KafkaClientSettings, ListeningSettings, PostgresClientSettings, Section, ValiditySettings


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
    lines_max: int = Field(50_000, ge=1, description="Most events in one body of POST /events.")
    ack_timeout_s: float = Field(8.0, gt=0, description="Seconds to wait for Kafka's acknowledgement before a 503.")


class DatasetSettings(Section):
    """Datasets: where they may come from, and how much of anything they may cost."""

    user_agent: str = Field(
        "Tideline/0.1 (pulls a dataset once)",
        min_length=1,
        pattern=r"^[\x20-\x7e]+$",
        description="How the fetcher names itself to servers.",
    )
    timestamp_field: str = Field(
        "",
        max_length=128,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*$",
        description="Field of the event time where a request names none; empty: the first known name.",
    )
    allow_private_hosts: tuple[str, ...] = Field(
        (), description="Hosts (`host` or `host:port`) that may have addresses that are not public, as localhost."
    )
    spool_dir: Path = Field(
        Path(".local/spool"), description="Folder of the files while they are pulled and published."
    )
    ca_file: str = Field("", description="Certificates (PEM) to trust instead of the usual ones.")
    connect_s: float = Field(5.0, gt=0, description="Seconds to resolve a name, and to connect to an address.")
    read_s: float = Field(10.0, gt=0, description="Seconds that a server may say nothing.")
    slow_window_s: float = Field(
        30.0, gt=0, description="Seconds within which an answer must begin, and over which its speed is measured."
    )
    slow_bytes_per_s: int = Field(1_024, ge=0, description="A slower transfer is broken off.")
    transfer_s: float = Field(21_600.0, gt=0, description="Seconds that a whole transfer may take.")
    attempts: int = Field(
        5, ge=1, le=100, description="Tries in a row that bring less than 1 MiB each before giving up."
    )
    retry_s: float = Field(1.0, ge=0, description="Seconds before the second try; doubles with each further one.")
    retry_s_max: float = Field(
        30.0, ge=0, description="Longest pause between tries, also where a server asks for more."
    )
    redirects_max: int = Field(3, ge=0, le=3, description="Redirects that are followed.")
    bytes_max: int = Field(20_000_000_000, ge=1, description="Largest file, as it is sent.")
    decoded_bytes_max: int = Field(20_000_000_000, ge=1, description="Largest file, decompressed.")
    ratio_max: float = Field(100.0, ge=1, description="Most bytes that a compressed byte may become (from 1 MiB on).")
    row_bytes_max: int = Field(
        1_000_000, ge=1, le=1_048_000, description="Longest row or line; a longer one is rejected."
    )
    rows_max: int = Field(100_000_000, ge=1, description="Most rows of a file.")
    nesting_max: int = Field(
        20, ge=2, le=20, description="Deepest nesting of a row's record; a deeper row is rejected."
    )
    chunk_bytes: int = Field(4_000_000, ge=10_000, description="Rows that are handed to Kafka in one go, in bytes.")
    rejects_kept: int = Field(50, ge=0, le=1_000, description="Rejected rows that are shown with line and reason.")


class ProducerSettings(KafkaClientSettings, PostgresClientSettings, ListeningSettings):
    """Settings of `python -m producer`."""

    name: str = Field(
        "producer", pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Name of this copy, in logs and in streams.owner."
    )
    http_host: str = Field("127.0.0.1", description="Address that the control API listens on.")
    http_port: int = Field(8001, ge=0, le=65535, description="Port that the control API listens on.")
    sample_latency_ms: float = Field(
        0, ge=0, le=10_000, description="Latency of /random-int, /table and /time-series where the request names none."
    )
    dataset_url: str = Field(
        "", description="A dataset to ingest once, read at the start: the same as POST /streams with this url."
    )
    built_in: BuiltInSettings = Field(default_factory=BuiltInSettings, description="Built-in streams.")
    streams: StreamSettings = Field(default_factory=StreamSettings, description="Running streams.")
    events: EventSettings = Field(default_factory=EventSettings, description="Events over HTTP.")
    publish: PublishSettings = Field(default_factory=PublishSettings, description="Publishing.")
    datasets: DatasetSettings = Field(default_factory=DatasetSettings, description="Datasets.")
    validity: ValiditySettings = Field(default_factory=ValiditySettings, description="Validity of events.")
