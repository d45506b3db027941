"""Settings of the query API: infra/config/query-api.toml and the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from chassis.settings import (
    KafkaClientSettings,
    ListeningSettings,
    PostgresClientSettings,
    PostgresSettings,
    Section,
    ValiditySettings,
)


class ApiKey(Section):
    """A key as the service knows it: never the key itself. `tideline key new` makes one with these three lines."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    scope: Literal["read", "control"]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SessionSettings(Section):
    """What a browser has instead of the key."""

    hours: float = Field(12.0, gt=0, le=8_760, description="How long a cookie stands for its key.")
    secret: SecretStr = Field(
        SecretStr(""),
        description="Signs cookies, the same for all copies, 32 random characters or more; empty: made at each start, "
        "which ends all sessions.",
    )

    @field_validator("secret")
    @classmethod
    def _not_guessed(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret) < 32:
            raise ValueError("too short to be safe: take 32 random characters or more, or leave it empty")
        return secret


class Limits(Section):
    """What one request, and all of them together, may ask for; more is answered with a problem that says so."""

    requests_max: int = Field(64, ge=1, description="Requests answered at once; one more gets 429.")
    body_bytes_max: int = Field(4_194_304, ge=0, description="Largest request body; a larger one gets 413.")
    send_s: float = Field(
        10.0, gt=0, description="Longest to wait for a reader that takes nothing; then it is cut off."
    )
    statement_ms: int = Field(2_000, ge=10, description="Longest a query may run; a longer one gets 504.")
    rows_default: int = Field(500, ge=1, description="Lines on a page without `limit`.")
    rows_default_step: int = Field(10_000, ge=1, description="The same with `step`.")
    rows_max: int = Field(10_000, ge=1, description="Most lines on a page.")
    rows_fetched: int = Field(2_000, ge=1, description="Lines a streamed answer reads at once.")
    points_max: int = Field(11_000, ge=1, description="Most buckets (or days) a series in one answer.")
    changes_burst: int = Field(100, ge=1, description="Control calls that one client may make at once; then 429.")
    changes_per_s: float = Field(20.0, gt=0, description="Control calls a second after that.")
    points_auto: int = Field(1_000, ge=1, description="Buckets a series that `step=auto` aims at.")


class LiveSettings(Section):
    """Server-sent events."""

    poll_s: float = Field(0.1, gt=0, description="Seconds between looks at the ledger while clients are connected.")
    ping_s: float = Field(15.0, gt=0, description="Seconds of silence after which a client gets a sign of life.")
    clients_max: int = Field(1_000, ge=1, description="Most clients at once; one more gets 429.")
    per_address_max: int = Field(
        100, ge=1, description="Most clients, and most followers of values, of one address; one more gets 429."
    )
    queue_max: int = Field(100, ge=1, description="Updates that wait for a slow client; then it is told to resync.")
    values_poll_s: float = Field(0.5, gt=0, description="Seconds between looks for new values of a followed stream.")
    values_max: int = Field(500, ge=1, le=10_000, description="Values that a look tells at most, the newest.")
    followers_max: int = Field(100, ge=1, description="Most followers of values at once; one more gets 429.")


class AuditSettings(Section):
    """The audit."""

    statement_s: float = Field(
        60.0, ge=0.01, le=600, description="Longest that one check may take; a longer one is unfinished."
    )
    deep_s: float = Field(
        600.0, ge=0.01, le=3_600, description="Longest that a deep audit reads Kafka; what it did not reach it names."
    )


class ProducerCalls(Section):
    """Calls that are passed on to the producer."""

    connect_s: float = Field(2.0, gt=0, description="Longest to connect.")
    answer_s: float = Field(
        12.0, gt=0, description="Longest until the answer, beside the latency that is asked for; then 504."
    )
    answer_bytes_max: int = Field(33_554_432, ge=1_024, description="Largest answer that is passed on.")


class QueryApiSettings(KafkaClientSettings, PostgresClientSettings, ListeningSettings):
    """Everything the query API can be told."""

    http_host: str = Field("127.0.0.1", description="Address to listen on.")
    http_port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    allowed_hosts: list[str] = Field(
        default_factory=lambda: ["localhost", "127.0.0.1", "::1"],
        description="Names under which the service answers, beside `http_host` and `public_url`; `*`: all.",
    )
    api_keys: list[ApiKey] = Field(
        default_factory=list,
        description="Keys (`name`, `scope`, `sha256`), as `tideline key new` writes them. With the first one reads "
        "need a key, and changes one whose scope is `control`.",
    )
    session: SessionSettings = Field(default_factory=SessionSettings, description="Sessions of browsers.")
    public_url: str = Field(
        "", pattern=r"^(https?://[^/\s]+)?$", description="Base of `Link` headers behind a proxy; empty: as asked."
    )
    producer_url: str = Field(
        "http://127.0.0.1:8001",
        pattern=r"^https?://[^/\s]+$",
        description="The producer, for the calls that are passed on.",
    )
    dashboard_dir: Path = Field(
        Path("services/dashboard/dist"), description="Folder of the built dashboard; without one `/` says so."
    )
    producer: ProducerCalls = Field(default_factory=ProducerCalls, description="Calls to the producer.")
    postgres: PostgresSettings = Field(
        default_factory=lambda: PostgresSettings(pool_min=2, pool_max=10), description="Connection pool."
    )
    limits: Limits = Field(default_factory=Limits, description="Limits.")
    live: LiveSettings = Field(default_factory=LiveSettings, description="Live updates.")
    audit: AuditSettings = Field(default_factory=AuditSettings, description="The audit.")
    validity: ValiditySettings = Field(default_factory=ValiditySettings, description="Validity of events.")

    @field_validator("api_keys")
    @classmethod
    def _each_key_once(cls, keys: list[ApiKey]) -> list[ApiKey]:
        if len({key.name for key in keys}) < len(keys) or len({key.sha256 for key in keys}) < len(keys):
            raise ValueError("two keys have the same name or the same sha256: remove one")
        return keys
