"""Bounds of steps and of local days and hours, as arrays that Postgres buckets by. Pure; epoch seconds inside."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

QUARTER, HOUR, DAY = 900, 3600, 86_400
STEP_SECONDS = {"1m": 60, "5m": 300, "15m": QUARTER, "1h": HOUR, "1d": DAY}
MARGIN = 3 * DAY  # more than any local day is long and any zone is off
FIRST_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Grid:
    """Pieces of time in order, and the bucket that each belongs to.

    Piece i is bounds[i] <= t < bounds[i + 1] and belongs to bucket labels[i] (-1: to none); bucket b begins at
    starts[b], in order. A bucket has one piece, but for the rare day that clocks set back past midnight cut in two.
    """

    bounds: list[datetime]
    labels: list[int]
    starts: list[datetime]

    def quarters(self) -> tuple[datetime, datetime]:
        """The part of the grid that quarters answer as exactly as windows do; the rest is read from windows."""
        first, last = self.bounds[0], self.bounds[-1]
        if any(_epoch(bound) % QUARTER for bound in self.bounds[1:-1]):
            return first, first
        start = first + timedelta(seconds=-_epoch(first) % QUARTER)
        end = last - timedelta(seconds=_epoch(last) % QUARTER)
        return (start, end) if start < end else (first, first)

    def rows(self) -> int:
        """How many quarters and windows one series has here at most; at least 1."""
        start, end = self.quarters()
        windows = (self.bounds[-1] - self.bounds[0]) - (end - start)
        return max(1, (end - start) // timedelta(seconds=QUARTER) + windows // timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Days:
    """Local days: the grid, and of each bucket the date, the real length in minutes and the end."""

    grid: Grid
    dates: list[date]
    minutes: list[int]
    ends: list[datetime]


class Piece(NamedTuple):
    """A stretch of time inside one bucket."""

    start: int
    end: int
    key: tuple[int, int]


def whole(start: datetime, end: datetime) -> Grid:
    """The range as one bucket."""
    return Grid([start, end], [0], [start])


def points(step: str, start: datetime, end: datetime) -> int:
    """How many buckets the range has at this step, to within one, without making them."""
    return -((start - end) // timedelta(seconds=STEP_SECONDS[step]))


def step_for(start: datetime, end: datetime, points_most: int) -> str | None:
    """The finest step with at most `points_most` buckets; None: not even days."""
    return next((step for step in STEP_SECONDS if points(step, start, end) <= points_most), None)


def step_grid(step: str, zone: ZoneInfo, start: datetime, end: datetime) -> Grid:
    """The buckets that touch start <= t < end: hours and days of the zone's clocks, shorter steps of UTC's.

    An hour that the clocks repeat is two buckets; an hour or day keeps its real start, also before `start`.
    """
    seconds, first, last = STEP_SECONDS[step], _epoch(start), _epoch(end)
    if seconds < HOUR:
        pieces = [Piece(at, at + seconds, (at, 0)) for at in range(first - first % seconds, last, seconds)]
    else:
        pieces = _local_pieces(zone, seconds, first - MARGIN, last + MARGIN)
    inside = [piece for piece in pieces if piece.end > first and piece.start < last]
    return _grid(inside, _starts(pieces, {piece.key for piece in inside}), first, last)


def local_days(zone: ZoneInfo, first: date, last: date) -> Days:
    """The days of the zone's calendar from `first` to `last`, both included; a day that it skipped is not there."""
    low, high = first.toordinal() - FIRST_DAY, last.toordinal() - FIRST_DAY
    pieces = _local_pieces(zone, DAY, low * DAY - MARGIN, (high + 1) * DAY + MARGIN)
    lengths: dict[tuple[int, int], int] = {}
    ends: dict[tuple[int, int], int] = {}
    for start, end, key in pieces:
        if low <= key[0] <= high:
            lengths[key] = lengths.get(key, 0) + end - start
            ends[key] = end
    starts = _starts(pieces, set(lengths))
    if not starts:
        return Days(Grid([], [], []), [], [], [])
    inside = [piece for piece in pieces if piece.end > min(starts.values()) and piece.start < max(ends.values())]
    return Days(
        _grid(inside, starts, inside[0].start, inside[-1].end),
        [date.fromordinal(key[0] + FIRST_DAY) for key in starts],
        [lengths[key] // 60 for key in starts],
        [_instant(ends[key]) for key in starts],
    )


def _starts(pieces: list[Piece], keys: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    starts: dict[tuple[int, int], int] = {}
    for piece in pieces:
        if piece.key in keys:
            starts.setdefault(piece.key, piece.start)
    return starts


def _grid(pieces: list[Piece], starts: dict[tuple[int, int], int], first: int, last: int) -> Grid:
    numbers = {key: number for number, key in enumerate(starts)}
    bounds = [max(piece.start, first) for piece in pieces] + [last]
    return Grid(
        [_instant(bound) for bound in bounds],
        [numbers.get(piece.key, -1) for piece in pieces],
        [_instant(start) for start in starts.values()],
    )


def _local_pieces(zone: ZoneInfo, unit: int, start: int, end: int) -> list[Piece]:
    """Days (their number since 1970) or hours (number and offset, as one may come twice) of the zone's clocks."""
    pieces: list[Piece] = []
    for (at, offset), (stop, _) in pairwise([*_offsets(zone, start, end), (end, 0)]):
        while at < stop:
            number = (at + offset) // unit
            until = min((number + 1) * unit - offset, stop)
            key = (number, 0 if unit == DAY else offset)
            if pieces and pieces[-1].key == key:
                pieces[-1] = pieces[-1]._replace(end=until)
            else:
                pieces.append(Piece(at, until, key))
            at = until
    return pieces


def _offsets(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the zone's offset from UTC changes, and what it is from there on, in seconds; the first at `start`.

    Looks once a day: no zone ever changed twice within one and back.
    """
    at, offset = start, _offset(zone, start)
    yield at, offset
    while at < end:
        after = min(at + DAY, end)
        if _offset(zone, after) != offset:
            low, after = at, after
            while after - low > 1:
                middle = (low + after) // 2
                low, after = (middle, after) if _offset(zone, middle) == offset else (low, middle)
            offset = _offset(zone, after)
            yield after, offset
        at = after


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = _instant(at).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
