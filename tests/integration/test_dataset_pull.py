"""The transfer of a dataset from servers that do everything wrong; nothing but this process and the servers."""

import asyncio
import hashlib
import resource
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pytest
import trustme
from tests.support.hostile import HOST, Reply, Request, Script, Source, decent, serving

from producer.datasets.answers import Version
from producer.datasets.fetch import Fetcher
from producer.datasets.pull import Pull
from producer.datasets.spool import Spool
from producer.errors import Failed
from producer.settings import DatasetSettings

DATA = b"".join(b'{"row":%d,"noise":"%s"}\n' % (n, hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(4000))
QUICK = {
    "connect_s": 1,
    "read_s": 0.4,
    "slow_window_s": 0.6,
    "transfer_s": 6,
    "attempts": 3,
    "retry_s": 0.01,
    "allow_private_hosts": (HOST,),
}


@dataclass(frozen=True)
class Pulled:
    """What a transfer left: the bytes, their digest, whether there was anything new."""

    data: bytes
    new: bool
    version: Version


async def pull(
    url: str,
    folder: Path,
    known: Version | None = None,
    resolving: Any = None,
    on_bytes: Callable[[int, int | None], None] = lambda _count, _total: None,
    **settings: Any,
) -> Pulled:
    given = DatasetSettings(**(QUICK | settings))
    fetcher = Fetcher(given, resolving) if resolving else Fetcher(given)
    part = Spool(folder).begin("molding", url, Event())
    try:
        new = await Pull(fetcher, given, part, url, known, on_bytes).run()
        data = (folder / "molding" / next(p.name for p in (folder / "molding").glob("*.part"))).read_bytes()
        assert part.digest == hashlib.sha256(data).hexdigest()
        assert part.size == len(data)
        return Pulled(data, new, part.version)
    finally:
        part.close()


async def failure(url: str, folder: Path, **given: Any) -> Failed:
    with pytest.raises(Failed) as failed:
        await pull(url, folder, **given)
    return failed.value


def left(folder: Path) -> int:
    """Bytes that a later try could go on with."""
    return sum(path.stat().st_size for path in (folder / "molding").glob("*.part"))


@pytest.fixture
def trap() -> Iterator[Source]:
    """A server on this machine that nobody may ever connect to."""
    with serving(decent(b"[]")) as source:
        yield source
        assert source.connections == 0


# servers as they should be


async def test_a_file_arrives_with_one_honest_request(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with serving(decent(DATA)) as source:
        pulled = await pull(
            source.url(), tmp_path, on_bytes=lambda *count: seen.append(count), user_agent="Tideline test"
        )
        [request] = source.requests
    assert (pulled.data, pulled.new) == (DATA, True)
    assert pulled.version.etag
    assert seen[-1] == (len(DATA), len(DATA))
    assert request.path == "/molding.json"
    headers = {"host": f"{HOST}:{source.port}", "user-agent": "Tideline test", "accept-encoding": "identity"}
    assert request.headers == headers | {"accept": "*/*", "connection": "close"}


@pytest.mark.parametrize("how", ["chunked", "until the connection closes"])
async def test_a_file_of_unknown_length_arrives(how: str, tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, **({"Transfer_Encoding": "chunked"} if how == "chunked" else {}))
        for start in range(0, len(DATA), 10_000):
            piece = DATA[start : start + 10_000]
            await reply.send(b"%x\r\n%s\r\n" % (len(piece), piece) if how == "chunked" else piece)
        await reply.send(b"0\r\n\r\n" if how == "chunked" else b"")

    with serving(script) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA


async def test_bytes_are_kept_as_they_are_sent_whatever_they_claim_to_be(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Encoding="gzip", Content_Length=9)
        await reply.send(b'{"a":1}\n\n')

    with serving(script) as source:
        assert (await pull(source.url(), tmp_path)).data == b'{"a":1}\n\n'


async def test_a_known_version_is_not_sent_again(tmp_path: Path) -> None:
    with serving(decent(DATA)) as source:
        first = await pull(source.url(), tmp_path / "one")
        again = await pull(source.url(), tmp_path / "two", known=first.version)
        assert (again.new, again.data) == (False, b"")
        newer = await pull(source.url(), tmp_path / "three", known=Version('"older"', "yesterday"))
        assert (newer.new, newer.data) == (True, DATA)
        assert source.requests[2].headers["if-modified-since"] == "yesterday"


async def test_redirects_are_followed_three_times(tmp_path: Path) -> None:
    hops = {"/1": "/2", "/2": "3?x=y", "/3?x=y": "/molding.json"}

    async def script(request: Request, reply: Reply) -> None:
        if request.path in hops:
            await reply.head(302, Location=hops[request.path], Set_Cookie="a=b", Content_Length=0)
        else:
            await decent(DATA)(request, reply)

    with serving(script) as source:
        assert (await pull(source.url("/1"), tmp_path)).data == DATA
        assert [request.path for request in source.requests] == ["/1", "/2", "/3?x=y", "/molding.json"]
        assert not any("cookie" in request.headers for request in source.requests)


# broken connections


def breaking(data: bytes, after: int, times: int = 10**6, reset: bool = True, other: Script | None = None) -> Script:
    """Break off every answer after so many bytes of it, so many times; resumable all along."""
    whole = other or decent(data)
    count = 0

    async def script(request: Request, reply: Reply) -> None:
        nonlocal count
        count += 1
        if count > times:
            await whole(request, reply)
            return
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        about: dict[str, object] = {"ETag": decent_tag(data), "Content_Length": len(data) - start}
        if start:
            about["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await reply.head(206 if start else 200, **about)
        await reply.send(data[start : start + after])
        if reset:
            await asyncio.sleep(0.05)  # or the kernel throws away with the RST what was not read yet
            reply.reset()

    return script


def decent_tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed early"])
async def test_a_connection_that_breaks_is_gone_on_with_where_it_broke(reset: bool, tmp_path: Path) -> None:
    with serving(breaking(DATA, 100_000, times=2, reset=reset)) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA
    ranges = [request.headers.get("range") for request in source.requests]
    assert ranges == [None, "bytes=100000-", "bytes=200000-"]
    assert {request.headers.get("if-range") for request in source.requests[1:]} == {decent_tag(DATA)}


async def test_tries_that_bring_a_lot_are_not_counted(tmp_path: Path) -> None:
    data = DATA * 20
    with serving(breaking(data, 1_100_000)) as source:
        assert (await pull(source.url(), tmp_path, attempts=2)).data == data
    assert len(source.requests) == len(data) // 1_100_000 + 1


async def test_after_a_few_tries_it_fails_and_a_later_run_goes_on(tmp_path: Path) -> None:
    with serving(breaking(DATA, 50_000)) as source:
        failed = await failure(source.url(), tmp_path)
        assert failed.code == "broken"
        assert len(source.requests) == 3
        assert left(tmp_path) == 150_000
        port = source.port
    with serving(decent(DATA), port=port) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA
        assert [request.headers["range"] for request in source.requests] == ["bytes=150000-"]


async def test_a_file_that_changed_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    newer = DATA[::-1]
    with serving(breaking(DATA, 100_000, times=1, other=decent(newer))) as source:
        pulled = await pull(source.url(), tmp_path)
    assert (pulled.data, pulled.version.etag) == (newer, decent_tag(newer))
    assert len(source.requests) == 2


async def test_a_server_that_cannot_resume_sends_all_of_it_again(tmp_path: Path) -> None:
    with serving(breaking(DATA, 100_000, times=1, other=decent(DATA, ranges=False))) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA


async def test_without_a_validator_nothing_is_resumed(tmp_path: Path) -> None:
    count = 0

    async def script(request: Request, reply: Reply) -> None:
        nonlocal count
        count += 1
        if count > 1:
            await decent(DATA, etag=None)(request, reply)
            return
        await reply.head(200, Content_Length=len(DATA), ETag='W/"weak"', Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")
        await reply.send(DATA[:1000])

    with serving(script) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA
        assert not any("range" in request.headers for request in source.requests)


@pytest.mark.parametrize("answer", ["wrong place", "other version", "416"])
async def test_a_rest_that_does_not_fit_is_not_put_together(answer: str, tmp_path: Path) -> None:
    async def script(request: Request, reply: Reply) -> None:
        if "range" not in request.headers:
            done = len(source.requests) > 2
            await reply.head(200, Content_Length=len(DATA), ETag=decent_tag(DATA))
            await reply.send(DATA if done else DATA[:1000])
        elif answer == "416":
            await reply.head(416, Content_Length=0)
        elif answer == "wrong place":
            await reply.head(206, Content_Length=10, Content_Range=f"bytes 0-9/{len(DATA)}")
            await reply.send(bytes(10))
        else:
            await reply.head(206, Content_Length=10, Content_Range=f"bytes 1000-1009/{len(DATA)}", ETag='"2"')
            await reply.send(bytes(10))

    with serving(script) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA


async def test_a_body_shorter_than_announced_is_never_taken_for_whole(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Length=len(DATA) + 1)
        await reply.send(DATA)

    with serving(script) as source:
        assert (await failure(source.url(), tmp_path)).code == "broken"


async def test_a_chunked_body_without_its_end_is_never_taken_for_whole(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Transfer_Encoding="chunked")
        await reply.send(b"%x\r\n%s\r\n" % (len(DATA), DATA))

    with serving(script) as source:
        assert (await failure(source.url(), tmp_path)).code == "broken"


async def test_more_than_announced_is_not_read(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Length=100)
        await reply.send(DATA)

    with serving(script) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA[:100]


# slow ones


async def stall_before_headers(_request: Request, _reply: Reply) -> None:
    await asyncio.sleep(60)


async def stall_in_headers(_request: Request, reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        await reply.send(b"X-%d: y\r\n" % number)
        await asyncio.sleep(0.1)


async def stall_in_body(_request: Request, reply: Reply) -> None:
    await reply.head(200, Content_Length=len(DATA), ETag='"1"')
    await reply.send(DATA[:1000])
    await asyncio.sleep(60)


async def drip(_request: Request, reply: Reply) -> None:
    await reply.head(200, Content_Length=len(DATA))
    for number in range(1000):
        await reply.send(DATA[number : number + 1])
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("script", [stall_before_headers, stall_in_headers, stall_in_body, drip])
async def test_a_server_that_is_too_slow_is_left(script: Script, tmp_path: Path) -> None:
    with serving(script) as source:
        begun_s = time.monotonic()
        failed = await failure(source.url(), tmp_path, attempts=2)
        assert failed.code == "timeout"
        assert time.monotonic() - begun_s < 4
        assert len(source.requests) == 2


async def test_the_whole_transfer_has_a_limit_too(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200)
        while True:
            await reply.send(DATA[:1000])
            await asyncio.sleep(0.05)

    with serving(script) as source:
        failed = await failure(source.url(), tmp_path, transfer_s=0.5)
    assert (failed.code, failed.detail) == ("timeout", "the file did not arrive within 0.5 s")


# large ones


async def endless(_request: Request, reply: Reply) -> None:
    await reply.head(200)
    while True:
        await reply.send(DATA)


async def test_a_file_without_end_is_left_and_takes_no_memory_and_no_disk(tmp_path: Path) -> None:
    process = psutil.Process()
    with serving(endless) as source:
        before = process.memory_info().rss
        failed = await failure(source.url(), tmp_path, bytes_max=200_000_000, transfer_s=60)
        assert failed.code == "too_large"
        assert process.memory_info().rss - before < 64 * 1_048_576
        assert left(tmp_path) == 0
        assert len(source.requests) == 1


async def test_a_file_that_is_announced_as_too_large_is_not_read(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Length=10**15)

    with serving(script) as source:
        assert (await failure(source.url(), tmp_path)).code == "too_large"


async def test_headers_without_end_are_not_read(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            await reply.send(b"x" * 10_000)

    with serving(script) as source:
        assert (await failure(source.url(), tmp_path)).code == "broken"


async def test_a_page_of_html_is_left_as_soon_as_it_is_seen(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(200, Content_Type="application/json", Content_Length=10**9)
        await reply.send(b"<!DOCTYPE html>" + b" " * 100_000)
        await asyncio.sleep(60)

    with serving(script) as source:
        failed = await failure(source.url(), tmp_path, read_s=30)
    assert (failed.code, left(tmp_path)) == ("html", 0)


async def test_a_full_disk_is_told_in_words_and_gets_its_room_back(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serving(decent(DATA)) as source:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        try:
            failed = await failure(source.url(), tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (failed.code, left(tmp_path)) == ("no_space", 0)


# answers that are none


@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [
        (403, 1, "user_agent"),
        (404, 1, "no such file"),
        (401, 1, "public"),
        (418, 1, "does not send"),
        (204, 1, "does not send"),
        (304, 1, "does not send"),
        (500, 3, "does not send"),
        (429, 3, "later"),
    ],
)
async def test_a_refusal_is_told_by_its_number_and_never_by_its_text(
    status: int, tries: int, words: str, tmp_path: Path
) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        body = b'{"secret":"metadata"}'
        await reply.head(status, X_Secret="metadata", **({} if status in (204, 304) else {"Content_Length": len(body)}))
        await reply.send(b"" if status in (204, 304) else body)

    with serving(script) as source:
        failed = await failure(source.url(), tmp_path)
        assert len(source.requests) == tries
    assert failed.code == f"http_{status}"
    assert words in failed.detail
    assert "metadata" not in str(failed)
    assert left(tmp_path) == 0


async def test_a_server_that_asks_for_a_pause_gets_it_up_to_a_limit(tmp_path: Path) -> None:
    async def script(request: Request, reply: Reply) -> None:
        if len(source.requests) == 1:
            await reply.head(503, Retry_After=1)
        elif len(source.requests) == 2:
            await reply.head(429, Retry_After=100_000)
        else:
            await decent(DATA)(request, reply)

    with serving(script) as source:
        begun_s = time.monotonic()
        assert (await pull(source.url(), tmp_path, retry_s_max=1.1)).data == DATA
        assert 1.9 < time.monotonic() - begun_s < 4


async def test_something_that_is_not_http_is_told(tmp_path: Path) -> None:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.send(b"SSH-2.0-OpenSSH_9.6\r\n")

    with serving(script) as source:
        assert (await failure(source.url(), tmp_path)).code == "broken"


async def test_a_port_where_nobody_listens_is_told(tmp_path: Path) -> None:
    with serving(decent(DATA)) as source:
        url = source.url()
    assert (await failure(url, tmp_path)).code == "connect"


# where it may go


def redirecting(location: str) -> Script:
    async def script(_request: Request, reply: Reply) -> None:
        await reply.head(302, Location=location, Content_Length=0)

    return script


async def test_a_loop_of_redirects_ends(tmp_path: Path) -> None:
    with serving(redirecting("/again")) as source:
        assert (await failure(source.url(), tmp_path)).code == "redirects"
        assert len(source.requests) == 4


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://{trap}/", "address_refused"),
        ("http://localhost:{port}/", "address_refused"),
        ("http://2130706433:{port}/", "address_refused"),
        ("http://0x7f.1:{port}/", "address_refused"),
        ("http://[::ffff:127.0.0.1]:{port}/", "address_refused"),
        ("http://0:{port}/", "address_refused"),
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("http://10.0.0.1/", "address_refused"),
        ("http://user@{trap}/", "bad_redirect"),
        ("file:///etc/passwd", "bad_redirect"),
        ("ftp://{trap}/", "bad_redirect"),
        ("http://example.org\\@{trap}/", "bad_redirect"),
    ],
)
async def test_a_redirect_to_anywhere_private_is_not_followed(
    location: str, code: str, trap: Source, tmp_path: Path
) -> None:
    to = location.format(trap=f"{HOST}:{trap.port}", port=trap.port)
    with serving(redirecting(to)) as source:
        failed = await failure(source.url(), tmp_path, allow_private_hosts=(f"{HOST}:{source.port}",))
        assert len(source.requests) == 1
    assert failed.code == code
    assert str(trap.port) not in str(failed)


def names(answers: dict[str, Sequence[str]], asked: list[str]) -> Any:
    """A name server of the test's own."""

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[host]

    return resolve


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["::1"], []])
async def test_a_name_with_a_private_address_is_refused_before_anybody_is_connected_to(
    addresses: list[str], trap: Source, tmp_path: Path
) -> None:
    url = f"http://data.example:{trap.port}/molding.json"
    failed = await failure(url, tmp_path, resolving=names({"data.example": addresses}, []))
    assert failed.code == ("address_refused" if addresses else "dns")


async def test_a_name_is_resolved_once_and_the_vetted_address_is_connected_to(tmp_path: Path) -> None:
    asked: list[str] = []
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) - 1]

    with serving(decent(DATA)) as source:
        url = source.url(host="data.example")
        assert (await pull(url, tmp_path, resolving=rebinding, allow_private_hosts=("data.example",))).data == DATA
        assert source.requests[0].headers["host"] == f"data.example:{source.port}"
    assert asked == ["data.example"]


async def test_the_second_address_is_tried_when_the_first_takes_no_connection(tmp_path: Path) -> None:
    with serving(decent(DATA)) as source:
        resolving = names({"data.example": ["127.0.0.9", "127.0.0.1"]}, [])
        url = source.url(host="data.example")
        assert (await pull(url, tmp_path, resolving=resolving, allow_private_hosts=("data.example",))).data == DATA


async def test_a_name_that_there_is_not_is_told(tmp_path: Path) -> None:
    assert (await failure("http://no-such-host.invalid/", tmp_path)).code == "dns"


async def test_proxies_of_the_environment_are_ignored(
    trap: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{HOST}:{trap.port}")
    with serving(decent(DATA)) as source:
        assert (await pull(source.url(), tmp_path)).data == DATA


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(authority: trustme.CA, host: str, seen: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    return context


async def test_the_certificate_is_that_of_the_name_although_the_address_is_connected_to(
    authority: trustme.CA, tmp_path: Path
) -> None:
    seen: list[str | None] = []
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    settings: dict[str, Any] = {"ca_file": str(ca_file), "allow_private_hosts": ("data.example", "other.example")}
    resolving = names({"data.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}, [])
    with serving(decent(DATA), tls(authority, "data.example", seen)) as source:
        url = source.url(host="data.example")
        assert (await pull(url, tmp_path, resolving=resolving, **settings)).data == DATA
        assert seen == ["data.example"]
        other = await failure(source.url(host="other.example"), tmp_path, resolving=resolving, **settings)
        assert other.code == "tls"
        assert len(source.requests) == 1


async def test_a_certificate_of_nobody_known_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    with serving(decent(DATA), tls(authority, HOST, [])) as source:
        assert (await failure(source.url(), tmp_path)).code == "tls"
        assert source.requests == []


async def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    failed = await failure(f"https://{HOST}:9/x", tmp_path, ca_file=str(tmp_path / "gone.pem"))
    assert (failed.code, "datasets.ca_file" in failed.detail) == ("tls", True)
