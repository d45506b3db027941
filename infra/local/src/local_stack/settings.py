"""Settings of the embedded stack: infra/config/local.toml and the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from chassis.settings import KafkaSecurity, Section, ServiceSettings


class Ports(Section):
    """Wanted ports; where one is taken, the next free one is used and printed."""

    query_api: int = Field(8000, ge=1024, le=65535, description="The REST API.")
    producer: int = Field(8001, ge=1024, le=65535, description="The producer's control API.")
    processor: int = Field(8002, ge=1024, le=65535, description="Health and metrics of the first processor.")
    kafka: int = Field(9092, ge=1024, le=65535, description="The first Kafka broker.")
    postgres: int = Field(5432, ge=1024, le=65535, description="Postgres.")


class LocalSettings(ServiceSettings):
    """Settings of `make run`."""

    data_dir: Path = Field(Path(".local"), description="Folder of data, logs, passwords and downloads.")
    kafka_bootstrap: str = Field("", description="A Kafka you have, `host:port,…`; empty: start one.")
    postgres_dsn: SecretStr = Field(
        SecretStr(""), description="A Postgres you have, as an owner who may create roles; empty: start one."
    )
    topic_prefix: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="Put before every topic name and consumer group."
    )
    kafka: KafkaSecurity = Field(
        default_factory=lambda: KafkaSecurity(), description="Names and TLS, for `make lag` on a Kafka you have."
    )
    processors: int = Field(1, ge=1, le=16, description="Processor copies: `make run PROCESSORS=2`.")
    brokers: Annotated[Literal[1, 3], BeforeValidator(int)] = Field(
        1, description="Kafka brokers; 3 survive the loss of one."
    )
    http_host: str = Field("127.0.0.1", description="Address that query-api listens on.")
    maven_repository: str = Field(
        "",
        pattern=r"^(https?://[^\s]+[^/\s])?$",
        description="Another repository for Kafka's jars, a mirror of Maven Central; empty: Maven Central.",
    )
    ports: Ports = Field(default_factory=lambda: Ports(), description="Ports.")
