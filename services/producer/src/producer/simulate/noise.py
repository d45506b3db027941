"""Random numbers that are a function of a key and a position, so that any position can be made at any time, anywhere.

Everything that decides a value's bits is integer arithmetic or an exact IEEE step; what is not (cosine) is rounded away
by the profiles.
"""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Positions = NDArray[np.int64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_OCTAVE = 0xD1B54A32D192ED03


def keys(seed: int, names: tuple[str, ...], purpose: str) -> Keys:
    """One key per name; other seeds, names or purposes give independent ones."""
    digests = [sha256(f"{seed}/{purpose}/{name}".encode()).digest() for name in names]
    return np.array([int.from_bytes(digest[:8], "big") for digest in digests], np.uint64)


def uniform(keys: Keys, positions: Positions) -> Floats:
    """Numbers in [0, 1), one per pair of key and position: splitmix64's output function, 53 bits."""
    x = keys + positions.astype(np.uint64) * _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    x ^= x >> np.uint64(31)
    numbers: Floats = (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def bell(keys: Keys, positions: Positions) -> Floats:
    """Mean 0, deviation 1, at most 3.47 from zero, shaped like a bell: the sum of four uniform numbers."""
    four = positions * 4
    total = uniform(keys, four) + uniform(keys, four + 1) + uniform(keys, four + 2) + uniform(keys, four + 3)
    scaled: Floats = (total - 2.0) * 1.7320508075688772
    return scaled


def walk(keys: Keys, positions: Positions, octaves: int) -> Floats:
    """A path that looks like a random walk over 2**octaves positions, stays within [-1, 1] and begins anywhere.

    Octave k adds straight lines between random points 2**k positions apart, as high as a random walk goes in so many.
    """
    path = np.zeros(len(positions))
    height_sum = 0.0
    for octave in range(octaves + 1):
        height = 2.0 ** (octave / 2)
        height_sum += height
        octave_keys = keys + np.uint64((octave + 1) * _OCTAVE % 2**64)
        corner = positions >> octave
        share = (positions - (corner << octave)) / (1 << octave)
        left = uniform(octave_keys, corner)
        path += height * (2.0 * (left + (uniform(octave_keys, corner + 1) - left) * share) - 1.0)
    return path / height_sum
