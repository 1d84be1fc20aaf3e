"""Recognise items of public benchmarks: who sends them is probably evaluating, which is an innocent explanation.

The package ships hashes, not items. Of each item's runs of eight words (or CJK characters) up to three are kept, the
ones with the smallest hashes among those that few items share (min-wise sampling; Broder 1997). A text matches when two
of its runs are known, or one where the text is short, so an item is found inside a template but not when paraphrased.

The training half of GSM8K is a benchmark's neighbour *and* the favourite seed of distillation sets: it is marked
`BenchmarkHit.AMBIGUOUS` and explains nothing by itself. ``tools/build_benchmarks.py`` makes the file, ``table/NOTICE``
names the sources.
"""

from __future__ import annotations

from enum import IntEnum
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xxhash

from stillwatch.detect.sketch.words import Words, cut
from stillwatch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

Hashes = npt.NDArray[np.uint64]

RUN = 8
HASH_BYTES = 5
MATCHED_CHARACTERS = 3000
_HITS = 2
_SHORT_SHARE = 0.1
_CHUNK = 8192
_SIEVE_BITS = 21
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_AMBIGUOUS_BIT = np.uint64(1)
_HASH_MASK = np.uint64(((1 << (8 * HASH_BYTES)) - 1) & ~1)


class BenchmarkHit(IntEnum):
    """What a text was found to be."""

    NONE = 0
    BENCHMARK = 1
    AMBIGUOUS = 2


def run_hashes(texts: Sequence[str]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Hashes of all runs of eight words, and the row of each; the lowest bit is left free.

    Punctuation and case are ignored. A 39-bit hash makes a chance hit with 70,000 known ones once in 8 million runs.
    """
    parts = [_runs(words) for words in cut(texts, MATCHED_CHARACTERS)]
    if not parts:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    hashes, rows = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(parts) > 1:
        order = np.argsort(rows, kind="stable")
        hashes, rows = hashes[order], rows[order]
    return hashes, rows


def _runs(words: Words) -> tuple[Hashes, npt.NDArray[np.int64]]:
    digest = xxhash.xxh3_64_intdigest
    values = np.fromiter(
        (digest(w.encode()) if w.isalnum() else 0 for w in words.distinct), dtype=np.uint64, count=len(words.distinct)
    )[words.numbers]
    rows = np.repeat(words.rows, np.diff(words.bounds))
    spoken = values != 0
    values, rows = values[spoken], rows[spoken]
    count = len(values) - RUN + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    key = np.zeros(count, dtype=np.uint64)
    for offset in range(RUN):
        key *= _BASE
        key += values[offset : offset + count]
    inside = rows[:count] == rows[RUN - 1 :]
    key, rows = key[inside], rows[:count][inside]
    key = (key ^ (key >> np.uint64(31))) * _MIX
    return (key >> np.uint64(20)) & _HASH_MASK, rows


def _sieve(hashes: Hashes) -> npt.NDArray[np.int64]:
    """Some bits of each hash, to index a table with."""
    return ((hashes >> np.uint64(1)) & np.uint64((1 << _SIEVE_BITS) - 1)).astype(np.int64)


class BenchmarkMatcher:
    """Known run hashes, sorted, and the lookup."""

    def __init__(self, fingerprints: Hashes) -> None:
        """Take run hashes whose lowest bit says whether the item is ambiguous."""
        order = np.argsort(fingerprints & _HASH_MASK, kind="stable")
        self._known = (fingerprints & _HASH_MASK)[order]
        self._ambiguous = (fingerprints & _AMBIGUOUS_BIT).astype(np.bool_)[order]
        self._maybe = np.zeros(1 << _SIEVE_BITS, dtype=np.bool_)
        self._maybe[_sieve(self._known)] = True

    @classmethod
    def load(cls) -> BenchmarkMatcher:
        """Load the fingerprints that ship with the package.

        Raises:
            ConfigurationError: when the installation lacks them.
        """
        try:
            packed = resources.files(__package__).joinpath("table", "benchmarks.bin").read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"the benchmark fingerprints cannot be read: {error}",
                hint="install stillwatch again; they are part of it",
            ) from error
        return cls(unpack(packed))

    def __len__(self) -> int:
        """Number of known runs."""
        return len(self._known)

    def find(self, texts: Sequence[str]) -> npt.NDArray[np.uint8]:
        """Look texts up.

        Returns:
            A `BenchmarkHit` number for each text; `AMBIGUOUS` where most of its known runs are of ambiguous items.
        """
        found = np.zeros(len(texts), dtype=np.uint8)
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            hashes, rows = run_hashes(chunk)
            if not len(hashes) or not len(self._known):
                continue
            maybe = np.flatnonzero(self._maybe[_sieve(hashes)])  # most runs are of no item, and that is seen quickly
            place = np.minimum(np.searchsorted(self._known, hashes[maybe]), len(self._known) - 1)
            hit = self._known[place] == hashes[maybe]
            place, hit_rows = place[hit], rows[maybe[hit]]
            hits = np.bincount(hit_rows, minlength=len(chunk))
            unclear = np.bincount(hit_rows, weights=self._ambiguous[place], minlength=len(chunk))
            runs = np.bincount(rows, minlength=len(chunk))
            matched = (hits >= _HITS) | ((hits > 0) & (hits >= _SHORT_SHARE * runs))
            kind = np.where(unclear * 2 > hits, int(BenchmarkHit.AMBIGUOUS), int(BenchmarkHit.BENCHMARK))
            found[start : start + len(chunk)] = np.where(matched, kind, int(BenchmarkHit.NONE))
        return found

    def match(self, texts: Sequence[str], *, ambiguous: bool = False) -> npt.NDArray[np.bool_]:
        """Whether each text is a public benchmark item, counting ambiguous ones only when asked to."""
        found = self.find(texts)
        wanted = [BenchmarkHit.BENCHMARK, BenchmarkHit.AMBIGUOUS] if ambiguous else [BenchmarkHit.BENCHMARK]
        return np.asarray(np.isin(found, wanted), dtype=np.bool_)


def pack(fingerprints: Hashes) -> bytes:
    """Sorted run hashes as five little-endian bytes each."""
    rows = np.sort(fingerprints).astype("<u8").view(np.uint8).reshape(-1, 8)
    return rows[:, :HASH_BYTES].tobytes()


def unpack(packed: bytes) -> Hashes:
    """Undo `pack`.

    Raises:
        ConfigurationError: when the length does not fit, the file being cut short.
    """
    if len(packed) % HASH_BYTES:
        raise ConfigurationError(
            f"expected a multiple of {HASH_BYTES} bytes of benchmark fingerprints, found {len(packed)}",
            hint="install stillwatch again, or rebuild with tools/build_benchmarks.py",
        )
    rows = np.zeros((len(packed) // HASH_BYTES, 8), dtype=np.uint8)
    rows[:, :HASH_BYTES] = np.frombuffer(packed, dtype=np.uint8).reshape(-1, HASH_BYTES)
    return rows.view("<u8").ravel().astype(np.uint64)
