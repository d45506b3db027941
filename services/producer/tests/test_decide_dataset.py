"""What asking for a dataset does to the stream of its id."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from producer.decide import ACTIVE, Stream, decide
from producer.decide_dataset import already, ingest
from producer.errors import Conflict
from producer.spec import DatasetSpec

BEGUN = datetime(2026, 3, 2, tzinfo=UTC)
URL = "https://example.org/molding.json"
SPEC = DatasetSpec(url=URL, split_by=("machine",))
PULLED = {"sha256": "abc", "etag": '"1"'}


def stream(state: str, desired: str = "running", position: int = 500, **other: Any) -> Stream:
    made = Stream(
        *("molding", "dataset", False, SPEC.model_dump(mode="json"), desired, state, None, 3, BEGUN, position, False),
        dataset=PULLED,
    )
    return replace(made, **other)


STOPPED, FAILED = stream("stopped", "stopped"), stream("failed", "stopped")
COMPLETED = stream("completed", "stopped", dataset=PULLED | {"rows": 500})
ACTIVE_ONES = [stream(state, "paused" if state == "paused" else "running") for state in ACTIVE]


@pytest.mark.parametrize("under_way", [*ACTIVE_ONES, COMPLETED], ids=lambda s: s.state)
def test_the_same_again_changes_nothing_and_says_so(under_way: Stream) -> None:
    assert ingest(under_way, SPEC, "once") is under_way
    assert "already" in already(under_way)
    assert ("500 rows" in already(under_way)) == (under_way.state == "completed")


def test_a_stopped_one_goes_on_with_the_file_it_has() -> None:
    for after in (ingest(STOPPED, SPEC, "once"), decide(STOPPED, "start", BEGUN)):
        assert (after.state, after.run, after.position, after.dataset) == ("pending", 4, 500, PULLED)


def test_a_failed_one_is_pulled_again_from_its_first_row() -> None:
    for after in (ingest(FAILED, SPEC, "once"), decide(FAILED, "start", BEGUN)):
        assert (after.state, after.run, after.position, after.dataset) == ("pending", 4, 0, {})


def test_a_refresh_that_failed_asks_again_for_what_is_newer() -> None:
    refreshing = PULLED | {"rows": 500, "stale": True}
    failed = replace(FAILED, dataset=refreshing)
    for after in (ingest(failed, SPEC, "once"), ingest(failed, SPEC, "refresh"), decide(failed, "start", BEGUN)):
        assert (after.state, after.position, after.dataset) == ("pending", 0, refreshing)


def test_a_complete_one_is_not_started_but_refreshed() -> None:
    with pytest.raises(Conflict, match="refresh"):
        decide(COMPLETED, "start", BEGUN)
    after = ingest(COMPLETED, SPEC, "refresh")
    assert (after.state, after.desired, after.run, after.position) == ("pending", "running", 4, 0)
    assert after.dataset == PULLED | {"rows": 500, "stale": True}


@pytest.mark.parametrize("at_rest", [STOPPED, FAILED], ids=lambda s: s.state)
def test_a_refresh_of_one_that_is_not_complete_begins_anew(at_rest: Stream) -> None:
    after = ingest(at_rest, SPEC, "refresh")
    assert (after.state, after.position, after.dataset) == ("pending", 0, {})


@pytest.mark.parametrize("active", ACTIVE_ONES, ids=lambda s: s.state)
def test_a_refresh_of_one_under_way_is_a_conflict(active: Stream) -> None:
    with pytest.raises(Conflict, match=active.state):
        ingest(active, SPEC, "refresh")


@pytest.mark.parametrize("state", [*ACTIVE_ONES, COMPLETED, STOPPED, FAILED], ids=lambda s: s.state)
@pytest.mark.parametrize("ask", ["once", "refresh"])
@pytest.mark.parametrize(
    "change", [{"split_by": ()}, {"timestamp_field": "at"}, {"fields": {"include": ["a"], "exclude": []}}]
)
def test_rules_are_fixed(state: Stream, ask: Any, change: dict[str, Any]) -> None:
    other = DatasetSpec.model_validate(SPEC.model_dump() | change)
    with pytest.raises(Conflict, match="another id"):
        ingest(state, other, ask)


OTHER_URL = SPEC.model_copy(update={"url": "https://example.org/other.json"})


@pytest.mark.parametrize("state", [*ACTIVE_ONES, COMPLETED, STOPPED, FAILED], ids=lambda s: s.state)
def test_a_dataset_keeps_its_url_once_it_was_pulled(state: Stream) -> None:
    with pytest.raises(Conflict, match="another URL"):
        ingest(state, OTHER_URL, "once")


def test_a_url_that_never_brought_anything_can_be_corrected() -> None:
    after = ingest(replace(FAILED, dataset={}), OTHER_URL, "once")
    assert (after.spec["url"], after.position, after.state) == (OTHER_URL.url, 0, "pending")


def test_at_the_start_only_what_failed_is_tried_again() -> None:
    for left_alone in (*ACTIVE_ONES, COMPLETED, STOPPED):
        assert ingest(left_alone, SPEC, "at_start") is left_alone
        assert ingest(left_alone, DatasetSpec(url=URL), "at_start") is left_alone, "whatever its rules"
    assert ingest(FAILED, SPEC, "at_start").state == "pending"


def test_a_stream_of_another_kind_is_left_alone() -> None:
    with pytest.raises(Conflict, match="no dataset"):
        ingest(replace(COMPLETED, kind="simulation", spec={}), SPEC, "once")


def test_a_pause_keeps_the_place_and_the_file() -> None:
    paused = replace(decide(stream("running"), "pause", BEGUN), state="paused")
    after = decide(paused, "resume", BEGUN)
    assert (after.state, after.run, after.position, after.dataset, after.run_start) == (
        "pending",
        4,
        500,
        PULLED,
        BEGUN,
    )
