"""What makes one field valid. Each `valid_…` answers, each `check_…` raises Refused with the reason."""

import re
from collections.abc import Iterable
from uuid import UUID, uuid5

from contracts.events import LetterPlace, Place
from contracts.reasons import Reason, Refused

STREAM_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
UUID_PATTERN = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
CATEGORY_LENGTH_MAX = 128
VALUE_MAX = 1e15
"""Beyond it a float64 no longer tells thousandths, and fixed-point sums would overflow early."""
ROW_MAX = 2**63 - 1
HEADER_NAME_LENGTH_MAX = 256
REPLAY_HEADER = "replay-of"
"""Header of a dead letter that is sent again: its place, as `generation/topic/partition/offset`."""
ID_NAMESPACE = UUID("8c1f0f2e-5a53-5d0e-9d6b-6f1f4b7f6f0a")
"""Never change it: ids made from places would differ, and every re-read would count again."""

_STREAM = re.compile(STREAM_PATTERN.strip("^$"))
_UUID = re.compile(UUID_PATTERN.strip("^$"))
_REPLAY = re.compile(rb"([0-9]{1,9})/([A-Za-z0-9._-]{1,249})/([0-9]{1,9})/([0-9]{1,18})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def valid_stream(stream: str) -> bool:
    """A letter or digit, then up to 63 letters, digits, dots, underscores and dashes."""
    return _STREAM.fullmatch(stream) is not None


def valid_category(category: str) -> bool:
    """1 to 128 characters, none of them a control character."""
    if not 0 < len(category) <= CATEGORY_LENGTH_MAX:
        return False
    return category.isprintable() or _CONTROL.search(category) is None  # the first is quick and excludes more


def valid_value(value: float) -> bool:
    """Finite and at most 1e15 from zero."""
    return -VALUE_MAX <= value <= VALUE_MAX


def check_stream(stream: str) -> None:
    """Refuse what is no stream id."""
    if not valid_stream(stream):
        raise Refused(
            Reason.BAD_STREAM,
            "`stream` must be 1 to 64 letters, digits, dots, underscores or dashes and begin with a letter or digit",
        )


def check_category(category: str) -> None:
    """Refuse what is no category."""
    if not valid_category(category):
        raise Refused(Reason.BAD_CATEGORY, "`category` must be 1 to 128 characters without control characters")


def check_value(value: float) -> None:
    """Refuse what is too large to be added exactly."""
    if not valid_value(value):
        raise Refused(Reason.OUT_OF_RANGE, "`value` must be from -1e15 to 1e15: use a larger unit")


def check_row_number(row: int) -> None:
    """Refuse what is no row number."""
    if not 0 <= row <= ROW_MAX:
        raise Refused(Reason.OUT_OF_RANGE, "`row` must be from 0 to 9223372036854775807")


def parse_id(text: str) -> UUID:
    """The UUID; only its canonical form, in either case, is one."""
    if _UUID.fullmatch(text) is None:
        raise Refused(Reason.BAD_ID, "`id` must be a UUID written 8-4-4-4-12, as 0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11")
    return UUID(text)


def place_id(place: Place) -> UUID:
    """The id of an event that came without one: always the same for the same place."""
    return uuid5(ID_NAMESPACE, f"{place.generation}/{place.topic}/{place.partition}/{place.offset}")


def check_headers(headers: Iterable[tuple[str, bytes | None]]) -> None:
    """Refuse headers that could not be shown or passed on as text."""
    for name, value in headers:
        if not 0 < len(name) <= HEADER_NAME_LENGTH_MAX or _CONTROL.search(name):
            raise Refused(Reason.BAD_HEADERS, "a header's name must be 1 to 256 characters without control characters")
        if value is not None and not _is_text(value):
            raise Refused(
                Reason.BAD_HEADERS, "a header's value must be UTF-8 text without NUL: encode bytes, say as base64"
            )


def replay_of(headers: Iterable[tuple[str, bytes | None]]) -> LetterPlace | None:
    """The dead letter that a record is sent again for; None where it has no such header.

    Refuses a header that names no place, and one beside another. Whether the replay was asked for is not known here.
    """
    values = [value for name, value in headers if name.lower() == REPLAY_HEADER]
    if not values:
        return None
    match = _REPLAY.fullmatch(values[0] or b"")
    if match is None or len(values) > 1:
        raise Refused(Reason.UNKNOWN_REPLAY, f"header `{REPLAY_HEADER}` names no dead letter: leave it out")
    return LetterPlace(int(match[1]), match[2].decode(), int(match[3]), int(match[4]))


def _is_text(value: bytes) -> bool:
    if b"\x00" in value:
        return False
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
