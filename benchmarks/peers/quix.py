"""Quix Streams: the readings and their minutes, each to its PostgreSQL sink. Runs in an environment of its own.

Minutes are kept up to date (`current`), or each is written once, when it is over (`final`): then the last one of each
series stays open.

usage: python quix.py <current | final> <bootstrap> <topic> <group> <dsn> <folder for its state>
"""

import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from quixstreams import Application
from quixstreams.dataframe.windows import Count, Max, Min, Sum
from quixstreams.sinks.community.postgresql import PostgreSQLSink

MINUTE_MS = 60_000


def main(minutes_are: str, bootstrap: str, topic: str, group: str, dsn: str, folder: str) -> None:
    """Run until SIGTERM."""
    app = Application(
        bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder,
        commit_every=5_000,
        commit_interval=1.0,
        consumer_extra_config={"session.timeout.ms": 6_000},
        loglevel="WARNING",
    )
    readings = app.dataframe(app.topic(topic, timestamp_extractor=time_ms))
    readings.sink(sink(dsn, "readings", ["stream", "category", "timestamp", "id"], on_conflict_do_nothing=True))
    windows = readings.tumbling_window(MINUTE_MS).agg(
        count=Count(), sum=Sum("value"), min=Min("value"), max=Max("value")
    )
    minutes = (windows.final if minutes_are == "final" else windows.current)(closing_strategy="partition")
    into = sink(dsn, "minutes", ["stream", "category", "minute"], upsert_on_primary_key=True)
    minutes.apply(line, metadata=True).sink(into)
    app.run()


def time_ms(value: Any, *_others: Any) -> int:
    """When the reading was taken."""
    return round(datetime.fromisoformat(value["timestamp"]).timestamp() * 1_000)


def line(window: dict[str, Any], key: bytes, *_others: Any) -> dict[str, Any]:
    """A row of the table."""
    stream, _, category = key.decode().partition("/")
    minute = datetime.fromtimestamp(window["start"] / 1_000, UTC).isoformat()
    figures = {name: window[name] for name in ("count", "sum", "min", "max")}
    return {"stream": stream, "category": category, "minute": minute, **figures}


def sink(dsn: str, table: str, primary_key: list[str], **what: bool) -> PostgreSQLSink:
    """Into a table that is there."""
    parts = urlsplit(dsn)
    place = {"host": parts.hostname, "port": parts.port, "dbname": parts.path[1:]}
    return PostgreSQLSink(
        **place,
        user=parts.username,
        password=parts.password,
        table_name=table,
        schema_auto_update=False,
        primary_key_columns=primary_key,
        include_metadata=False,
        **what,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
