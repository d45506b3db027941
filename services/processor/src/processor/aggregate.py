"""Readings into windows, with numpy, pure. Sums are exact and depend neither on order nor on how batches were cut."""

import numpy as np

from processor.plan import Floats, Int32s, Int64s, Readings, Samples, Windows, no_windows

MINUTE_US = 60_000_000
QUARTER_US = 15 * MINUTE_US
TWO_31 = float(1 << 31)


def drop_repeats(readings: Readings) -> Readings:
    """Sort by (series, timestamp, id) and keep each event once, the one that stands first."""
    order = np.lexsort((readings.timestamp_us, readings.series))
    chosen = readings.take(order)
    ties = (chosen.series[1:] == chosen.series[:-1]) & (chosen.timestamp_us[1:] == chosen.timestamp_us[:-1])
    if not ties.any():
        return chosen
    # lexsort is stable, so of equal events the one that stood first stays first.
    order = np.lexsort((readings.ids[:, 1], readings.ids[:, 0], readings.timestamp_us, readings.series))
    chosen = readings.take(order)
    keep = np.ones(len(order), np.bool_)
    keep[1:] = (
        (chosen.series[1:] != chosen.series[:-1])
        | (chosen.timestamp_us[1:] != chosen.timestamp_us[:-1])
        | (chosen.ids[1:] != chosen.ids[:-1]).any(axis=1)
    )
    return chosen.take(keep)


def windows_of(samples: Samples) -> Windows:
    """One line per series and UTC minute, sorted by (series, minute).

    `first` is the sample with the least (timestamp, value), `last` the one with the greatest, so that neither needs
    an order of arrival.
    """
    order = _order(samples)
    series, at, value = samples.series[order], samples.timestamp_us[order], samples.value[order]
    minute = at // MINUTE_US
    starts = _group_starts(series, minute)
    if not len(starts):
        return no_windows()
    ends = np.append(starts[1:], len(series)) - 1
    return Windows(
        series=series[starts],
        start_us=minute[starts] * MINUTE_US,
        count=np.diff(np.append(starts, len(series))).astype(np.int64),
        sums=_sums(value, starts),
        min=np.minimum.reduceat(value, starts),
        max=np.maximum.reduceat(value, starts),
        first_us=at[starts],
        first=value[starts],
        last_us=at[ends],
        last=value[ends],
        minutes=np.zeros(len(starts), np.int64),
    )


def quarters_of(windows: Windows) -> Windows:
    """The windows of the same samples, folded to fifteen minutes."""
    quarter = windows.start_us // QUARTER_US
    starts = _group_starts(windows.series, quarter)
    if not len(starts):
        return windows
    ends = np.append(starts[1:], len(quarter)) - 1
    bit = np.int64(1) << (windows.start_us // MINUTE_US % 15)
    s0, s1, s2, s3 = (np.add.reduceat(part, starts) for part in windows.sums)
    return Windows(
        series=windows.series[starts],
        start_us=quarter[starts] * QUARTER_US,
        count=np.add.reduceat(windows.count, starts),
        sums=(s0, s1, s2, s3),
        min=np.minimum.reduceat(windows.min, starts),
        max=np.maximum.reduceat(windows.max, starts),
        first_us=windows.first_us[starts],
        first=windows.first[starts],
        last_us=windows.last_us[ends],
        last=windows.last[ends],
        minutes=np.bitwise_or.reduceat(bit, starts),
    )


def _order(samples: Samples) -> Int64s:
    """Where each sample stands by (series, timestamp, value).

    Values are only looked at where two timestamps of a series are equal: sorting by them as well takes twenty times
    as long, as samples come in order of time or nearly so.
    """
    order = np.lexsort((samples.timestamp_us, samples.series))
    series, at = samples.series[order], samples.timestamp_us[order]
    if ((series[1:] == series[:-1]) & (at[1:] == at[:-1])).any():
        return np.lexsort((samples.value, samples.timestamp_us, samples.series))
    return order


def _group_starts(series: Int32s, bucket: Int64s) -> Int64s:
    """Positions at which a new (series, bucket) begins in sorted columns."""
    if not len(series):
        return np.empty(0, np.int64)
    new = (series[1:] != series[:-1]) | (bucket[1:] != bucket[:-1])
    return np.concatenate(([0], np.flatnonzero(new) + 1)).astype(np.int64)


def _sums(value: Floats, starts: Int64s) -> tuple[Int64s, Int64s, Int64s, Int64s]:
    """Exact sums per group, in four limbs of 31 bits with the unit 2⁻⁶².

    Every step on a finite |v| ≤ 1e15 is exact in IEEE arithmetic, but for the last, which rounds what lies below
    2⁻⁶² (only |v| < 2⁻¹⁰ has such bits). A limb stays below 2³¹ a value, so int64 holds 2³² values.
    """
    whole = np.trunc(value)
    fraction = (value - whole) * TWO_31
    high = np.trunc(fraction)
    low = np.rint((fraction - high) * TWO_31)
    units = whole.astype(np.int64)
    limbs = (units >> 31, units & 0x7FFF_FFFF, high.astype(np.int64), low.astype(np.int64))
    s0, s1, s2, s3 = (np.add.reduceat(limb, starts) for limb in limbs)
    return s0, s1, s2, s3
