"""The services as children: what each is told by its environment, and how it says that it is ready."""

import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from local_stack.children import Child
from local_stack.ports import HOST
from local_stack.supervisor import Supervised

ROLES = {"query-api": "api", "producer": "producer", "processor": "processor"}
"""Kind of service → its role in the database, less `tideline_`."""
SPOOL = "TIDELINE_DATASETS__SPOOL_DIR"


@dataclass(frozen=True)
class Servers:
    """What all services need to know."""

    kafka_bootstrap: str
    topic_prefix: str
    owner_dsn: str
    passwords: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """One process: `python -m <module>` on a port, as the role `tideline_<role>` of the database."""

    name: str
    kind: str
    """`query-api`, `producer` or `processor`."""
    port: int
    host: str = HOST
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers on this machine."""
        host = HOST if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def ready_url(self) -> str:
        """Answers 200 when it is ready."""
        return self.url + ("/api/v1/ready" if self.kind == "query-api" else "/ready")

    def environment(self, servers: Servers) -> dict[str, str]:
        """What it is told beyond this process's environment."""
        role = ROLES[self.kind]
        return {
            "TIDELINE_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            "TIDELINE_TOPIC_PREFIX": servers.topic_prefix,
            "TIDELINE_POSTGRES_DSN": as_role(servers.owner_dsn, f"tideline_{role}", servers.passwords[role]),
            "TIDELINE_HTTP_HOST": self.host,
            "TIDELINE_HTTP_PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            **self.extra,
        }

    def supervised(self, servers: Servers, folder: Path) -> Supervised:
        """The service as a child to supervise."""
        command = [sys.executable, "-m", self.kind.replace("-", "_")]
        child = Child(self.name, command, folder, env=self.environment(servers), cwd=Path.cwd())
        return Supervised(child, lambda: is_ready(self.ready_url))


def processors(ports: Sequence[int]) -> list[Service]:
    """Processor copies, each with a name that a restart keeps."""
    names = [f"processor-{n}" for n in range(1, len(ports) + 1)]
    return [
        Service(name, "processor", port, extra={"TIDELINE_NAME": name}) for name, port in zip(names, ports, strict=True)
    ]


def producer(port: int, spool: Path) -> Service:
    """The producer; `spool` is the folder of its datasets unless a setting names one."""
    extra = {} if SPOOL in os.environ else {SPOOL: str(spool)}
    return Service("producer", "producer", port, extra=extra)


def query_api(host: str, port: int, producer_url: str) -> Service:
    """The one public door."""
    return Service("query-api", "query-api", port, host, extra={"TIDELINE_PRODUCER_URL": producer_url})


def is_ready(url: str) -> bool:
    """The service says that it is ready."""
    return status_of(url) == 200


def status_of(url: str) -> int | None:
    """The status that this plain HTTP address answers with; None without an answer."""
    # Left to itself, httpx reads all certificates of the system for each call: 28 ms of CPU, twenty times a second.
    without_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.get(url, timeout=2, trust_env=False, verify=without_certificates).status_code
    except httpx.HTTPError:
        return None


def as_role(dsn: str, role: str, password: str) -> str:
    """The DSN of the same database for another role."""
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"))


def without_password(dsn: str) -> str:
    """The DSN as it may be shown."""
    parts = urlsplit(dsn)
    if not parts.netloc:
        return dsn.rpartition("@")[2]
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc="@".join(filter(None, [user.partition(":")[0], place])), query=""))
