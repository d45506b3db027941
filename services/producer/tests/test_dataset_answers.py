"""What a server's answer means for the file that is being pulled."""

from datetime import UTC, datetime

import pytest

from producer.datasets.answers import Complete, Rest, Restart, Unchanged, Version, Whole, understand
from producer.datasets.errors import Again
from producer.errors import Failed

NOW = datetime(2026, 1, 3, 12, 0, tzinfo=UTC)
NONE = Version()
ONE = Version(etag='"1"')


def meaning(status: int, have: int = 0, version: Version = NONE, conditional: bool = False, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return understand(status, named, have, version, conditional, NOW)


def test_a_whole_file_has_a_version_and_mostly_a_size() -> None:
    assert meaning(200, content_length="12", etag='"1"') == Whole(ONE, 12)
    assert meaning(200) == Whole(NONE, None)
    assert meaning(200, have=5, version=ONE, etag='"2"') == Whole(Version('"2"'), None), "it changed: all of it anew"


@pytest.mark.parametrize("odd", ["x", "-1", "1e3", "٣", "9" * 30])
def test_a_length_that_is_no_number_is_no_length(odd: str) -> None:
    assert meaning(200, content_length=odd) == Whole(NONE, None)


def test_a_validator_that_could_not_be_sent_back_is_none() -> None:
    for odd in ("x" * 300, '"\r\nx"', '"ü"', ""):
        assert meaning(200, etag=odd, last_modified=odd) == Whole(NONE, None)


def test_the_rest_of_a_file_has_to_begin_where_it_broke_off() -> None:
    assert meaning(206, have=5, version=ONE, content_range="bytes 5-9/10") == Rest(10)
    assert meaning(206, have=5, version=ONE, content_range="bytes 5-9/*", etag='"1"') == Rest(None)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_range": "bytes 0-9/10"},
        {"content_range": "bytes 6-9/10"},
        {"content_range": "items 5-9/10"},
        {"content_range": ""},
        {},
        {"content_range": "bytes 5-9/10", "etag": '"2"'},
    ],
)
def test_any_other_rest_is_of_no_use(headers: dict[str, str]) -> None:
    assert meaning(206, have=5, version=ONE, **headers) == Restart()


def test_a_range_that_cannot_be_is_begun_anew() -> None:
    assert meaning(416, have=5, version=ONE) == Restart()
    assert meaning(416, have=5, version=ONE, content_range="bytes */9") == Restart()
    assert meaning(416, have=5, version=ONE, content_range="bytes */5") == Complete(), "nothing is missing"
    with pytest.raises(Failed, match="http_416"):
        meaning(416)


def test_unchanged_is_an_answer_to_who_asked_for_changes() -> None:
    assert meaning(304, conditional=True) == Unchanged()
    for have, conditional in ((0, False), (5, True)):
        with pytest.raises(Failed, match="http_304"):
            meaning(304, have=have, conditional=conditional, version=ONE)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(Again) as again:
        meaning(status)
    assert (again.value.code, again.value.after_s) == (f"http_{status}", 0)


@pytest.mark.parametrize(
    ("text", "after_s"),
    [
        ("7", 7),
        ("Sat, 03 Jan 2026 12:01:30 GMT", 90),
        ("Sat, 03 Jan 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-5", 0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0),
    ],
)
def test_the_wish_for_a_pause_is_heard(text: str, after_s: float) -> None:
    with pytest.raises(Again) as again:
        meaning(503, retry_after=text)
    assert again.value.after_s == after_s


@pytest.mark.parametrize(
    ("status", "word"),
    [
        *((401, "public"), (403, "user_agent"), (404, "no such file"), (410, "gone"), (400, "does not")),
        *((206, "does not"), (300, "does not"), (301, "does not"), (999, "does not")),
    ],
)
def test_what_will_not_pass_ends_it_in_words(status: int, word: str) -> None:
    with pytest.raises(Failed, match=word) as failed:
        meaning(status)
    assert failed.value.code == f"http_{status}"


@pytest.mark.parametrize(
    ("version", "if_range"),
    [
        (ONE, '"1"'),
        (Version('W/"1"'), None),
        (Version('W/"1"', "yesterday"), None),
        (Version(None, "yesterday"), "yesterday"),
        (NONE, None),
    ],
)
def test_a_rest_is_only_asked_for_by_a_validator_that_is_strong(version: Version, if_range: str | None) -> None:
    assert version.if_range == if_range
