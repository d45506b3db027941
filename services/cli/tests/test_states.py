"""What changed, from what is told about streams."""

from tideline.states import Change, named, update

LAB = {"stream": "lab", "desired": "running", "state": "running", "reason": None, "run": 1, "position": 5}


def test_the_first_telling_is_all_news() -> None:
    known: dict[str, dict[str, object]] = {}
    assert update(known, [LAB], whole=True) == [Change(LAB, True)]
    assert known == {"lab": LAB}


def test_a_position_changes_without_being_shown_and_the_same_again_is_no_change() -> None:
    known = {"lab": LAB}
    moved = LAB | {"position": 6}
    assert update(known, [moved], whole=False) == [Change(moved, False)]
    assert update(known, [moved], whole=False) == []


def test_state_reason_and_run_are_shown() -> None:
    for field in ({"state": "paused"}, {"reason": "paused on request"}, {"run": 2}):
        assert update({"lab": LAB}, [LAB | field], whole=False) == [Change(LAB | field, True)]


def test_a_deleted_stream_is_gone_once_it_has_come_to_rest() -> None:
    known = {"lab": LAB}
    stopping = LAB | {"desired": "deleted", "state": "stopping"}
    stopped = LAB | {"desired": "deleted", "state": "stopped"}
    assert update(known, [stopping], whole=False) == [Change(stopping, True)]
    assert update(known, [stopped], whole=False) == [Change(stopped | {"state": "deleted"}, True)]
    assert known == {}
    assert update(known, [stopped], whole=False) == []


def test_what_a_whole_list_does_not_have_is_gone() -> None:
    other = LAB | {"stream": "other"}
    known = {"lab": LAB, "other": other}
    assert update(known, [other], whole=True) == [Change({"stream": "lab", "state": "deleted"}, True)]
    assert known == {"other": other}


def test_a_stream_of_a_list_is_named_as_in_live_updates() -> None:
    assert named({"id": "lab", "state": "running"}) == {"stream": "lab", "state": "running"}
