"""The processor's settings: infra/config/processor.toml and the environment."""

from pydantic import Field

from chassis.settings import (
    KafkaClientSettings,
    ListeningSettings,
    PostgresClientSettings,
    PostgresSettings,
    Section,
    ValiditySettings,
)


class BatchSettings(Section):
    """How much one transaction takes."""

    records: int = Field(20_000, ge=1, le=100_000, description="Most records of one transaction.")
    rows: int = Field(
        1_000, ge=1, le=100_000, description="Most dataset rows of one transaction; each holds many samples."
    )
    bytes: int = Field(
        4_000_000, ge=100_000, le=100_000_000, description="Bytes of records after which a transaction takes no more."
    )
    bare: bool = Field(
        True,
        description="Take records as the Kafka client's parser makes them, which it does not promise; where that has "
        "changed, or when false, they come by its public way, a fifth slower.",
    )
    wait_ms: int = Field(50, ge=1, le=5_000, description="Longest wait for the first record of a batch.")


class GroupSettings(Section):
    """Membership in the consumer group."""

    session_timeout_ms: int = Field(
        6_000, ge=6_000, le=60_000, description="A silent copy loses its partitions after this."
    )
    heartbeat_ms: int = Field(1_500, ge=100, le=20_000, description="Pause between heartbeats.")


class SeriesSettings(Section):
    """Series that are kept."""

    per_stream: int = Field(10_000, ge=1, description="Most categories of one stream.")


class DeadLetterSettings(Section):
    """Dead letters that are kept."""

    keep_days: int = Field(
        0, ge=0, le=36_500, description="Delete dead letters after so many days, whatever became of them; 0: never."
    )


class RawSettings(Section):
    """Raw readings and rows that are kept."""

    keep_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Keep raw readings and rows for so many days at least, then delete whole months; 0: keep all. "
        "Windows stay. Older events are refused from then on (`too_late`): keep raw data for longer than Kafka keeps "
        "records.",
    )


class ProcessorSettings(KafkaClientSettings, PostgresClientSettings, ListeningSettings):
    """Everything that can be set for a processor copy."""

    name: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="Stable name of this copy (`processor-1`): a restart within the session timeout keeps its "
        "partitions. Empty where copies come and go.",
    )
    http_host: str = Field("127.0.0.1", description="Address of health and metrics.")
    http_port: int = Field(8002, ge=0, le=65_535, description="Port of health and metrics.")
    batch: BatchSettings = Field(default_factory=BatchSettings, description="Size of a transaction.")
    group: GroupSettings = Field(default_factory=GroupSettings, description="Consumer group membership.")
    validity: ValiditySettings = Field(default_factory=ValiditySettings, description="Validity of events.")
    series: SeriesSettings = Field(default_factory=SeriesSettings, description="Series.")
    postgres: PostgresSettings = Field(
        default_factory=lambda: PostgresSettings(pool_max=3), description="Connection pool."
    )
    raw: RawSettings = Field(default_factory=RawSettings, description="Raw data.")
    dead_letters: DeadLetterSettings = Field(default_factory=DeadLetterSettings, description="Dead letters.")
    failpoint: str = Field(
        "",
        description="For tests: `<point>[:nth[:action]]`: getting there the process kills, freezes or stalls itself "
        "(`kill`, `freeze`, `stall`).",
    )
