"""From a raw row to the record on topic `rows`, or to a reject. Pure."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid5

from contracts.codec import decode_row_data, row_key
from contracts.events import Limits
from contracts.reasons import Refused
from contracts.samples import labels
from contracts.times import check_time, format_time
from producer.datasets.errors import Rejected
from producer.datasets.event_time import event_time
from producer.datasets.rows import RawRow
from producer.simulate.ids import NAMESPACE


@dataclass(frozen=True)
class Dataset:
    """What the rows of a stream have in common: whose they are, where their time is, what they may hold, and which
    fields split their categories."""

    stream: str
    time_field: str | None
    limits: Limits
    split_by: tuple[str, ...] = ()


class Record(NamedTuple):
    """Key and value for topic `rows`, and those of `split_by` that the row has."""

    key: bytes
    value: bytes
    labelled: set[str]


def row_id(stream: str, number: int, data: bytes) -> UUID:
    """uuid5 of stream, row number and the sha256 of the row's bytes: the same row again is the same event."""
    return uuid5(NAMESPACE, f"{stream}/{number}/{sha256(data).hexdigest()}")


def record(dataset: Dataset, number: int, row: RawRow, now: datetime) -> Record:
    """The row's own bytes as a record; raises Rejected for what no processor would take."""
    if row.code:
        raise Rejected(row.code, row.detail)
    try:
        data = decode_row_data(row.data, dataset.limits)
        time = event_time(data, dataset.time_field)
        check_time(time, now, dataset.limits)
    except Refused as refusal:
        raise Rejected(refusal.reason.value, refusal.detail) from None
    head = (
        f'{{"id":"{row_id(dataset.stream, number, row.data)}","stream":"{dataset.stream}","row":{number},'
        f'"timestamp":"{format_time(time)}","data":'
    )
    labelled = {name for name in dataset.split_by if labels(data, (name,))}
    return Record(row_key(dataset.stream, number), head.encode("ascii") + row.data + b"}", labelled)
