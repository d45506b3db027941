"""The exact reading of a JSON record: slower than msgspec, it sees everything and names what is wrong.

Used where the fast decode failed or could have overlooked something.
"""

import json
import re
from itertools import accumulate
from typing import Any, NoReturn

from contracts.reasons import Reason, Refused

NUMBER_DIGITS_MAX = 309
"""An integer with more digits is beyond every float64."""

_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_INFINITE = (
    "the record holds a number that is not finite or too large for 64 bits: leave the record out or send null in a row"
)


def read_object(value: bytes, max_depth: int) -> dict[str, Any]:
    """The record as a dict; raises Refused unless it is one JSON object, plain in every part, unknown fields included.

    Plain: UTF-8, no field named twice, no NUL or lone surrogate, finite numbers, at most `max_depth` levels of objects
    and lists, the record itself being the first.
    """
    text = _decode_text(value)
    _check_depth(text, max_depth)
    try:
        record = json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_int=_finite_whole, parse_constant=_not_finite
        )
    except json.JSONDecodeError as error:
        raise Refused(Reason.NOT_JSON, f"the value is not JSON: {error.msg} (character {error.pos})") from None
    if not isinstance(record, dict):
        raise Refused(Reason.NOT_AN_OBJECT, "the value must be one JSON object: send each event as a record of its own")
    _check_texts(record)
    return record


def _decode_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_UTF8, f"the value is not UTF-8 (byte {error.start}): encode it as UTF-8") from None
    if "\x00" in text:
        raise Refused(Reason.NUL_CHARACTER, "the value holds NUL bytes: send JSON as UTF-8 (not UTF-16)")
    return text


def _check_depth(text: str, max_depth: int) -> None:
    if text.count("[") + text.count("{") <= max_depth:
        return
    brackets = _BRACKETS.findall(_TEXT.sub("", text))
    levels = accumulate(1 if bracket in "[{" else -1 for bracket in brackets)
    if max(levels, default=0) > max_depth:
        raise Refused(Reason.TOO_DEEP, f"objects and lists may be nested {max_depth} deep: flatten the record")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise Refused(Reason.DUPLICATE_KEY, "a field is named twice in the same object: name it once")
    return record


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Refused(Reason.NOT_FINITE, _INFINITE)
    return number


def _finite_whole(digits: str) -> int:
    if len(digits.lstrip("-")) >= NUMBER_DIGITS_MAX:
        _finite(digits)
    return int(digits)


def _not_finite(_name: str) -> NoReturn:
    raise Refused(Reason.NOT_FINITE, _INFINITE)


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise Refused(Reason.NUL_CHARACTER, "a text holds the NUL character (\\u0000): remove it")
        if _SURROGATE.search(value):
            raise Refused(
                Reason.LONE_SURROGATE,
                "a text holds half of a surrogate pair (\\ud800 to \\udfff): send whole characters",
            )
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_texts(key)
            _check_texts(part)
    elif isinstance(value, list):
        for part in value:
            _check_texts(part)
