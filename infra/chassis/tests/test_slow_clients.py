"""Which connections are ended, look by look."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.slow_clients import BODY_BYTES_PER_LOOK, TAKE_LOOKS, WAIT_LOOKS, Connection, Watch


class Fake(Connection):  # type: ignore[misc]
    """A connection without a socket."""

    def __init__(self, cycle: Any = None, read_paused: bool = False, closing: bool = False) -> None:
        self.ended, self.closing, self.unsent = False, closing, 1_000
        self.cycle, self.flow, self.came = cycle, SimpleNamespace(read_paused=read_paused), 0
        self.transport = SimpleNamespace(
            is_closing=lambda: self.closing, get_write_buffer_size=lambda: self.unsent, abort=self._abort
        )

    def _abort(self) -> None:
        self.ended = True


@dataclass(eq=False)
class Cycle:
    """One request and its answer."""

    more_body: bool
    response_complete: bool


def request(more_body: bool = False, response_complete: bool = False) -> Cycle:
    return Cycle(more_body, response_complete)


def looks_until_ended(connection: Fake, most: int = 50, between: Any = lambda _n: None) -> int | None:
    watch = Watch({connection})
    for n in range(1, most + 1):
        watch.look()
        if connection.ended:
            return n
        between(n)
    return None


@pytest.mark.parametrize(
    "connection",
    [Fake(), Fake(request(response_complete=True)), Fake(request(more_body=True))],
    ids=["nothing came", "half the next head", "half a body"],
)
def test_who_does_not_send_what_is_awaited_is_let_go(connection: Fake) -> None:
    assert looks_until_ended(connection) == WAIT_LOOKS + 1


def test_an_answer_that_was_given_up_is_not_kept_for_who_does_not_take_it() -> None:
    assert looks_until_ended(Fake(request(), closing=True)) == TAKE_LOOKS + 1


@pytest.mark.parametrize(
    "connection",
    [Fake(request()), Fake(request(more_body=True), read_paused=True)],
    ids=["it is our turn to answer", "it is our turn to read"],
)
def test_who_waits_for_us_is_not_let_go(connection: Fake) -> None:
    assert looks_until_ended(connection) is None


def test_who_goes_on_sending_or_taking_is_not_let_go() -> None:
    sends, takes, asks = Fake(request(more_body=True)), Fake(request(), closing=True), Fake()

    def send(_n: int) -> None:
        sends.came += BODY_BYTES_PER_LOOK

    def take(_n: int) -> None:
        takes.unsent -= 1

    def ask(_n: int) -> None:
        asks.cycle = request(response_complete=True)

    assert looks_until_ended(sends, between=send) is None
    assert looks_until_ended(takes, between=take) is None
    assert looks_until_ended(asks, between=ask) is None


def test_a_body_that_trickles_is_too_slow() -> None:
    trickles = Fake(request(more_body=True))

    def trickle(_n: int) -> None:
        trickles.came += 1

    assert looks_until_ended(trickles, between=trickle) == WAIT_LOOKS + 1
