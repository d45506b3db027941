"""Why a record can be refused. The codes are stable: they stand in dead letters, answers and metrics."""

from enum import StrEnum


class Reason(StrEnum):
    """One code per kind of refusal."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    DUPLICATE_KEY = "duplicate_key"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    NUL_CHARACTER = "nul_character"
    LONE_SURROGATE = "lone_surrogate"
    BAD_HEADERS = "bad_headers"
    BAD_ID = "bad_id"
    ID_WITHOUT_TIMESTAMP = "id_without_timestamp"
    BAD_STREAM = "bad_stream"
    BAD_CATEGORY = "bad_category"
    BAD_TIMESTAMP = "bad_timestamp"
    NAIVE_TIMESTAMP = "naive_timestamp"
    TOO_OLD = "too_old"
    IN_THE_FUTURE = "in_the_future"
    TOO_LATE = "too_late"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    TOO_MANY_SERIES = "too_many_series"
    DB_REJECTED = "db_rejected"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a failure
    """A record that is not a valid event: the code, and one sentence that names what is wrong and how to fix it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
