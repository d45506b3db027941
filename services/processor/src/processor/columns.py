"""Strings into whole columns with numpy: RFC 3339 times and UUIDs, each with the shape checks that make it safe.

Pure. Both functions answer None for anything but the plain form, never a wrong number; who gets None takes the
records one by one, which is slower and tells what is wrong.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from processor.plan import Ids, Int64s

Bytes = npt.NDArray[np.uint8]

_HYPHENS = [8, 13, 18, 23]

_DIGIT_PLACES = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_SEPARATORS = {4: ord("-"), 7: ord("-"), 10: ord("T"), 13: ord(":"), 16: ord(":")}
_DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ids_of(texts: Sequence[str]) -> Ids | None:
    """Canonical UUIDs as (high, low) halves, by one `bytes.fromhex` for all: 0.08 µs each, a UUID object 1.5."""
    joined = "".join(texts)
    letters = _letters(joined, 36)
    if letters is None or set(map(len, texts)) != {36} or joined.count("-") != len(_HYPHENS) * len(texts):
        return None
    if (letters[:, _HYPHENS] != ord("-")).any():
        return None
    try:
        octets = bytes.fromhex(joined.replace("-", ""))
    except ValueError:
        return None
    if len(octets) != 16 * len(texts):  # fromhex skips spaces
        return None
    return np.frombuffer(octets, ">u8").astype(np.uint64).reshape(-1, 2)


def times_of(texts: Sequence[str]) -> Int64s | None:
    """`YYYY-MM-DDTHH:MM:SS[.fraction]Z` as microseconds since 1970, the fraction cut after six digits."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    times = np.empty(len(texts), np.int64)
    for length in np.unique(lengths).tolist():
        if not 20 <= length <= 40:
            return None
        alike = np.flatnonzero(lengths == length)
        letters = _letters("".join(texts if len(alike) == len(texts) else [texts[i] for i in alike.tolist()]), length)
        found = None if letters is None else _times_of_one_length(letters)
        if found is None:
            return None
        times[alike] = found
    return times


def microseconds(at: datetime) -> int:
    """An aware time as microseconds since 1970, exactly."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _letters(joined: str, length: int) -> Bytes | None:
    """Texts of one length as a matrix of their characters."""
    if not joined.isascii() or len(joined) % length:
        return None
    return np.frombuffer(joined.encode(), np.uint8).reshape(-1, length)


def _times_of_one_length(letters: Bytes) -> Int64s | None:
    length = letters.shape[1]
    fraction_places = list(range(20, length - 1))
    digits = letters[:, _DIGIT_PLACES + fraction_places] - np.uint8(ord("0"))
    plain = digits.max() <= 9 and (letters[:, -1] == ord("Z")).all()
    plain = plain and all((letters[:, place] == sign).all() for place, sign in _SEPARATORS.items())
    if not plain or (length > 20 and (length == 21 or (letters[:, 19] != ord(".")).any())):
        return None
    d = digits.astype(np.int64).T
    year, month, day = d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3], d[4] * 10 + d[5], d[6] * 10 + d[7]
    hour, minute, second = d[8] * 10 + d[9], d[10] * 10 + d[11], d[12] * 10 + d[13]
    if not _is_calendar(year, month, day) or hour.max() > 23 or minute.max() > 59 or second.max() > 59:
        return None
    micros = np.zeros(len(letters), np.int64)
    for n in range(min(6, length - 21) if length > 21 else 0):
        micros += d[14 + n] * 10 ** (5 - n)
    seconds: Int64s = ((_days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + micros


def _is_calendar(year: Int64s, month: Int64s, day: Int64s) -> bool:
    if year.min() < 1 or month.min() < 1 or month.max() > 12 or day.min() < 1:
        return False
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    return bool(((day <= _DAYS_IN_MONTH[month]) & ((month != 2) | (day < 29) | leap)).all())


def _days_since_1970(year: Int64s, month: Int64s, day: Int64s) -> Int64s:
    """Howard Hinnant's days_from_civil (chrono-Compatible Low-Level Date Algorithms), proleptic Gregorian."""
    march_year = year - (month <= 2)
    era, year_of_era = march_year // 400, march_year % 400
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
