"""What Kafka and Postgres raise while they are away or restarting."""

import asyncpg
from aiokafka.errors import KafkaError

AWAY = (
    OSError,
    TimeoutError,
    KafkaError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection whose server was killed in the middle of a query
)
"""Wait and try again."""
