"""What somebody may do to all tables at once, so that they fit each other and only Kafka tells that it is wrong.

The SQL is about the database of tests/integration/test_audit_deep.py.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Consistent:
    """What is done, and all findings: of which check, of which event (the test knows its place), and more of it."""

    do: tuple[str, ...]
    told: tuple[tuple[str, str | None, dict[str, Any]], ...]


ALONE = "(SELECT id FROM series WHERE stream = 'alone')"
UNITS = "4611686018427387904"
LEDGER = """UPDATE batches SET {set} WHERE topic LIKE '%readings' AND partition = 0
    AND first_offset <= {offset} AND next_offset > {offset}"""
LESS = "accepted = accepted - 1, duplicate = duplicate + 1, samples = samples - 1"
MORE = "accepted = accepted + 1, duplicate = duplicate - 1, samples = samples + 1"
FORGIVEN = "accepted = accepted + 1, rejected = rejected - 1, samples = samples + 1"
COUNTER = "UPDATE offsets SET {set} WHERE topic LIKE '%readings' AND partition = 0"
LETTER = "topic LIKE '%readings' AND reason = 'not_json'"


def value_of_alone(table: str, value: float) -> str:
    return f"""UPDATE {table} SET sum = {value} * {UNITS}, min = {value}, max = {value}, first_value = {value},
        last_value = {value} WHERE series_id = {ALONE}"""


def side(stored: Any, should_be: Any, **more: Any) -> dict[str, Any]:
    return {"stored": stored, "should_be": should_be, **more}


CONSISTENT = {
    "a value, its window and its quarter": Consistent(
        (
            f"UPDATE raw_readings SET value = 7.5 WHERE series_id = {ALONE}",
            value_of_alone("windows", 7.5),
            value_of_alone("quarters", 7.5),
        ),
        (
            ("kafka_raw", "alone", side({"value": 7.5}, {"value": 2.5}, table="raw_readings", category="single")),
            ("kafka_windows", None, side({"max": 7.5}, {"max": 2.5}, table="windows", stream="alone")),
            ("kafka_windows", None, side({"min": 7.5}, {"min": 2.5}, table="quarters", stream="alone")),
        ),
    ),
    "a reading is gone as if it had been a duplicate": Consistent(
        (
            f"DELETE FROM raw_readings WHERE series_id = {ALONE}",
            f"DELETE FROM windows WHERE series_id = {ALONE}",
            f"DELETE FROM quarters WHERE series_id = {ALONE}",
            f"DELETE FROM series_counts WHERE series_id = {ALONE}",
            LEDGER.format(set=LESS, offset="{alone}"),
            COUNTER.format(set="accepted = accepted - 1, duplicate = duplicate + 1"),
        ),
        (
            ("kafka_raw", "alone", side({"value": None}, {"value": 2.5})),
            ("kafka_windows", None, side({"count": None}, {"count": 1}, table="windows", stream="alone")),
            ("kafka_windows", None, side({"count": None}, {"count": 1}, table="quarters", stream="alone")),
        ),
    ),
    "a reading was invented": Consistent(
        (
            f"""INSERT INTO raw_readings SELECT series_id, timestamp, 'ffffffff-ffff-4fff-8fff-ffffffffffff', value
                FROM raw_readings WHERE series_id = {ALONE}""",
            f"UPDATE windows SET count = 2, sum = sum * 2 WHERE series_id = {ALONE}",
            f"UPDATE quarters SET count = 2, sum = sum * 2 WHERE series_id = {ALONE}",
            f"UPDATE series_counts SET count = 2 WHERE series_id = {ALONE}",
            LEDGER.format(set=FORGIVEN, offset="{not_json}"),
            COUNTER.format(set="accepted = accepted + 1, rejected = rejected - 1"),
            f"DELETE FROM dead_letters WHERE {LETTER}",
        ),
        (
            ("kafka_raw", None, side({"value": 2.5}, {"value": None}, id="ffffffff-ffff-4fff-8fff-ffffffffffff")),
            ("kafka_batches", "batch of not_json", {"table": "batches", "partition": 0}),
            ("kafka_dead_letters", "not_json", side({"reason": None}, {"reason": "not_json"})),
            ("kafka_windows", None, side({"count": 2}, {"count": 1}, table="windows", stream="alone")),
            ("kafka_windows", None, side({"count": 2}, {"count": 1}, table="quarters", stream="alone")),
        ),
    ),
    "batches share out differently what they accepted": Consistent(
        (
            LEDGER.format(set=LESS, offset="{alone}"),
            LEDGER.format(set=MORE, offset="{again}"),
        ),
        (
            ("kafka_batches", "batch of alone", {"table": "batches"}),
            ("kafka_batches", "batch of again", {"table": "batches"}),
        ),
    ),
    "a dead letter holds other bytes": Consistent(
        (f"UPDATE dead_letters SET value = 'not jsom' WHERE {LETTER}",),
        (("kafka_dead_letters", "not_json", {"table": "dead_letters"}),),
    ),
    "a dead letter tells another reason": Consistent(
        (f"UPDATE dead_letters SET reason = 'empty' WHERE {LETTER}",),
        (("kafka_dead_letters", "not_json", side({"reason": "empty"}, {"reason": "not_json"})),),
    ),
    "a dead letter stands where an event is": Consistent(
        (f'UPDATE dead_letters SET "offset" = {{alone}}, reason = \'not_json\' WHERE {LETTER}',),
        (
            ("kafka_dead_letters", "alone", side({"reason": "not_json"}, {"reason": None})),
            ("kafka_dead_letters", "not_json", side({"reason": None}, {"reason": "not_json"})),
        ),
    ),
    "an event is told to have come too late": Consistent(
        (f'UPDATE dead_letters SET "offset" = {{alone}}, reason = \'too_late\' WHERE {LETTER}',),
        (
            ("kafka_dead_letters", "alone", side({"reason": "too_late"}, {"reason": None})),
            ("kafka_dead_letters", "not_json", side({"reason": None}, {"reason": "not_json"})),
        ),
    ),
    "a row's text": Consistent(
        ("UPDATE raw_rows SET data = replace(data::text, 'n3', 'n4')::json WHERE stream = 'molding' AND row = 3",),
        (("kafka_raw", "row 3", side({"data": {"note": "n4"}}, {"data": {"note": "n3"}}, table="raw_rows")),),
    ),
    "a row's number": Consistent(
        ("UPDATE raw_rows SET row = 77 WHERE stream = 'molding' AND row = 3",),
        (("kafka_raw", "row 3", side({"row": 77}, {"row": 3}, table="raw_rows", stream="molding")),),
    ),
    "a row's number among its data, with its windows": Consistent(
        (
            "UPDATE raw_rows SET data = replace(data::text, '1.25', '1.75')::json WHERE stream = 'single'",
            value_of_alone("windows", 1.75).replace("'alone'", "'single'"),
            value_of_alone("quarters", 1.75).replace("'alone'", "'single'"),
        ),
        (
            ("kafka_raw", "single row", side({"data": {"a": 1.75}}, {"data": {"a": 1.25}}, table="raw_rows")),
            ("kafka_windows", None, side({"min": 1.75}, {"min": 1.25}, table="windows", stream="single", category="a")),
            ("kafka_windows", None, side({"max": 1.75}, {"max": 1.25}, table="quarters", stream="single")),
        ),
    ),
    "a row is gone, and nobody else noticed": Consistent(
        (
            "DELETE FROM raw_rows WHERE stream = 'single'",
            "DELETE FROM windows WHERE series_id = (SELECT id FROM series WHERE stream = 'single')",
            "DELETE FROM quarters WHERE series_id = (SELECT id FROM series WHERE stream = 'single')",
            "DELETE FROM series_counts WHERE series_id = (SELECT id FROM series WHERE stream = 'single')",
            "DELETE FROM row_counts WHERE stream = 'single'",
            """INSERT INTO removed (stream, table_name, range_start, range_end, rows, samples)
               VALUES ('other', 'raw_rows', '2020-01-01Z', '2020-01-02Z', 1, 0),
                      ('other', 'windows', '2020-01-01Z', '2020-01-02Z', 1, 1)""",
        ),
        (
            ("kafka_raw", "single row", side({"row": None}, {"row": 0}, table="raw_rows")),
            ("kafka_windows", None, side({"count": None}, {"count": 1}, table="windows", stream="single")),
            ("kafka_windows", None, side({"count": None}, {"count": 1}, table="quarters", stream="single")),
        ),
    ),
}  # fmt: skip
