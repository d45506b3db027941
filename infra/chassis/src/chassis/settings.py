"""Settings: one TOML file a service, every value overridable by environment (`TIDELINE_<KEY>`, nesting with `__`)."""

import os
import tomllib
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from chassis.errors import StartError

S = TypeVar("S", bound="ServiceSettings")


class Section(BaseModel):
    """A TOML table inside a service's settings; unknown keys are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSettings(Section):
    """How a service writes its log to standard output."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    format: Literal["json", "text"] = Field("json", description="`json`: one object per line; `text`: for a terminal.")


class ValiditySettings(Section):
    """What a valid event may hold, as contracts judge it; the same in all services: one checks what another takes."""

    max_age_days: int = Field(
        7_305, ge=1, le=730_000, description="Oldest timestamp before the append time, in days (20 years)."
    )
    max_ahead_s: int = Field(
        86_400, ge=0, le=100_000_000_000, description="Latest timestamp after the append time, in seconds."
    )
    max_bytes: int = Field(1_048_576, ge=1_024, description="Largest record value, in bytes.")
    max_depth: int = Field(20, ge=2, le=100, description="Deepest nesting of objects and lists.")


class ServiceSettings(BaseSettings):
    """Base of every service's settings; the environment beats the file, the file beats the defaults."""

    model_config = SettingsConfigDict(
        env_prefix="TIDELINE_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    log: LogSettings = Field(default_factory=LogSettings, description="Logging.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic hands over all of these by name
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first; what `load_settings` read from the file comes in as init values."""
        return _Environment(settings_cls), init_settings


class _Environment(EnvSettingsSource):
    """The environment; a list or section that is no JSON stays the text it is, so that it is refused by its name."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The value as JSON, else as it is."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class ListeningSettings(ServiceSettings):
    """What a service needs to know about who can reach it."""

    trusted_network: bool = Field(
        False,
        description="Other machines may reach `http_host` without a key, because only trusted ones can: the service "
        "does not start otherwise on an address that is not this machine's own.",
    )


class KafkaSecurity(Section):
    """How Kafka knows this service, and how this service knows Kafka."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to connect: `SSL` with TLS, `SASL` with a name and a password."
    )
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="How the password is shown to Kafka; `PLAIN` with TLS only."
    )
    username: str = Field("", description="The name, with SASL.")
    password: SecretStr = Field(SecretStr(""), description="The password, with SASL.")
    ca_file: str = Field("", description="Certificates (PEM) to trust with TLS; empty: those of the system.")
    cert_file: str = Field("", description="This service's own certificate (PEM), where Kafka asks for one.")
    key_file: str = Field("", description="The key of that certificate (PEM); empty: it is in the same file.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        sasl, tls = self.protocol.startswith("SASL"), self.protocol.endswith("SSL")
        if sasl and not (self.username and self.password.get_secret_value()):
            raise ValueError(f"with {self.protocol} a username and a password are needed: set both")
        if not sasl and (self.username or self.password.get_secret_value()):
            raise ValueError(f"with {self.protocol} no name is given: set protocol to SASL_SSL, or remove the name")
        if self.mechanism == "PLAIN" and self.protocol == "SASL_PLAINTEXT":
            raise ValueError(
                "PLAIN sends the password as it is: set protocol to SASL_SSL, or mechanism to SCRAM-SHA-512"
            )
        if not tls and (self.ca_file or self.cert_file or self.key_file):
            raise ValueError(f"with {self.protocol} there is no TLS: set protocol to SASL_SSL, or remove the files")
        return self


class KafkaClientSettings(ServiceSettings):
    """What a service needs to reach Kafka."""

    kafka_bootstrap: str = Field("127.0.0.1:9092", description="Kafka's bootstrap servers, `host:port,host:port`.")
    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="Put before every topic name and consumer group, so that one cluster can hold several deployments.",
    )
    kafka: KafkaSecurity = Field(default_factory=lambda: KafkaSecurity(), description="Names and TLS.")


class PostgresSettings(Section):
    """The connection pool."""

    pool_min: int = Field(1, ge=1, le=100, description="Connections kept open.")
    pool_max: int = Field(5, ge=1, le=100, description="Most connections.")
    connect_timeout_s: float = Field(5.0, gt=0, description="Seconds to wait for a connection.")


class PostgresClientSettings(ServiceSettings):
    """What a service needs to reach Postgres."""

    postgres_dsn: SecretStr = Field(
        SecretStr("postgresql://127.0.0.1:5432/tideline"),
        description="Postgres, as the role of this service: `postgresql://role:password@host:port/database`.",
    )
    postgres: PostgresSettings = Field(default_factory=PostgresSettings, description="Connection pool.")


def config_file(service: str) -> Path:
    """The service's TOML file: in the folder `TIDELINE_CONFIG_DIR`, else infra/config below the working folder."""
    return Path(os.environ.get("TIDELINE_CONFIG_DIR", "infra/config")) / f"{service}.toml"


def load_settings(settings: type[S], service: str) -> S:
    """Read `<service>.toml` and the environment; raises StartError naming every key that is wrong, never its value."""
    path = config_file(service)
    values: dict[str, Any] = {}
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if "TIDELINE_CONFIG_DIR" in os.environ:
            raise StartError(f"no settings file {path}: create it or correct TIDELINE_CONFIG_DIR") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StartError(f"cannot read the settings file {path}: {error}") from None
    try:
        return settings(**values)
    except ValidationError as error:
        raise StartError(f"wrong settings for {service} ({path} or environment): {_reasons(error)}") from None


_LIST = 'write a list, in the environment as JSON: ["a", "b"]'
_REASONS = {"extra_forbidden": "unknown key, remove it", "list_type": _LIST, "tuple_type": _LIST}


def _reasons(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in item["loc"])
        named = takewhile(lambda part: isinstance(part, str), item["loc"])  # a list is one variable
        name = "TIDELINE_" + "__".join(map(str, named)).upper()
        lines.append(f"{key} ({name}): {_REASONS.get(item['type'], item['msg'])}")
    return "; ".join(lines)
