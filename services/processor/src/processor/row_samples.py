"""The numbers of dataset rows as columns, pure.

Rows of one dataset mostly have the same shape. What such rows contribute is decided by contracts once a shape; after
that their numbers go into a matrix as they are. Rows that have no shape of use are taken one by one, with the same
outcome (a hypothesis test).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from contracts.checks import VALUE_MAX, valid_category
from contracts.events import Row
from contracts.flat import Flat, Shape, number_names
from contracts.samples import ALL_FIELDS, SAMPLES_MAX, Rules, category, labels, samples
from processor.columns import microseconds
from processor.plan import Decoded, FlatRow, Int64s, Pair, RowRecord, RowSamples

SHAPES_MAX, SHAPED_BYTES_MAX = 256, 65_536
"""Shapes kept in memory, and the largest row whose shape is: more of either is slower, not wrong."""


def sample_rows(rows: Sequence[FlatRow], rules: Mapping[str, Rules], shapes: "Shapes") -> Decoded:
    """Rows with their numbers as columns; `rules` by stream, a stream without any gives all its fields."""
    columns = _Columns()
    kept = []
    for position, (row, flat) in enumerate(rows):
        chosen = rules.get(row.stream, ALL_FIELDS)
        data = msgspec.json.encode(row.data).decode()
        fields = shapes.fields(row, flat, chosen) if flat and len(data) <= SHAPED_BYTES_MAX else None
        if flat and fields:
            columns.add(position, row.stream, fields, flat.numbers)
        else:
            columns.add_one_by_one(position, row, chosen)
        kept.append(RowRecord(row.stream, microseconds(row.timestamp), row.id, row.row, data))
    none, nothing = np.empty(0, np.int64), np.empty(0)
    ids = np.empty((0, 2), np.uint64)
    joined = columns.joined()
    return Decoded(list(columns.number), none.astype(np.int32), none, ids, nothing, none, kept, joined)


@dataclass(frozen=True, eq=False)
class Fields:
    """What the rows of one shape and label contribute: places in their numbers, and the categories of these."""

    places: Int64s
    categories: tuple[str, ...]


class Shapes:
    """A memory of shapes. With it a row of 151 numbers costs 20 µs instead of 150."""

    def __init__(self) -> None:
        self._known: dict[tuple[Rules, Shape, str], Fields | None] = {}

    def fields(self, row: Row, flat: Flat, rules: Rules) -> Fields | None:
        """Those of this row; None where it has to be looked at by itself."""
        label = labels(row.data, rules.split_by) if rules.split_by else ""
        key = (rules, flat.shape, label)
        if key not in self._known:
            if len(self._known) >= SHAPES_MAX:
                self._known.clear()
            self._known[key] = fields_of(row, label, rules)
        return self._known[key]


def fields_of(row: Row, label: str, rules: Rules) -> Fields | None:
    """What a row and all others of its shape and label contribute; None where it depends on the values.

    It does where two numbers have the same category (the first that is a sample counts) and where there are more than
    a row may contribute.
    """
    wanted = [(n, category(name, label, rules)) for n, name in enumerate(number_names(row.data)) if rules.wants(name)]
    wanted = [(n, name) for n, name in wanted if valid_category(name)]
    categories = tuple(name for _, name in wanted)
    if len(categories) > SAMPLES_MAX or len(set(categories)) < len(categories):
        return None
    return Fields(np.array([n for n, _ in wanted], np.int64), categories)


@dataclass
class _Group:
    """Rows of a stream that have the same fields."""

    stream: str
    fields: Fields
    rows: list[int] = field(default_factory=list)
    numbers: list[list[float | None]] = field(default_factory=list)


class _Columns:
    """Collects the samples of rows."""

    def __init__(self) -> None:
        self.number: dict[Pair, int] = {}
        self._groups: dict[tuple[str, Fields], _Group] = {}
        self._singles: list[tuple[int, float, int]] = []

    def add(self, row: int, stream: str, fields: Fields, numbers: list[float | None]) -> None:
        """The samples of the row at this position, by its shape."""
        group = self._groups.get((stream, fields))
        if group is None:
            group = self._groups[stream, fields] = _Group(stream, fields)
        group.rows.append(row)
        group.numbers.append(numbers)

    def add_one_by_one(self, position: int, row: Row, rules: Rules) -> None:
        """The same by contracts."""
        for name, value in samples(row, rules).values:
            self._singles.append((self._number(row.stream, name), value + 0.0, position))

    def joined(self) -> RowSamples:
        """All of them."""
        parts = [self._matrix(group) for group in self._groups.values()]
        if self._singles:
            pairs, values, rows = zip(*self._singles, strict=True)
            parts.append(RowSamples(np.array(pairs, np.int32), np.array(values), np.array(rows, np.int32)))
        if not parts:
            return RowSamples(np.empty(0, np.int32), np.empty(0), np.empty(0, np.int32))
        return RowSamples(
            np.concatenate([part.pair for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.row for part in parts]),
        )

    def _matrix(self, group: _Group) -> RowSamples:
        """The samples of a group at once: a row's number that is null (NaN here) or too large is none."""
        pairs = np.array([self._number(group.stream, name) for name in group.fields.categories], np.int32)
        matrix = np.array(group.numbers, np.float64)[:, group.fields.places] + 0.0
        rows, columns = np.nonzero(np.abs(matrix) <= VALUE_MAX)
        return RowSamples(pairs[columns], matrix[rows, columns], np.array(group.rows, np.int32)[rows])

    def _number(self, stream: str, name: str) -> int:
        return self.number.setdefault((stream, name), len(self.number))
