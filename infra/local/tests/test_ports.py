import socket
from collections.abc import Iterator

import pytest

from local_stack.ports import HOST, Chosen, any_port, free_port, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_taken_as_wanted() -> None:
    wanted = any_port(1)[0]
    assert free_port(wanted) == wanted


def test_a_taken_port_gives_the_next_free_one(taken: int) -> None:
    port = free_port(taken)
    assert port > taken
    assert is_free(port)


def test_a_listener_on_all_addresses_takes_the_port_too() -> None:
    with socket.create_server(("", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_two_processes_never_get_the_same_port() -> None:
    wanted = any_port(1)[0]
    assert free_port(wanted, taken=[wanted]) != wanted


def test_another_port_than_the_wanted_one_is_noted(taken: int) -> None:
    ports = Chosen()
    ports.take("query-api", taken)
    assert ports.note("query-api") == f"{taken} is taken"


def test_the_second_copy_on_the_second_port_needs_no_note() -> None:
    first = any_port(1)[0]
    while not is_free(first + 1):
        first = any_port(1)[0]
    ports = Chosen()
    assert [ports.take("processor", first), ports.take("processor", first)] == [first, first + 1]
    assert ports.note("processor") == ""
