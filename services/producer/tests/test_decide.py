from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.decide import ACTIVE, Stream, decide, refuse_if_full
from producer.errors import Conflict
from producer.simulate.simulation import simulation
from producer.spec import Spec

BEGUN = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WISHES = ("start", "stop", "pause", "resume", "delete")


def stream(state: str, desired: str = "running", **other: Any) -> Stream:
    made = Stream("lab", "simulation", False, {"profile": "sensor"}, desired, state, None, 3, BEGUN, 1000, False, 0.02)
    return replace(made, **other)


RUNNING, PENDING = stream("running"), stream("pending")
PAUSED, STOPPING, STOPPED = stream("paused", "paused"), stream("stopping", "stopped"), stream("stopped", "stopped")
COMPLETED, FAILED = stream("completed", "stopped"), stream("failed", "stopped")
DELETED = stream("stopped", "deleted")


@pytest.mark.parametrize("active", [RUNNING, PENDING, PAUSED, STOPPING], ids=lambda s: s.state)
def test_starting_what_is_active_is_a_conflict_that_says_so(active: Stream) -> None:
    with pytest.raises(Conflict, match=active.state):
        decide(active, "start", NOW)


def test_what_is_stopping_is_not_to_be_stopped_first() -> None:
    with pytest.raises(Conflict, match="still stopping: start it again in a moment"):
        decide(STOPPING, "start", NOW)


@pytest.mark.parametrize("at_rest", [STOPPED, COMPLETED, FAILED, DELETED], ids=lambda s: f"{s.state}-{s.desired}")
def test_starting_what_is_at_rest_begins_a_new_run(at_rest: Stream) -> None:
    after = decide(at_rest, "start", NOW)
    assert (after.desired, after.state, after.run, after.position) == ("running", "pending", 4, 0)
    assert after.run_start == NOW


def test_a_stream_whose_data_is_being_deleted_cannot_be_started() -> None:
    with pytest.raises(Conflict, match="being deleted"):
        decide(replace(DELETED, delete_data=True), "start", NOW)


def test_a_stop_drains_what_runs_and_ends_what_nobody_runs_at_once() -> None:
    assert decide(RUNNING, "stop", NOW).state == "stopping"
    assert decide(PENDING, "stop", NOW).state == "stopped"
    assert decide(PAUSED, "stop", NOW).state == "stopped"


@pytest.mark.parametrize("at_rest", [STOPPED, COMPLETED, FAILED, STOPPING], ids=lambda s: s.state)
def test_stopping_again_changes_nothing(at_rest: Stream) -> None:
    assert decide(at_rest, "stop", NOW) == at_rest


def test_a_pause_drains_first() -> None:
    assert (decide(RUNNING, "pause", NOW).state, decide(RUNNING, "pause", NOW).desired) == ("running", "paused")
    assert decide(PENDING, "pause", NOW).state == "paused"
    assert decide(PAUSED, "pause", NOW) == PAUSED


@pytest.mark.parametrize("not_running", [STOPPING, STOPPED, COMPLETED, FAILED], ids=lambda s: s.state)
@pytest.mark.parametrize("wish", ["pause", "resume"])
def test_what_does_not_run_can_neither_be_paused_nor_resumed(not_running: Stream, wish: Any) -> None:
    with pytest.raises(Conflict, match=not_running.state):
        decide(not_running, wish, NOW)


def test_a_live_stream_resumes_from_now_without_repeating_positions() -> None:
    after = decide(PAUSED, "resume", NOW)
    assert (after.state, after.run, after.position) == ("pending", 4, 1000)
    resumed = simulation("lab", 4, round(after.run_start.timestamp() * 1e6), Spec.model_validate(after.spec))
    assert resumed.timeline.time_of(1000) == round(NOW.timestamp() * 1e6)


def test_a_backfill_resumes_where_it_was() -> None:
    behind = replace(PAUSED, behind_s=3600.0)
    assert decide(behind, "resume", NOW).run_start == BEGUN


def test_a_stream_that_is_to_start_later_still_starts_then() -> None:
    later = replace(PAUSED, run_start=NOW + timedelta(days=1), position=0)
    assert decide(later, "resume", NOW).run_start == NOW + timedelta(days=1)


def test_resuming_before_it_has_drained_goes_on_with_the_same_run() -> None:
    draining = decide(RUNNING, "pause", NOW)
    assert decide(draining, "resume", NOW) == RUNNING


def test_the_demo_never_backfills_twice_and_the_prices_are_published_once() -> None:
    demo = replace(STOPPED, built_in=True, spec={"profile": "sensor", "rate": 0.5})
    assert decide(demo, "start", NOW).run_start == NOW
    prices = {"profile": "prices", "count": 5000, "start_time": "2025-01-01T00:00:00Z"}
    halfway = replace(STOPPED, built_in=True, spec=prices)
    assert (decide(halfway, "start", NOW).run, decide(halfway, "start", NOW).position) == (3, 1000)
    with pytest.raises(Conflict, match="once"):
        decide(replace(COMPLETED, built_in=True, spec=prices), "start", NOW)


def test_a_start_time_is_kept_at_a_new_start() -> None:
    begun = replace(STOPPED, spec={"profile": "sensor", "start_time": "2026-01-01T00:00:00Z"})
    assert decide(begun, "start", NOW).run_start == datetime(2026, 1, 1, tzinfo=UTC)


def test_data_that_is_to_go_goes_whoever_asks_without_it_later() -> None:
    once = decide(RUNNING, "delete", NOW, delete_data=True)
    assert (once.desired, once.state, once.delete_data) == ("deleted", "stopping", True)
    assert decide(once, "delete", NOW) == once


@given(
    wishes=st.lists(st.sampled_from(WISHES), max_size=12), state=st.sampled_from([RUNNING, PENDING, PAUSED, STOPPED])
)
def test_every_wish_is_idempotent_or_a_conflict_and_runs_never_go_back(wishes: list[Any], state: Stream) -> None:
    for wish in wishes:
        try:
            after = decide(state, wish, NOW)
        except Conflict:
            continue
        assert after.run >= state.run
        assert (after.run, after.position) != (state.run, 0) or state.position == 0
        assert (after.desired == "running") <= (after.state in ACTIVE)
        if wish != "start":
            assert decide(after, wish, NOW) == after
        state = after


def test_a_sixth_stream_is_refused_by_the_names_of_the_five() -> None:
    refuse_if_full(["a", "b", "c", "d"], 5)
    with pytest.raises(Conflict, match="a, b, c, d, e"):
        refuse_if_full(["a", "b", "c", "d", "e"], 5)
