"""Every record of the corpus is refused with its reason, or taken although it looks strange."""

from datetime import UTC, datetime

import pytest
from tests.support.malformed import MALFORMED, STRANGE, Malformed, Strange

from contracts.checks import check_headers, replay_of
from contracts.codec import decode_reading, decode_row
from contracts.events import Limits, Place
from contracts.reasons import Reason, Refused

PLACE = Place(1, "readings", 0, 5, datetime(2026, 1, 3, tzinfo=UTC))


def take(case: Malformed) -> object:
    """What a reader of the topic does with a record."""
    check_headers(case.headers)
    if replay_of(case.headers):
        raise Refused(Reason.UNKNOWN_REPLAY, "this reader knows of no replays")
    decode = decode_row if case.topic == "rows" else decode_reading
    return decode(case.value, PLACE, Limits())


@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_is_refused_with_its_reason(case: Malformed) -> None:
    with pytest.raises(Refused) as refused:
        take(case)
    assert refused.value.reason == case.reason
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("case", STRANGE, ids=lambda case: case.name)
def test_is_taken_although_strange(case: Strange) -> None:
    check_headers(case.headers)
    assert decode_reading(case.value, PLACE, Limits()).value == case.number


def test_the_corpus_is_large_and_names_nothing_twice() -> None:
    names = [case.name for case in (*MALFORMED, *STRANGE)]
    assert len(set(names)) == len(names)
    assert len(MALFORMED) >= 60


def test_every_reason_that_decoding_can_give_is_in_the_corpus() -> None:
    given_by_the_processor = {Reason.TOO_LATE, Reason.TOO_MANY_SERIES, Reason.DB_REJECTED}
    assert {case.reason for case in MALFORMED} == set(Reason) - given_by_the_processor
