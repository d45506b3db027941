"""Our own bounded decompression: gzip and zstd, a little at a time, whatever a few bytes claim to become. Pure."""

import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from producer.errors import Failed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
PIECE_BYTES = 262_144
"""Most that comes out in one go."""
ZSTD_WINDOW_LOG_MAX = 27
"""128 MiB, what the zstd tool itself takes: a frame may not ask for more memory."""
RATIO_FROM_BYTES = 1_048_576
"""Less than this never counts as a bomb."""


@dataclass(frozen=True)
class Bounds:
    """How much may come out: in all, and for each byte that went in."""

    decoded_bytes_max: int
    ratio_max: float


def plain(chunks: Iterable[bytes], bounds: Bounds) -> Iterator[bytes]:
    """The bytes that the chunks hold, decompressed where they begin as gzip or zstd does (once, not again).

    Raises Failed: `bomb`, `decoded_too_large`, `bad_compression`, or `truncated` where the last member ends early.
    """
    source = iter(chunks)
    head = b""
    while len(head) < len(ZSTD) and (chunk := next(source, b"")):
        head += chunk
    rest = _then(head, source)
    if head.startswith(GZIP):
        return _bounded(rest, _Gzip(), bounds)
    if head.startswith(ZSTD):
        return _bounded(rest, _Zstd(), bounds)
    return rest


def _then(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _bounded(chunks: Iterator[bytes], decoder: "_Gzip | _Zstd", bounds: Bounds) -> Iterator[bytes]:
    taken = decoded = 0
    for chunk in chunks:
        taken += len(chunk)
        for piece in _errors_named(decoder.feed(chunk)):
            decoded += len(piece)
            if decoded > bounds.decoded_bytes_max:
                raise Failed("decoded_too_large", f"more than {bounds.decoded_bytes_max} bytes when decompressed")
            if decoded > max(RATIO_FROM_BYTES, taken * bounds.ratio_max):
                raise Failed("bomb", f"each compressed byte becomes more than {bounds.ratio_max:g}")
            yield piece
    if not decoder.ended:
        raise Failed("truncated", f"the compressed file ends in the middle, after {decoded} decompressed bytes")


def _errors_named(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except (zlib.error, zstd.ZstdError):
        detail = (
            "the file begins as gzip or zstd and cannot be decompressed: it is damaged, or asks for too much memory"
        )
        raise Failed("bad_compression", detail) from None


class _Gzip:
    """Member after member; zero bytes between and after them are padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    @property
    def ended(self) -> bool:
        """Whether the last member is whole."""
        return self._member.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out of these bytes, piece by piece."""
        while data:
            if self.ended:
                data = data.lstrip(b"\x00")
                if not data:
                    return
                self._member = zlib.decompressobj(wbits=31)
                self._begun = True
            while not self._member.eof:
                piece = self._member.decompress(data, PIECE_BYTES)
                data = self._member.unconsumed_tail
                if piece:
                    yield piece
                if len(piece) < PIECE_BYTES and not data:
                    break
            if self._member.eof:
                data = self._member.unused_data


class _Zstd:
    """Frame after frame."""

    def __init__(self) -> None:
        self._frame = self._new()
        self._begun = False

    def _new(self) -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX})

    @property
    def ended(self) -> bool:
        """Whether the last frame is whole."""
        return self._frame.eof or not self._begun

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out of these bytes, piece by piece."""
        while data:
            if self.ended:
                self._frame = self._new()
                self._begun = True
            piece = self._frame.decompress(data, PIECE_BYTES)
            while piece or not (self._frame.eof or self._frame.needs_input):
                if piece:
                    yield piece
                if self._frame.eof or self._frame.needs_input:
                    break
                piece = self._frame.decompress(b"", PIECE_BYTES)
            data = self._frame.unused_data if self._frame.eof else b""
