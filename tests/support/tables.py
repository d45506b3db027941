"""What Postgres holds, read in one snapshot as plain values that go into JSON and back, and the ledger's invariants."""

from typing import Any

import asyncpg

_US = "(extract(epoch FROM {}) * 1000000)::int8"

TABLES = {
    "raw_readings": f"""
        SELECT stream, category, {_US.format("timestamp")}, r.id::text, value
        FROM raw_readings r JOIN series s ON s.id = series_id""",
    "raw_rows": f"SELECT stream, {_US.format('timestamp')}, id::text, row, data::text FROM raw_rows",
    "windows": f"""
        SELECT stream, category, {_US.format("minute")}, w.count, plain_sum(w.sum), min, max, first_value, last_value,
               w.sum::text, 0
        FROM windows w JOIN series s ON s.id = series_id""",
    "quarters": f"""
        SELECT stream, category, {_US.format("quarter")}, w.count, plain_sum(w.sum), min, max, first_value, last_value,
               w.sum::text, minutes
        FROM quarters w JOIN series s ON s.id = series_id""",
    "dead_letters": 'SELECT topic, partition, "offset", reason FROM dead_letters',
    "replays": """
        SELECT concat_ws('/', generation, topic, partition, "offset"), encode(digest, 'hex')
        FROM dead_letter_requests WHERE wish = 'replay'""",
    "offsets": """
        SELECT generation, topic, partition, pass, start_offset, next_offset, epoch, accepted, duplicate, rejected
        FROM offsets""",
    "batches": """
        SELECT generation, topic, partition, pass, first_offset, next_offset, accepted, duplicate, rejected, samples
        FROM batches""",
    "gaps": "SELECT generation, topic, partition, pass, from_offset, to_offset, cause FROM gaps",
}  # fmt: skip


async def read_tables(connection: asyncpg.Connection) -> dict[str, list[list[Any]]]:
    """Every table of data, of one moment; times are microseconds since 1970."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return {name: [list(line) for line in await connection.fetch(query)] for name, query in TABLES.items()}


INVARIANTS = {
    "1: next - start = accepted + duplicate + rejected + gaps": """
        SELECT topic, partition FROM offsets o
        WHERE next_offset - start_offset <> accepted + duplicate + rejected + coalesce((
            SELECT sum(to_offset - from_offset) FROM gaps g
            WHERE (g.generation, g.topic, g.partition, g.pass) = (o.generation, o.topic, o.partition, o.pass)), 0)""",
    "2: the ledger has no gap and no overlap": """
        WITH ranges AS (
            SELECT generation, topic, partition, pass, first_offset, next_offset FROM batches
            UNION ALL
            SELECT generation, topic, partition, pass, from_offset, to_offset FROM gaps
            WHERE cause = 'retention' AND accepted_at IS NOT NULL
        ), chain AS (
            SELECT *, lag(next_offset, 1, (SELECT start_offset FROM offsets o
                WHERE (o.generation, o.topic, o.partition) = (r.generation, r.topic, r.partition)))
                OVER w AS expected, lead(first_offset) OVER w AS following
            FROM ranges r WINDOW w AS (PARTITION BY generation, topic, partition, pass ORDER BY first_offset)
        )
        SELECT topic, partition, first_offset FROM chain c WHERE first_offset <> expected
        UNION ALL
        SELECT topic, partition, next_offset FROM chain c WHERE following IS NULL AND next_offset <> (
            SELECT next_offset FROM offsets o
            WHERE (o.generation, o.topic, o.partition) = (c.generation, c.topic, c.partition))
        """,
    "3: accepted = rows in the raw tables": """
        SELECT 1 WHERE (SELECT coalesce(sum(accepted), 0) FROM batches)
            <> (SELECT count(*) FROM raw_readings) + (SELECT count(*) FROM raw_rows)
             + (SELECT coalesce(sum(rows), 0) FROM removed WHERE table_name IN ('raw_readings', 'raw_rows'))""",
    "3: rejected = dead letters": """
        SELECT 1 WHERE (SELECT coalesce(sum(rejected), 0) FROM batches) <> (SELECT count(*) FROM dead_letters)
             + (SELECT coalesce(sum(rows), 0) FROM removed WHERE table_name = 'dead_letters')""",
    "a series' count = the counts of its quarters": """
        SELECT series_id FROM (SELECT series_id, sum(count) AS count FROM quarters GROUP BY 1) q
        FULL JOIN series_counts c USING (series_id) WHERE coalesce(q.count, 0) <> coalesce(c.count, 0)""",
    "a stream's rows = those in the raw table": """
        SELECT stream FROM (SELECT stream, count(*) AS rows FROM raw_rows GROUP BY 1) r
        FULL JOIN (SELECT stream, sum(rows) AS rows FROM row_counts GROUP BY 1) c USING (stream)
        WHERE coalesce(r.rows, 0) <> coalesce(c.rows, 0)""",
    "6: the windows' counts = the samples of the ledger": """
        SELECT 1 WHERE (SELECT coalesce(sum(samples), 0) FROM batches)
            <> (SELECT coalesce(sum(count), 0) FROM windows) + (SELECT coalesce(sum(samples), 0) FROM removed)""",
}  # fmt: skip


async def broken_invariants(connection: asyncpg.Connection) -> list[str]:
    """The invariants of processor.md that do not hold in one snapshot; may be asked at any moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A month that is dropped is gone for older snapshots too, while its booking is not there for them.
        await connection.execute("LOCK TABLE raw_readings, raw_rows IN ACCESS SHARE MODE")
        return [name for name, query in INVARIANTS.items() if await connection.fetch(query)]
