"""Bytes that anybody may have sent, shown without harm: as the text they are, or as base64. Pure."""

from base64 import b64encode
from typing import Literal, NamedTuple

BREAKS = "\n\r\t"

Encoding = Literal["text", "base64"]


class Shown(NamedTuple):
    """The text, and how the bytes come out of it."""

    text: str | None
    encoding: Encoding | None


def shown(value: bytes | None, whole: bool = True) -> Shown:
    """UTF-8 without control, format and unassigned characters is told as it is, all else as base64.

    `whole` false: more bytes follow, so that the last character may be cut.
    """
    if value is None:
        return Shown(None, None)
    text = _text(value, whole)
    if text is not None and all(char.isprintable() or char in BREAKS for char in text):
        return Shown(text, "text")
    return Shown(b64encode(value).decode(), "base64")


def _text(value: bytes, whole: bool) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        if whole or error.reason != "unexpected end of data":
            return None
        return value[: error.start].decode()
