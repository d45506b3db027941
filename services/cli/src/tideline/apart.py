"""Work in a thread of its own, so that Ctrl-C cannot break into the middle of it."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """What `work` returns or raises; KeyboardInterrupt ends the wait for it at once.

    Python raises that one in the main thread wherever it stands: within the HTTP client a lock of its connection pool
    can stay taken, and closing the pool then waits for ever.
    """
    done: Future[T] = Future()
    Thread(target=_run, args=(work, done), daemon=True).start()
    return done.result()


def _run(work: Callable[[], T], done: Future[T]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)
