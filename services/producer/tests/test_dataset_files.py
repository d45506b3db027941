"""Compressed files, formats told by content, and the spool on disk."""

import errno
import gzip
import multiprocessing
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from producer.datasets.answers import Version
from producer.datasets.compressed import Bounds, plain
from producer.datasets.recognise import HEAD_BYTES, recognise
from producer.datasets.spool import READ_BYTES, Part, Spool, read_file, spool_failure
from producer.errors import Failed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WIDE = Bounds(10**9, 100)
LINES = b"".join(b'{"a":%d,"b":%d}\n' % (n, random.Random(n).getrandbits(60)) for n in range(20_000))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def unpacked(data: bytes, size: int = 1000, bounds: Bounds = WIDE) -> bytes:
    return b"".join(plain(pieces(data, size), bounds))


def failure(data: bytes, size: int = 1000, bounds: Bounds = WIDE) -> Failed:
    with pytest.raises(Failed) as raised:
        unpacked(data, size, bounds)
    return raised.value


COMPRESS = {"gzip": gzip.compress, "zstd": zstd.compress}


@pytest.mark.parametrize("size", [1, 3, 1000, 10**6])
def test_what_is_not_compressed_comes_as_it_is(size: int) -> None:
    data = LINES[:5000]
    assert unpacked(data, size) == data
    assert unpacked(b"", size) == b""
    assert unpacked(b"a", size) == b"a"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("size", [1, 1000, 10**6])
def test_a_compressed_file_comes_whole_in_whatever_pieces(compress, size: int) -> None:
    data = LINES if size > 1 else LINES[:3000]
    assert unpacked(compress(data), size) == data
    assert unpacked(compress(data) + compress(data[:100]) + compress(b""), size) == data + data[:100]


def test_zero_bytes_after_a_gzip_file_are_padding() -> None:
    assert unpacked(gzip.compress(b"abc") + bytes(512) + gzip.compress(b"def") + bytes(9)) == b"abcdef"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("lost", [1, 8, 5000])
def test_a_compressed_file_that_breaks_off_is_never_taken_for_whole(compress, lost: int) -> None:
    assert failure(compress(LINES)[:-lost]).code == "truncated"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_damage_is_told(compress) -> None:
    data = bytearray(compress(LINES))
    data[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    assert failure(bytes(data)).code == "bad_compression"
    assert failure(compress(LINES) + b"more").code == "bad_compression"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_a_bomb_is_defused_before_it_grows(compress) -> None:
    bomb = compress(bytes(200_000_000))
    assert len(bomb) < 300_000
    seen: list[int] = []
    with pytest.raises(Failed, match="bomb"):
        seen.extend(len(piece) for piece in plain(pieces(bomb, 1000), WIDE))
    assert max(seen) <= 262_144
    assert sum(seen) <= max(1_048_576, 100 * len(bomb))


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_there_is_a_most_that_may_come_out(compress) -> None:
    packed = compress(LINES)
    assert unpacked(packed, bounds=Bounds(len(LINES), 100)) == LINES
    assert failure(packed, bounds=Bounds(len(LINES) - 1, 100)).code == "decoded_too_large"


def test_a_zstd_frame_may_not_ask_for_more_than_128_mib_of_memory() -> None:
    options = {zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.enable_long_distance_matching: 1}
    assert failure(zstd.ZstdCompressor(options=options).compress(LINES) + b"").code == "bad_compression"


# recognised by content


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b'[{"a":1}]', "json"),
        (b' \r\n\t[\n{"a":', "json"),
        (b'\xef\xbb\xbf[{"a":1}]', "json"),
        (b'{"a":1}\n{"a":2}\n', "ndjson"),
        (b'{"a":1}', "ndjson"),
        (b'{"a":1} \r\n', "ndjson"),
        (b'{"a":"' + b"x" * HEAD_BYTES, "ndjson"),
        (b'{"a":\n{"a":2}\n', "ndjson"),
        (b"time,value\n1,2\n", "csv"),
        (b"time\tvalue\n1\t2\n", "tsv"),
        (b'\xef\xbb\xbf"a ""b""",c\n', "csv"),
        ("größe,maß\n1,2".encode(), "csv"),
        (b"a," + b"x" * (HEAD_BYTES - 3) + "ü".encode()[:1], "csv"),
        (b"a<b,c\n1,2", "csv"),
        (b'"a;b;c",d\n1,2', "csv"),
        (b'"a,b";c\n1;2', "semicolons"),
        (b"Druck, max;Zeit\n1,5;2", "csv"),
        (b"Druck, max;Zeit;Ort\n1,5;2;3", "semicolons"),
    ],
)
def test_the_format_is_told_by_content(head: bytes, form: str) -> None:
    assert recognise(head) == form


