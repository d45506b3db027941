"""What Kafka and Postgres raise while they are away or restarting."""

import asyncpg
from aiokafka.errors import KafkaError

AWAY = (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Wait and try again."""
