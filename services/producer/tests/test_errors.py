"""What a dependency's error says to a person."""

import pytest

from producer.errors import in_words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError("nobody listens"), "ConnectionRefusedError: nobody listens"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ValueError("x" * 500), "ValueError: " + "x" * 188),
    ],
)
def test_an_error_is_told_in_few_words_and_never_in_none(error: Exception, words: str) -> None:
    assert in_words(error) == words
