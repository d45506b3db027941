"""As much of kcat as the pages use, for machines without it: `kcat -P -b SERVERS -t TOPIC [-K BETWEEN] [-X acks=all]`.

kcat is librdkafka behind a command line; so is this.
"""

import argparse
import sys

from confluent_kafka import Producer


def main() -> int:
    """Publish a record for each line of standard input; 1 when Kafka has not taken all within 20 s."""
    parser = argparse.ArgumentParser(prog="kcat")
    parser.add_argument("-P", action="store_true", required=True)
    parser.add_argument("-b", dest="servers", required=True)
    parser.add_argument("-t", dest="topic", required=True)
    parser.add_argument("-K", dest="delimiter")
    parser.add_argument("-X", dest="options", action="append", default=[])
    asked = parser.parse_args()
    producer = Producer({"bootstrap.servers": asked.servers, **dict(option.split("=", 1) for option in asked.options)})
    for line in sys.stdin.read().splitlines():
        key, delimiter, value = line.partition(asked.delimiter) if asked.delimiter else ("", "", line)
        producer.produce(asked.topic, value, key if delimiter else None)
    return 1 if producer.flush(20) else 0


if __name__ == "__main__":
    sys.exit(main())
