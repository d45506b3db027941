"""Which rows of a table were met, in one bit for each place where a row can be stored. Pure."""

SLOTS_A_PAGE = 292
"""A page of 8 kB holds fewer rows than that."""
GROWS_BY = 65_536

Where = tuple[int, tuple[int, int]]
"""Of a row: the oid of its table, its page and its slot. It stays the same while a snapshot lasts."""


class Seen:
    """A set of rows; a hundred million of them take about 35 MB."""

    def __init__(self) -> None:
        self._bits: dict[int, bytearray] = {}

    def add(self, where: Where) -> bool:
        """Whether it was not in before."""
        part, byte, bit = _position(where)
        bits = self._bits.setdefault(part, bytearray())
        if byte >= len(bits):
            bits.extend(bytes(byte - len(bits) + GROWS_BY))
        new = not bits[byte] & bit
        bits[byte] |= bit
        return new

    def __contains__(self, where: Where) -> bool:
        """Whether it is in."""
        part, byte, bit = _position(where)
        bits = self._bits.get(part, b"")
        return byte < len(bits) and bool(bits[byte] & bit)

    def clear(self) -> None:
        """Forget all of them."""
        self._bits.clear()


def _position(where: Where) -> tuple[int, int, int]:
    part, (page, slot) = where
    place = page * SLOTS_A_PAGE + slot
    return part, place >> 3, 1 << (place & 7)
