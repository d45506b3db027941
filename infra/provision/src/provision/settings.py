"""Settings of `python -m provision`: infra/config/provision.toml and the environment."""

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.settings import KafkaClientSettings, PostgresClientSettings, Section


class RolePasswords(Section):
    """Passwords that `migrate` gives the roles; a role without one keeps the password it has."""

    processor: SecretStr | None = Field(None, description="Password of the role tideline_processor.")
    producer: SecretStr | None = Field(None, description="Password of the role tideline_producer.")
    api: SecretStr | None = Field(None, description="Password of the role tideline_api.")

    def by_role(self) -> dict[str, str]:
        """Role name → password, for the roles that have one here."""
        given = {"processor": self.processor, "producer": self.producer, "api": self.api}
        return {f"tideline_{name}": secret.get_secret_value() for name, secret in given.items() if secret}


class ProvisionSettings(KafkaClientSettings, PostgresClientSettings):
    """`postgres_dsn` is the owner's here: migrations create tables and roles."""

    migrations_dir: Path = Field(Path("infra/postgres/migrations"), description="Folder of the SQL migrations.")
    topics_file: Path = Field(Path("infra/kafka/topics.toml"), description="File that lists the topics.")
    replication_factor: int = Field(
        1, ge=1, le=9, description="Copies of each partition; with 3 or more, a write needs all but one of them."
    )
    wait_s: float = Field(60.0, gt=0, description="Seconds to wait for Postgres or Kafka to answer.")
    role_passwords: RolePasswords = Field(
        default_factory=lambda: RolePasswords(), description="Passwords of the services' roles."
    )
