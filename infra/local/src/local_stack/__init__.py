"""A real Kafka, a real Postgres and the services as child processes, without Docker."""
