"""Bytes on the wire to events and back."""

from contracts.events import Limits, Place, Reading, Row


def decode_reading(value: bytes | None, place: Place, limits: Limits) -> Reading:
    """The reading in a record of topic `readings`; raises Refused with a reason code."""
    raise NotImplementedError


def decode_row(value: bytes | None, place: Place, limits: Limits) -> Row:
    """The row in a record of topic `rows`; raises Refused with a reason code."""
    raise NotImplementedError


def encode_reading(reading: Reading) -> bytes:
    """The reading as it goes on the wire; times with six decimals and Z."""
    raise NotImplementedError


def encode_row(row: Row) -> bytes:
    """The row as it goes on the wire."""
    raise NotImplementedError


def reading_key(stream: str, category: str) -> bytes:
    """The record key of a reading: `stream/category`."""
    return f"{stream}/{category}".encode()
