"""Bytes as text where that is what they are and harms nobody, else as base64."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.shown_bytes import shown


@pytest.mark.parametrize("text", ['{"a": 1}\n', "", "größe\tx", "日本", "\\u0000"])
def test_printable_text_is_told_as_it_is(text: str) -> None:
    assert shown(text.encode()) == (text, "text")


@pytest.mark.parametrize(
    "value", [b"\x00", b"\x1b[31mred", b"\xff\xfe{\x00", b"\xed\xa0\x80", "\u202eevil".encode(), "\ufeff{}".encode()]
)
def test_what_could_steer_a_terminal_or_is_no_text_is_base64(value: bytes) -> None:
    text, encoding = shown(value)
    assert (b64decode(text or ""), encoding) == (value, "base64")


def test_no_value_is_neither() -> None:
    assert shown(None) == (None, None)


def test_only_the_last_character_of_a_part_may_be_cut() -> None:
    part = "aü".encode()[:-1]
    assert shown(part, whole=False) == ("a", "text")
    assert shown(part) == ("YcM=", "base64")
    assert shown(b"\xfca", whole=False) == ("/GE=", "base64")


@given(st.binary(max_size=20))
def test_no_byte_is_lost(value: bytes) -> None:
    text, encoding = shown(value)
    assert text is not None
    assert (b64decode(text) if encoding == "base64" else text.encode()) == value