@pytest.mark.parametrize(
    ("head", "code", "word"),
    [
        (b"", "empty", "nothing"),
        (b" \n\n ", "empty", "nothing"),
        (b"<!DOCTYPE html><html>", "html", "web page"),
        (b"\n <HTML lang=en>", "html", "web page"),
        (b'<?xml version="1.0"?><rows/>', "html", "web page"),
        (b"<div>Not found</div>", "html", "web page"),
        (gzip.compress(b"x", mtime=0), "unknown_format", "twice"),
        (zstd.compress(b"x"), "unknown_format", "twice"),
        (b"PK\x03\x04....", "unknown_format", "zip"),
        (b"BZh91AY", "unknown_format", "bzip2"),
        (b"\xfd7zXZ\x00", "unknown_format", "xz"),
        ('[{"a":1}]'.encode("utf-16"), "unknown_format", "UTF-16"),
        (b"%PDF-1.7", "unknown_format", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unknown_format", "Excel"),
        (b'{\n  "a": 1\n}', "unknown_format", "several lines"),
        (b"just words\nand more\n", "unknown_format", "several columns"),
        (b"\x00\x01\x02,\x03", "unknown_format", "binary"),
        (b"\xff\xd8\xff\xe0,JFIF", "unknown_format", "UTF-8"),
        (b"Gr\xf6\xdfe,b\n1,2", "unknown_format", "UTF-8"),
        (b"a;Ma\xdf\n1;2", "unknown_format", "UTF-8"),
        (b'"text"', "unknown_format", "several columns"),
        (b"404", "unknown_format", "several columns"),
    ],
)
def test_what_is_no_dataset_is_told_in_words(head: bytes, code: str, word: str) -> None:
    with pytest.raises(Failed, match=word) as raised:
        recognise(head)
    assert raised.value.code == code


# the spool

URL = "https://example.org/molding.json"
STRONG = Version(etag='"1"')


def begun(spool: Spool, data: bytes = b"abc", url: str = URL) -> Part:
    part = spool.begin("molding", url, Event())
    part.restart(STRONG)
    part.append(data)
    return part


def test_a_whole_file_is_found_by_its_digest(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    part = begun(spool)
    digest = part.digest
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert spool.find("molding", digest) is None
    assert part.complete().read_bytes() == b"abc"
    assert spool.find("molding", digest) == tmp_path / "molding" / digest
    assert spool.find("other", digest) is None
    assert [path.name for path in (tmp_path / "molding").iterdir()] == [digest]


def test_what_an_ended_process_left_is_gone_on_with(tmp_path: Path) -> None:
    begun(Spool(tmp_path)).close()
    part = Spool(tmp_path).begin("molding", URL, Event())
    assert (part.size, part.version) == (3, STRONG)
    part.append(b"def")
    assert part.complete().name == "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"


def test_what_was_left_is_not_read_to_its_end_when_nobody_waits_any_more(tmp_path: Path) -> None:
    size = 3 * READ_BYTES
    begun(Spool(tmp_path), bytes(size)).close()
    given_up = Event()
    given_up.set()
    part = Spool(tmp_path).begin("molding", URL, given_up)
    assert part.size == READ_BYTES
    part.close()
    assert Spool(tmp_path).begin("molding", URL, Event()).size == size, "nothing of it is lost"


def test_what_was_left_of_another_url_is_thrown_away(tmp_path: Path) -> None:
    begun(Spool(tmp_path), url="https://example.org/other.json").close()
    part = Spool(tmp_path).begin("molding", URL, Event())
    assert (part.size, part.version) == (0, Version())
    assert len(list((tmp_path / "molding").glob("*.part"))) == 1


def test_a_part_without_its_version_is_thrown_away(tmp_path: Path) -> None:
    begun(Spool(tmp_path)).close()
    next((tmp_path / "molding").glob("*.json")).write_bytes(b"{")
    assert Spool(tmp_path).begin("molding", URL, Event()).size == 0


def hold(folder: Path, held, release) -> None:
    begun(Spool(folder))
    held.set()
    release.wait(20)


def test_what_another_process_holds_is_left_to_it_until_it_dies(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, release))
    other.start()
    try:
        assert held.wait(20)
        part = Spool(tmp_path).begin("molding", URL, Event())
        assert part.size == 0
        part.discard()
    finally:
        other.kill()
        other.join(10)
    assert Spool(tmp_path).begin("molding", URL, Event()).size == 3


def test_a_restart_forgets_what_was_there(tmp_path: Path) -> None:
    part = begun(Spool(tmp_path))
    part.restart(Version(last_modified="x"))
    part.append(b"z")
    assert (part.size, part.complete().read_bytes()) == (1, b"z")


def test_removing_whole_files_leaves_a_part_to_go_on_with(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    path = begun(spool).complete()
    begun(spool, b"xyz").close()
    spool.remove("molding", parts=False)
    assert not path.exists()
    part = spool.begin("molding", URL, Event())
    assert part.size == 3
    spool.remove("molding")
    assert spool.streams() == ["molding"], "a part that is being written is not taken away"
    part.close()
    spool.remove("molding")
    assert list(tmp_path.iterdir()) == []


def test_the_spool_knows_whose_files_it_has(tmp_path: Path) -> None:
    assert Spool(tmp_path / "not there yet").streams() == []
    begun(Spool(tmp_path)).close()
    assert Spool(tmp_path).streams() == ["molding"]


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "no_space"), (errno.EDQUOT, "no_space"), (13, "spool")])
def test_what_the_disk_refuses_is_told_with_the_setting_to_change(number: int, code: str) -> None:
    failed = spool_failure(OSError(number, "whatever"))
    assert failed.code == code
    assert "datasets.spool_dir" in failed.detail


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="No such file"):
        list(read_file(tmp_path / "gone"))


def test_a_wrong_checksum_is_damage() -> None:
    packed = bytearray(gzip.compress(b"abc" * 1000))
    packed[-6] ^= 1
    assert failure(bytes(packed)).code == "bad_compression"
