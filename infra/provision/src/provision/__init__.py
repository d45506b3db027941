"""Creates what the services expect to find: the schema and the roles in Postgres, the topics in Kafka."""
