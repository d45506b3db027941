"""`python -m provision migrate|topics`: schema and roles, or topics; safe to run again."""

import argparse
import logging

from chassis.server import run_service
from chassis.settings import load_settings
from provision.schema import migrate, place
from provision.settings import ProvisionSettings
from provision.topics import create_topics, read_specs


async def main(command: str) -> int:
    """Run one command; 0 when what it provides is there."""
    settings = load_settings(ProvisionSettings, "provision")
    if command == "migrate":
        dsn = settings.postgres_dsn.get_secret_value()
        done = await migrate(dsn, settings.migrations_dir, settings.role_passwords.by_role(), settings.wait_s)
        print(
            f"database {place(dsn)}: {len(done)} migrations applied" if done else f"database {place(dsn)}: up to date"
        )
    else:
        specs = read_specs(settings.topics_file, settings.topic_prefix, settings.replication_factor)
        made = await create_topics(
            settings.kafka_bootstrap, specs, settings.replication_factor, settings.wait_s, settings.kafka
        )
        print(f"topics at {settings.kafka_bootstrap}: created {', '.join(made)}" if made else "topics: all there")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m provision", description=__doc__)
    parser.add_argument("command", choices=("migrate", "topics"))
    return parser.parse_args()


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())  # the Kafka client complains at each try
    run_service(main(_arguments().command))
