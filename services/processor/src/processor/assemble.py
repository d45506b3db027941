"""Decoded batches into one plan, and what became of each record, pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from contracts.reasons import Reason
from processor.plan import (
    Batch,
    Bools,
    DeadLetter,
    Decoded,
    Int32s,
    Pair,
    Plan,
    Readings,
    Samples,
    Tally,
    join,
    no_windows,
)

_NO_SAMPLES = Samples(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32))


def halves(batches: Sequence[Batch]) -> list[list[Batch]]:
    """The same records in two transactions: half of the batches each, or the one batch cut; a record alone in one."""
    if sum(len(batch.records) for batch in batches) == 1:
        return [list(batches)]
    if len(batches) > 1:
        middle = len(batches) // 2
        return [list(batches[:middle]), list(batches[middle:])]
    batch = batches[0]
    middle = len(batch.records) // 2
    # Behind a record, as every batch ends: the record before `next_offset` is what the log is known by afterwards.
    cut = batch.records[middle - 1].offset + 1
    before = tuple(gap for gap in batch.gaps if gap.start < cut)
    after = tuple(gap for gap in batch.gaps if gap.start >= cut)
    return [
        [replace(batch, next_offset=cut, records=batch.records[:middle], gaps=before)],
        [replace(batch, first_offset=cut, records=batch.records[middle:], gaps=after)],
    ]


def with_series(source: int, part: Decoded, ids: dict[Pair, int]) -> tuple[Readings, list[tuple[int, Pair]]]:
    """The decoded readings under their series ids, and (offset, pair) of those whose stream has too many series."""
    series_of_pair = np.array([ids.get(pair, -1) for pair in part.pairs], np.int32)
    series = series_of_pair[part.pair] if len(part.pair) else np.empty(0, np.int32)
    readings = Readings(
        series=series,
        timestamp_us=part.timestamp_us,
        value=part.value,
        source=np.full(len(series), source, np.int32),
        ids=part.ids,
        offset=part.offset,
    )
    if (series >= 0).all():
        return readings, []
    lost = np.flatnonzero(series < 0)
    homeless = [(int(part.offset[i]), part.pairs[part.pair[i]]) for i in lost]
    return readings.take(series >= 0), homeless


def too_many_series(batch: Batch, homeless: Sequence[tuple[int, Pair]]) -> list[DeadLetter]:
    """Dead letters for readings without a series."""
    if not homeless:
        return []
    record_at = {record.offset: record for record in batch.records}
    return [
        DeadLetter(
            record_at[offset], Reason.TOO_MANY_SERIES, f"stream `{stream}` has as many categories as it may have"
        )
        for offset, (stream, _) in homeless
    ]


def joined(parts: Sequence[Readings]) -> Readings:
    """All readings of several batches, in their order."""
    columns = ("series", "timestamp_us", "value", "source", "ids", "offset")
    return Readings(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns})


def row_samples(parts: Sequence[tuple[int, Decoded]], ids: dict[Pair, int]) -> tuple[Samples, Int32s]:
    """The samples of all rows as columns, and the position of each one's row; a series too many is left out."""
    columns, positions, before = [_NO_SAMPLES], [_NO_SAMPLES.series], 0
    for source, part in parts:
        if part.samples is not None and len(part.rows):
            series = np.array([ids.get(pair, -1) for pair in part.pairs], np.int32)[part.samples.pair]
            times = np.array([row.timestamp_us for row in part.rows], np.int64)[part.samples.row]
            kept = series >= 0
            sources = np.full(int(kept.sum()), source, np.int32)
            columns.append(Samples(series[kept], times[kept], part.samples.value[kept], sources))
            positions.append((part.samples.row + before)[kept])
            before += len(part.rows)
    return join(*columns), np.concatenate(positions)


def samples_of_rows(plan: Plan, new_rows: Bools) -> Samples:
    """The samples of those rows of the plan that were new."""
    fresh = new_rows[plan.row_of_sample] if len(plan.row_of_sample) else np.empty(0, np.bool_)
    samples = plan.row_samples
    return Samples(samples.series[fresh], samples.timestamp_us[fresh], samples.value[fresh], samples.source[fresh])


def tallies(
    plan: Plan, readings: Readings, new_rows: Bools, new_letters: Counter[int], samples: Samples
) -> list[Tally]:
    """What became of each batch's records: every record is accepted, a duplicate or rejected."""
    count = len(plan.batches)
    row_sources = np.array([source for source, _ in plan.rows], np.int64)[new_rows]
    accepted = np.bincount(readings.source, minlength=count) + np.bincount(row_sources, minlength=count)
    sampled = np.bincount(samples.source, minlength=count)
    lines = []
    for n, batch in enumerate(plan.batches):
        taken, rejected = int(accepted[n]), new_letters[n]
        lines.append(Tally(taken, len(batch.records) - taken - rejected, rejected, int(sampled[n])))
    return lines


def new_letters(plan: Plan) -> Sequence[tuple[int, DeadLetter]]:
    """Those of its letters that are none yet: all but the replays that were refused."""
    if not plan.replays:
        return plan.letters
    return [(n, letter) for n, letter in plan.letters if (n, letter.record.offset) not in plan.replays]


def only_letter(plan: Plan, source: int, letter: DeadLetter) -> Plan:
    """The same range of offsets with one dead letter as its only effect."""
    nothing = np.zeros(0, np.int64)
    return Plan(
        batches=plan.batches,
        readings=plan.readings.take(nothing),
        suspects=np.zeros(0, np.bool_),
        rows=(),
        row_samples=_NO_SAMPLES,
        row_of_sample=plan.row_of_sample[:0],
        windows=no_windows(),
        letters=[(source, letter)],
        replays=plan.replays,
    )
