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
    """Pieces of time in order, and where the bucket begins that each belongs to.

    Piece i is bounds[i] <= t < bounds[i + 1] and belongs to the bucket that begins at starts[i] (None: to none). A
    bucket has one piece, but for the rare day that clocks set back past midnight cut in two. With `step` there is one
    piece, and its buckets follow each other at that distance from starts[0] on.
    """

    bounds: list[datetime]
    starts: list[datetime | None]
    step: timedelta | None = None

    def size(self) -> int:
        """How many buckets there are at most."""
        if self.step is None:
            return len(self.starts)
        return (self.bounds[-1] - self.bounds[0]) // self.step + 2

    def beyond(self, start: datetime) -> "Grid":
        """The grid without what is known to lie before the end of the bucket that begins at `start`."""
        if self.step is None or start + self.step >= self.bounds[-1]:
            return self
        return Grid([start + self.step, self.bounds[-1]], [start + self.step], self.step)

    def quarters(self) -> tuple[datetime, datetime]:
        """The part of the grid that quarters answer as exactly as windows do; the rest is read from windows."""
        first, last = self.bounds[0], self.bounds[-1]
        inner = self.bounds[1:-1]
        if self.step is not None:
            inner = [start + number * self.step for start in self.starts if start for number in (0, 1)]
        if any(_epoch(bound) % QUARTER for bound in inner):
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
class Day:
    """A local day: its date, how many UTC minutes start in it (its real length), its end."""

    date: date
    minutes: int
    end: datetime


@dataclass(frozen=True, slots=True)
class Days:
    """Local days: the grid, and each day by where it begins."""

    grid: Grid
    days: dict[datetime, Day]


class Piece(NamedTuple):
    """A stretch of time inside one bucket."""

    start: int
    end: int
    key: tuple[int, int]


def whole(start: datetime, end: datetime) -> Grid:
    """The range as one bucket."""
    return Grid([start, end], [start])


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
    offsets = [(first, 0)] if seconds < HOUR else list(_offsets(zone, first - MARGIN, last + MARGIN))
    if len(offsets) == 1:
        begin = first - (first + offsets[0][1]) % seconds
        return Grid([start, end], [_instant(begin)], timedelta(seconds=seconds))
    pieces = _local_pieces(offsets, seconds, last + MARGIN)
    inside = [piece for piece in pieces if piece.end > first and piece.start < last]
    return _grid(inside, _starts(pieces, {piece.key for piece in inside}), first, last)


def local_days(zone: ZoneInfo, first: date, last: date) -> Days:
    """The days of the zone's calendar from `first` to `last`, both included; a day that it skipped is not there."""
    low, high = first.toordinal() - FIRST_DAY, last.toordinal() - FIRST_DAY
    start, end = low * DAY - MARGIN, (high + 1) * DAY + MARGIN
    offsets = list(_offsets(zone, start, end))
    if len(offsets) == 1:
        return _even_days(low, high, offsets[0][1])
    pieces = _local_pieces(offsets, DAY, end)
    of_day: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        if low <= piece.key[0] <= high:
            of_day.setdefault(piece.key, []).append(piece)
    if not of_day:
        return Days(Grid([], []), {})
    starts = {key: own[0].start for key, own in of_day.items()}
    after = max(own[-1].end for own in of_day.values())
    inside = [piece for piece in pieces if piece.end > min(starts.values()) and piece.start < after]
    days = {
        _instant(starts[key]): Day(
            date.fromordinal(key[0] + FIRST_DAY),
            sum(_minutes_before(piece.end) - _minutes_before(piece.start) for piece in own),
            _instant(own[-1].end),
        )
        for key, own in of_day.items()
    }
    return Days(_grid(inside, starts, inside[0].start, inside[-1].end), days)


def _minutes_before(at: int) -> int:
    """How many UTC minutes start before; a day of a zone that is off by seconds may begin inside one."""
    return -(-at // 60)


def _even_days(low: int, high: int, offset: int) -> Days:
    """Days of 24 hours each: the clocks do not change."""
    bounds = [_instant(number * DAY - offset) for number in range(low, high + 2)]
    dates = (date.fromordinal(number + FIRST_DAY) for number in range(low, high + 1))
    days = {start: Day(day, DAY // 60, end) for day, (start, end) in zip(dates, pairwise(bounds), strict=True)}
    return Days(Grid([bounds[0], bounds[-1]], [bounds[0]], timedelta(days=1)), days)


def _starts(pieces: list[Piece], keys: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    starts: dict[tuple[int, int], int] = {}
    for piece in pieces:
        if piece.key in keys:
            starts.setdefault(piece.key, piece.start)
    return starts


def _grid(pieces: list[Piece], starts: dict[tuple[int, int], int], first: int, last: int) -> Grid:
    begins = [starts.get(piece.key) for piece in pieces]
    return Grid(
        [_instant(bound) for bound in (*(max(piece.start, first) for piece in pieces), last)],
        [None if begin is None else _instant(begin) for begin in begins],
    )


def _local_pieces(offsets: list[tuple[int, int]], unit: int, end: int) -> list[Piece]:
    """Days (their number since 1970) or hours (number and offset, as one may come twice) of a zone's clocks."""
    pieces: list[Piece] = []
    for (at, offset), (stop, _) in pairwise([*offsets, (end, 0)]):
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
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
