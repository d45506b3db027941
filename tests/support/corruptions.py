"""What may happen to what processors wrote, table by table, and what an audit must say of it.

The SQL is about the database of tests/integration/test_audit.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Corruption:
    """What somebody does, the checks that must notice, and what the first of them must say."""

    do: str
    checks: tuple[str, ...]
    told: str
    """Answers, as things were before: where (column by column), `stored` and `should_be`."""


# The fullest window of readings, the first reading in it, one of the dataset's windows, a batch in the middle.
WINDOW = """(SELECT w.* FROM windows w JOIN series s ON s.id = series_id
    WHERE stream = 'lab-0' ORDER BY count DESC, 1, 2 LIMIT 1)"""
READING = f"""(SELECT r.* FROM raw_readings r JOIN {WINDOW} w USING (series_id)
    WHERE timestamp >= minute AND timestamp < minute + interval '1 minute' ORDER BY timestamp LIMIT 1)"""
ROW = "(SELECT * FROM raw_rows WHERE stream = 'molding' AND row = 120)"
BATCH = "(SELECT * FROM batches WHERE topic LIKE '%readings' AND partition = 0 ORDER BY first_offset OFFSET 2 LIMIT 1)"
STANDING = "(SELECT * FROM offsets WHERE topic LIKE '%readings' AND partition = 1)"
REMOVAL = "(SELECT * FROM removed WHERE table_name = 'raw_readings' ORDER BY id LIMIT 1)"
LETTER = '(SELECT * FROM dead_letters ORDER BY "offset" LIMIT 1)'

READING_IS = f"(series_id, timestamp, id) = (SELECT series_id, timestamp, id FROM {READING} r)"
WINDOW_IS = f"(series_id, minute) = (SELECT series_id, minute FROM {WINDOW} w)"
BATCH_IS = f"(topic, partition, first_offset) = (SELECT topic, partition, first_offset FROM {BATCH} b)"
ITS_SERIES = "JOIN series s ON s.id = series_id"
ITS_QUARTER = "quarter = date_bin('15 minutes', minute, 'epoch')"
RANGE = "generation, topic, partition, pass, first_offset, next_offset"


def side(**values: str) -> str:
    """A JSON object out of SQL expressions."""
    pairs = ", ".join(f"'{name}', {value}" for name, value in values.items())
    return f"jsonb_build_object({pairs})"


def window_told(stored: str, should_be: str) -> str:
    return f"SELECT stream, category, minute, {stored} AS stored, {should_be} AS should_be FROM {WINDOW} w {ITS_SERIES}"


CORRUPTIONS = {
    "a reading is deleted": Corruption(
        f"DELETE FROM raw_readings WHERE {READING_IS}",
        ("windows", "raw_counts"),
        window_told(side(count="count"), side(count="count - 1")),
    ),
    "a reading is added": Corruption(
        f"INSERT INTO raw_readings SELECT series_id, timestamp, gen_random_uuid(), 1e9 FROM {READING} r",
        ("windows", "raw_counts"),
        window_told(side(count="count", max="max"), side(count="count + 1", max="1e9")),
    ),
    "a reading's value is changed": Corruption(
        f"UPDATE raw_readings SET value = 1e9 WHERE {READING_IS}",
        ("windows",),
        window_told(side(max="max", first_value="first_value"), side(max="1e9", first_value="1e9")),
    ),
    "a reading moves to another minute": Corruption(
        f"UPDATE raw_readings SET timestamp = '2026-01-01Z' WHERE {READING_IS}",
        ("windows",),
        window_told(side(count="count"), side(count="count - 1")),
    ),
    "a row is deleted": Corruption(
        "DELETE FROM raw_rows WHERE stream = 'molding' AND row = 120",
        ("counts", "raw_counts", "windows"),
        f"""SELECT stream, 'row_counts' AS table, {side(count="400")} AS stored, {side(count="399")} AS should_be
            FROM raw_rows WHERE row = 120""",
    ),
    "a number in a row is changed": Corruption(
        "UPDATE raw_rows SET data = jsonb_set(data::jsonb, '{deep,b}', '7e14')::json WHERE row = 120",
        ("windows",),
        f"""SELECT stream, 'deep.b' AS category, date_bin('1 minute', timestamp, 'epoch') AS minute,
            '{{}}'::jsonb AS stored, '{{"max": 7e14}}'::jsonb AS should_be FROM {ROW} r""",
    ),
    "a window's sum is changed by the least there is": Corruption(
        f"UPDATE windows SET sum = sum + 1 WHERE {WINDOW_IS}",
        ("windows", "quarters"),
        window_told(side(sum="(sum + 1)::text"), side(sum="sum::text")),
    ),
    "a window's least value is changed": Corruption(
        f"UPDATE windows SET min = min - 1e9 WHERE {WINDOW_IS}",
        ("windows", "quarters"),
        window_told(side(min="min - 1e9"), side(min="min")),
    ),
    "a window is deleted": Corruption(
        f"DELETE FROM windows WHERE {WINDOW_IS}",
        ("windows", "quarters", "samples", "counts"),
        window_told(side(count="null"), side(count="count")),
    ),
    "a window is added": Corruption(
        f"""INSERT INTO windows SELECT series_id, minute - interval '1 year', 1, 0, 0, 0, minute, 0, minute, 0
            FROM {WINDOW} w""",
        ("counts", "samples"),
        f"""SELECT stream, category, 'series_counts' AS table, {side(count="c.count")} AS stored,
            {side(count="c.count + 1")} AS should_be
            FROM series_counts c JOIN {WINDOW} w USING (series_id) {ITS_SERIES}""",
    ),
    "a quarter's mask is changed": Corruption(
        f"UPDATE quarters q SET minutes = 0 FROM {WINDOW} w WHERE q.series_id = w.series_id AND {ITS_QUARTER}",
        ("quarters",),
        f"""SELECT stream, category, quarter AS minute, {side(minutes="0")} AS stored,
            {side(minutes="minutes")} AS should_be
            FROM quarters q JOIN {WINDOW} w USING (series_id) {ITS_SERIES} WHERE {ITS_QUARTER}""",
    ),
    "a quarter is deleted": Corruption(
        f"DELETE FROM quarters q USING {WINDOW} w WHERE q.series_id = w.series_id AND {ITS_QUARTER}",
        ("quarters",),
        f"""SELECT stream, category, quarter AS minute, {side(count="null")} AS stored,
            {side(count="q.count")} AS should_be
            FROM quarters q JOIN {WINDOW} w USING (series_id) {ITS_SERIES} WHERE {ITS_QUARTER}""",
    ),
    "a series' count is changed": Corruption(
        f"UPDATE series_counts SET count = count + 3 WHERE series_id = (SELECT series_id FROM {WINDOW} w)",
        ("counts",),
        f"""SELECT stream, category, {side(count="c.count + 3")} AS stored, {side(count="c.count")} AS should_be
            FROM series_counts c JOIN {WINDOW} w USING (series_id) {ITS_SERIES}""",
    ),
    "a batch is deleted": Corruption(
        f"DELETE FROM batches WHERE {BATCH_IS}",
        ("ranges", "counters", "raw_counts", "samples"),
        f"""SELECT {RANGE}, {side(ranges="0")} AS stored, {side(ranges="1")} AS should_be FROM {BATCH} b""",
    ),
    "a batch begins too early": Corruption(
        f"UPDATE batches SET first_offset = first_offset - 7 WHERE {BATCH_IS}",
        ("ranges", "batches"),
        f"""SELECT generation, topic, partition, pass, first_offset - 7 AS first_offset, first_offset AS next_offset,
            {side(ranges="2")} AS stored, {side(ranges="1")} AS should_be FROM {BATCH} b""",
    ),
    "a batch ends too late": Corruption(
        f"UPDATE batches SET next_offset = next_offset + 5 WHERE {BATCH_IS}",
        ("ranges", "batches"),
        f"""SELECT generation, topic, partition, pass, next_offset AS first_offset, next_offset + 5 AS next_offset,
            {side(ranges="2")} AS stored, {side(ranges="1")} AS should_be FROM {BATCH} b""",
    ),
    "a batch counts one more": Corruption(
        f"UPDATE batches SET duplicate = duplicate + 1 WHERE {BATCH_IS}",
        ("batches", "counters"),
        f"""SELECT {RANGE}, {side(records="next_offset - first_offset + 1")} AS stored,
            {side(records="next_offset - first_offset")} AS should_be FROM {BATCH} b""",
    ),
    "a batch is added beyond the end": Corruption(
        f"""INSERT INTO batches ({RANGE}, accepted, duplicate, rejected, samples)
            SELECT generation, topic, partition, pass, next_offset, next_offset + 2, 0, 2, 0, 0 FROM {STANDING} o""",
        ("ranges", "counters"),
        f"""SELECT generation, topic, partition, pass, next_offset AS first_offset, next_offset + 2 AS next_offset,
            {side(ledger_ends="next_offset + 2")} AS stored, {side(ledger_ends="next_offset")} AS should_be
            FROM {STANDING} o""",
    ),
    "a counter is changed": Corruption(
        f"UPDATE offsets SET accepted = o.accepted + 5 FROM {STANDING} o"
        " WHERE (offsets.topic, offsets.partition) = (o.topic, o.partition)",
        ("counters", "read"),
        f"""SELECT generation, topic, partition, pass, {side(accepted="accepted + 5")} AS stored,
            {side(accepted="accepted")} AS should_be FROM {STANDING} o""",
    ),
    "a stored offset is changed": Corruption(
        f"UPDATE offsets SET next_offset = o.next_offset + 10 FROM {STANDING} o"
        " WHERE (offsets.topic, offsets.partition) = (o.topic, o.partition)",
        ("ranges", "read"),
        f"""SELECT generation, topic, partition, pass, next_offset AS first_offset, next_offset + 10 AS next_offset,
            {side(ranges="0")} AS stored, {side(ranges="1")} AS should_be FROM {STANDING} o""",
    ),
    "a gap is invented": Corruption(
        f"""INSERT INTO gaps (generation, topic, partition, from_offset, to_offset, cause)
            SELECT generation, topic, partition, 3, 5, 'not_delivered' FROM {STANDING} o""",
        ("read",),
        f"""SELECT generation, topic, partition, {side(read="next_offset")} AS stored,
            {side(read="next_offset + 2")} AS should_be FROM {STANDING} o""",
    ),
    "a dead letter is deleted": Corruption(
        f"""DELETE FROM dead_letters
            WHERE (topic, partition, "offset") = (SELECT topic, partition, "offset" FROM {LETTER} l)""",
        ("dead_letters",),
        f"""SELECT b.generation, topic, partition, pass, first_offset, next_offset,
            {side(dead_letters="0")} AS stored, {side(dead_letters="1")} AS should_be
            FROM batches b JOIN {LETTER} l USING (topic, partition)
            WHERE l.offset >= b.first_offset AND l.offset < b.next_offset""",
    ),
    "a dead letter is invented": Corruption(
        f"""INSERT INTO dead_letters (generation, topic, partition, "offset", reason, detail, append_time)
            SELECT generation, topic, partition, next_offset + 9, 'empty', '', now() FROM {STANDING} o""",
        ("dead_letters",),
        f"""SELECT generation, topic, partition, next_offset + 9 AS first_offset,
            {side(dead_letters="1")} AS stored, {side(dead_letters="0")} AS should_be FROM {STANDING} o""",
    ),
    "a removal took more than it says": Corruption(
        f"UPDATE removed SET rows = rows - 2 WHERE id = (SELECT id FROM {REMOVAL} r)",
        ("removed", "raw_counts"),
        f"""SELECT id AS removed_id, stream, {side(rows="rows - 2")} AS stored, {side(rows="rows")} AS should_be
            FROM {REMOVAL} r""",
    ),
    "a removal is forgotten": Corruption(
        f"DELETE FROM removed WHERE id = (SELECT id FROM {REMOVAL} r)",
        ("raw_counts",),
        f"""SELECT 'raw_readings' AS table, {side(rows="n")} AS stored, {side(rows="n + r.rows")} AS should_be
            FROM {REMOVAL} r, (SELECT count(*) AS n FROM raw_readings) c""",
    ),
}
