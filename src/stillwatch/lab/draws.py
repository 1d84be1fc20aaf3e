"""Random values without state: each is a hash of where it is used.

A simulated world must be the same in any order of work: in one process or eight, in chunks of any size, with or without
the group before it. So no generator is passed along. A value is the SplitMix64 mix of a key (seed, group, account,
conversation), a name of the use, and perhaps an index; arrays of keys give arrays of values.
Source of the mixing function: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt
import xxhash
from scipy.special import ndtri

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(0xBF58476D1CE4E5B9)
_TWO = np.uint64(0x94D049BB133111EB)
_TINY = 2.0**-53


def mix(values: Keys) -> Keys:
    """The SplitMix64 finaliser: a bijection of 64 bits, so different values stay different."""
    x = values ^ (values >> np.uint64(30))
    x *= _ONE
    x ^= x >> np.uint64(27)
    x *= _TWO
    x ^= x >> np.uint64(31)
    return x


@cache
def _stream(name: str) -> np.uint64:
    return np.uint64(xxhash.xxh3_64_intdigest(name.encode()))


def root(*parts: int | str) -> Keys:
    """A key, of shape (1,), from a seed and names."""
    return np.array([xxhash.xxh3_64_intdigest("\x1f".join(map(str, parts)).encode())], dtype=np.uint64)


def draw(keys: Keys, use: str, index: npt.NDArray[np.integer] | int | None = None) -> Keys:
    """64 random bits for each key.

    Args:
        keys: Whom the values are for.
        use: What they are for; another use gives independent values.
        index: The how-manieth value of that use; broadcast against ``keys``.
    """
    mixed = mix(keys ^ _stream(use))
    if index is None:
        return mixed
    steps = np.asarray(index).astype(np.uint64) + np.uint64(1)
    with np.errstate(over="ignore"):
        return mix(mixed + steps * _GOLDEN)


def whole(values: npt.ArrayLike) -> Ints:
    """Values as whole numbers of 64 bits."""
    return np.asarray(values, dtype=np.int64)


def uniform(bits: Keys) -> Floats:
    """Numbers above 0 and below 1."""
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * _TINY


def below(bits: Keys, count: int | npt.NDArray[np.integer]) -> Ints:
    """Whole numbers from 0 to below ``count`` (at most 2^31), alike likely."""
    limit = np.asarray(count).astype(np.uint64)
    return (((bits >> np.uint64(32)) * limit) >> np.uint64(32)).astype(np.int64)


def normal(bits: Keys) -> Floats:
    """Numbers of the standard normal distribution."""
    return np.asarray(ndtri(uniform(bits)), dtype=np.float64)


def exponential(bits: Keys) -> Floats:
    """Numbers of the exponential distribution of mean 1."""
    return -np.log(uniform(bits))


def choose(bits: Keys, weights: Iterable[float]) -> Ints:
    """Positions in ``weights``, each as likely as its weight."""
    heights = np.cumsum(np.fromiter(weights, dtype=np.float64))
    return whole(np.searchsorted(heights, uniform(bits) * heights[-1], side="right").clip(0, len(heights) - 1))


def hexadecimal(values: Keys, prefix: str = "", digits: int = 16) -> npt.NDArray[np.uint8]:
    """Rows of ASCII codes: ``prefix`` and the leading hexadecimal digits of each value; shape (values, characters)."""
    table = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)
    octets = values.astype(">u8").view(np.uint8).reshape(len(values), 8)[:, : digits // 2]
    text = table[octets].reshape(len(values), digits)
    if not prefix:
        return text
    start = np.broadcast_to(np.frombuffer(prefix.encode(), dtype=np.uint8), (len(values), len(prefix)))
    return np.concatenate([start, text], axis=1)
