"""Why a record can be refused. The codes are stable: they stand in dead letters, answers and metrics."""

from enum import StrEnum


class Reason(StrEnum):
    """One code per kind of refusal, with what causes it and what its publisher can do."""

    cause: str
    fix: str

    def __new__(cls, code: str, cause: str, fix: str) -> "Reason":
        """The member whose value is the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.cause = cause
        member.fix = fix
        return member

    EMPTY = (
        "empty",
        "The record has no value, or one of no bytes.",
        "Send one JSON object; tombstones mean nothing here.",
    )
    TOO_LARGE = "too_large", "The value is larger than the limit (1 MiB by default).", "Send fewer or shorter fields."
    NOT_UTF8 = (
        "not_utf8",
        "The bytes are not UTF-8, unknown fields included.",
        "Encode as UTF-8, not Latin-1 or UTF-16.",
    )
    NOT_JSON = (
        "not_json",
        "The bytes are not JSON.",
        "Check for a byte order mark, single quotes, trailing commas, two objects.",
    )
    NOT_AN_OBJECT = (
        "not_an_object",
        "The value is JSON, but a list, text or number.",
        "Send each event as a record of its own.",
    )
    TOO_DEEP = "too_deep", "Objects and lists are nested more than 20 deep.", "Flatten the record."
    DUPLICATE_KEY = "duplicate_key", "An object names a field twice, so that two readers may disagree.", "Name it once."
    MISSING_FIELD = (
        "missing_field",
        "A field that must be there is not.",
        "Send stream, category, value (rows: stream, row, data).",
    )
    WRONG_TYPE = (
        "wrong_type",
        "A field holds another type: a number as text, true as a value, null.",
        "Send the type in the table of fields; leave out what you do not have.",
    )
    NUL_CHARACTER = (
        "nul_character",
        "A text or the value holds NUL (U+0000).",
        "Remove it; if every other byte is NUL, send UTF-8.",
    )
    LONE_SURROGATE = (
        "lone_surrogate",
        "A text holds half of a surrogate pair (an escape from \\ud800 to \\udfff alone).",
        "Do not cut texts between the halves of a character.",
    )
    BAD_HEADERS = (
        "bad_headers",
        "A header's name is empty, longer than 256 characters or has control characters, or its value is not UTF-8 "
        "text.",
        "Send text headers or none.",
    )
    UNKNOWN_REPLAY = (
        "unknown_replay",
        "It has the header `replay-of`, but nobody asked that this value be sent for that dead letter.",
        "Leave the header out; to send a dead letter again use the page Pipeline or `tideline dead-letters replay`.",
    )
    BAD_ID = "bad_id", "The id is not a UUID in its 8-4-4-4-12 form.", "Make a UUID (any version), or leave out the id."
    ID_WITHOUT_TIMESTAMP = (
        "id_without_timestamp",
        "There is an id but no timestamp: sent twice, the event would have two times and count twice.",
        "Send the timestamp too, or neither.",
    )
    BAD_STREAM = (
        "bad_stream",
        "The stream is not 1 to 64 letters, digits, dots, underscores and dashes, the first a letter or digit.",
        "Choose such a name.",
    )
    BAD_CATEGORY = (
        "bad_category",
        "The category is empty, longer than 128 characters or has control characters.",
        "Shorten it.",
    )
    BAD_TIMESTAMP = (
        "bad_timestamp",
        "The timestamp is not RFC 3339 or names no real time (February 30, second 60); or the record's own in Kafka is "
        "before 1970 or after 6053, as only a topic with `CreateTime` takes it.",
        "Write 2026-01-02T03:04:05.678Z; set `message.timestamp.type=LogAppendTime` for the topic.",
    )
    NAIVE_TIMESTAMP = "naive_timestamp", "The timestamp has neither Z nor an offset.", "Add Z or an offset as +02:00."
    TOO_OLD = (
        "too_old",
        "The time is more than 20 years before the record arrived (a setting).",
        "Check unit and clock.",
    )
    IN_THE_FUTURE = (
        "in_the_future",
        "The time is more than a day after the record arrived (a setting).",
        "Check the clock.",
    )
    TOO_LATE = (
        "too_late",
        "Raw data of that time is not kept any more (`raw.keep_days`), so that a repetition could not be recognised.",
        "Send sooner. A longer retention helps later events only: what is gone stays gone.",
    )
    NOT_FINITE = "not_finite", "A number is NaN, infinite or too large for 64 bits.", "Leave the event out."
    OUT_OF_RANGE = (
        "out_of_range",
        "The value is beyond ±1e15, or the row number is not from 0 to 2^63-1.",
        "Use a larger unit.",
    )
    TOO_MANY_SERIES = (
        "too_many_series",
        "The stream has as many categories as it may have (10,000, a setting).",
        "Do not put ids or times into categories.",
    )
    DB_REJECTED = (
        "db_rejected",
        "Postgres refused it for a reason that validation does not know.",
        "Read the detail; report it.",
    )


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a failure
    """A record that is not a valid event: the code, and one sentence that names what is wrong and how to fix it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
