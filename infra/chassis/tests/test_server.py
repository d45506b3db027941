"""How a service listens, stops and ends."""

import asyncio
import resource
import socket

import pytest

from chassis.errors import StartError
from chassis.server import OPEN_FILES, Server, allow_many_connections, listen, run_service


def test_a_taken_port_is_one_line_that_names_it_and_the_setting() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port} .*TIDELINE_HTTP_PORT"):
            listen("127.0.0.1", port)


def test_an_address_of_another_machine_is_a_start_error() -> None:
    with pytest.raises(StartError, match=r"192\.0\.2\.1:0"):
        listen("192.0.2.1", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_an_ipv6_address_can_be_listened_on() -> None:
    try:
        sock = listen("::1", 0)
    except StartError:
        pytest.skip("this machine has no ::1")
    with sock:
        assert sock.family == socket.AF_INET6


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (None, 3, ""),
        (StartError("no such topic: create it"), 2, "error: no such topic: create it\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_a_service_ends_with_the_exit_code_of_its_main_or_of_its_error(
    error: BaseException | None, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> int:
        if error:
            raise error
        return 3

    with pytest.raises(SystemExit) as ended:
        run_service(main())
    assert ended.value.code == code
    assert capsys.readouterr().err == line


def test_a_service_may_have_more_open_files_than_the_shell_it_was_started_in() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 256 <= before[1] < OPEN_FILES:
        pytest.skip("this system allows no more")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (OPEN_FILES, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_stop_tells_endless_answers_at_once_and_ends_the_server() -> None:
    seen = asyncio.Event()

    async def endless(scope: dict[str, str], receive: object, send: object) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        seen.set()
        await server.stopping.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"over"})  # type: ignore[operator]

    async def lifespan(receive: object, send: object) -> None:
        for phase in ("startup", "shutdown"):
            await receive()  # type: ignore[operator]
            await send({"type": f"lifespan.{phase}.complete"})  # type: ignore[operator]

    server = Server(endless)
    sock = listen("127.0.0.1", 0)
    serving = asyncio.create_task(server.serve([sock]))
    reader, writer = await asyncio.open_connection(*sock.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(5):
        await seen.wait()
        server.stop()
        server.stop()
        answer = await reader.read()
        await serving
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"over" in answer
