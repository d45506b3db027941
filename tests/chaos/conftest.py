"""Links that can be made bad: proxies between services and servers."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
from tests.support.databases import Database
from tests.support.proxy import Proxy
from tests.support.stack import Stack

from local_stack.ports import HOST, any_port


@pytest.fixture
def kafka_link(stack: Stack) -> Iterator[Proxy]:
    """A proxy before Kafka; a service behind it has `TIDELINE_KAFKA_BOOTSTRAP=through_kafka(kafka_link)`."""
    if stack.kafka_behind is None:
        pytest.skip("a proxy before Kafka needs a broker of our own, which tells clients the proxy's port")
    behind, told = stack.kafka_behind
    with Proxy(told, behind) as proxy:
        yield proxy


@pytest.fixture
def postgres_link(stack: Stack) -> Iterator[Proxy]:
    """A proxy before Postgres; a service behind it has `TIDELINE_POSTGRES_DSN=through_postgres(…)`."""
    with Proxy(any_port(1)[0], urlsplit(stack.postgres_dsn).port or 5432) as proxy:
        yield proxy


def through_kafka(link: Proxy) -> str:
    """The bootstrap address behind the proxy."""
    return f"{HOST}:{link.port}"


def through_postgres(link: Proxy, database: Database) -> str:
    """A processor's DSN behind the proxy."""
    parts = urlsplit(database.processor_dsn)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{HOST}:{link.port}"))
