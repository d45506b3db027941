"""`apart`: a result or an error of its own thread, and Ctrl-C beside it."""

import os
import signal
from threading import Event

import pytest

from tideline.apart import apart


def test_what_the_work_returns_or_raises_comes_back() -> None:
    assert apart(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 // 0)


def test_ctrl_c_ends_the_wait_and_leaves_the_work_whole() -> None:
    interrupted, whole = Event(), Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        if interrupted.wait(20):
            whole.set()

    with pytest.raises(KeyboardInterrupt):
        apart(work)
    interrupted.set()
    assert whole.wait(20)
