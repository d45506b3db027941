"""What is broken off when the caller leaves, and what goes on."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from query_api import incoming
from query_api.edge import Edge
from query_api.settings import Limits

WORK_S = 0.05


async def ask(method: str, sent: list[Message], length: bytes = b"0") -> tuple[list[str], list[Message]]:
    """What the application did, and what was sent, for a caller who sends these messages and leaves."""
    done: list[str] = []
    answered: list[Message] = []

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        done.append("begun")
        await asyncio.sleep(WORK_S)
        if length != b"0":
            await receive()
        done.append("ended")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def receive() -> Message:
        return sent.pop(0) if sent else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {"type": "http", "method": method, "path": "/x", "headers": [(b"content-length", length)]}
    await Edge(work, Limits(), asyncio.Event())(scope, receive, send)
    return done, answered


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "LOOK_AFTER_S", 0)


async def test_a_search_ends_when_its_caller_leaves_and_no_task_is_cancelled_for_it() -> None:
    done, answered = await ask("GET", [{"type": "http.request"}])
    assert done == ["begun"]
    assert [message["status"] for message in answered] == [incoming.GONE]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_change_is_carried_out_to_its_end() -> None:
    done, answered = await ask("POST", [{"type": "http.request"}])
    assert done == ["begun", "ended"]
    assert answered[0]["status"] == 200


async def test_a_body_that_breaks_off_is_no_error() -> None:
    part: Message = {"type": "http.request", "body": b"{", "more_body": True}
    assert await ask("POST", [], b"2") == (["begun"], [])
    assert (await ask("POST", [part], b"2"))[0] == ["begun", "ended"], "what was asked for was there"
