"""The messages on Kafka: readings, rows, topic names, strict decoding and encoding. No I/O."""
