"""Figures about a simulated log, gathered while it is written: what its card states."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

_VARIABLE = r'"[^"]{0,200}"|\d+'
Hashes = npt.NDArray[np.uint64]


def fingerprints(texts: pa.Array, one_in: int) -> tuple[Hashes, Hashes]:
    """Hashes of prompts and of their skeletons (no digits, no quoted strings), of which one in ``one_in`` is kept.

    Kept or not is decided by the hash itself: equal texts stay or go together, so that the share of distinct ones among
    those kept is that of all.
    """
    whole, bare = _hashes(texts), _hashes(pc.replace_substring_regex(texts, _VARIABLE, "#"))
    return whole[whole % np.uint64(one_in) == 0], bare[bare % np.uint64(one_in) == 0]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated log holds, by measurement.

    Shares of distinct texts are those among all messages, first or not; a skeleton is a prompt without digits and quoted
    strings. Lengths are percentiles of one row in eight.
    """

    exchanges: int
    accounts: int
    malicious: int
    distinct_prompts: Annotated[float, msgspec.Meta(ge=0, le=1)]
    distinct_skeletons: Annotated[float, msgspec.Meta(ge=0, le=1)]
    characters: tuple[int, int, int]
    """10th, 50th and 90th percentile of the length of prompts."""
    input_tokens: tuple[int, int, int]
    output_tokens: tuple[int, int, int]
    exchanges_by_group: dict[str, int]
    ipv6: float
    null_shares: dict[str, float]


class Gathered:
    """Takes in chunk after chunk and gives the figures at the end."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._groups: Counter[str] = Counter()
        self._nulls: Counter[str] = Counter()
        self._rows = 0
        self._malicious = 0
        self._six = 0
        self._sampled = 0
        self._prompts: list[Hashes] = []
        self._skeletons: list[Hashes] = []
        self._sizes: dict[str, list[npt.NDArray[np.int64]]] = {
            "characters": [],
            "input_tokens": [],
            "output_tokens": [],
        }

    def take_in(self, table: pa.Table, truth: pa.Table, prompts: Hashes, skeletons: Hashes) -> None:
        """Take in one chunk, its truth, and the fingerprints of its texts."""
        self._rows += len(table)
        self._malicious += int(pc.sum(truth["malicious"]).as_py() or 0)
        counts = pc.value_counts(truth["group"]).to_pylist()
        self._groups.update({row["values"]: row["counts"] for row in counts})
        self._nulls.update({name: table[name].null_count for name in table.column_names})
        some = table.select(["prompt", "ip", "input_tokens", "output_tokens"])
        some = some.take(pa.array(np.arange(0, len(table), 8)))
        self._sampled += len(some)
        self._six += int(pc.sum(pc.match_substring(some["ip"], ":")).as_py() or 0)
        self._prompts.append(prompts)
        self._skeletons.append(skeletons)
        self._sizes["characters"].append(pc.utf8_length(some["prompt"]).to_numpy())
        for name in ("input_tokens", "output_tokens"):
            self._sizes[name].append(some[name].to_numpy())

    @property
    def rows(self) -> int:
        """Exchanges taken in."""
        return self._rows

    def merge(self, other: Gathered) -> None:
        """Take in what another gathered of the same log."""
        self._groups.update(other._groups)
        self._nulls.update(other._nulls)
        self._rows += other._rows
        self._malicious += other._malicious
        self._six += other._six
        self._sampled += other._sampled
        self._prompts += other._prompts
        self._skeletons += other._skeletons
        for name, columns in other._sizes.items():
            self._sizes[name] += columns

    def figures(self, accounts: int) -> Figures:
        """The figures of all that was taken in."""
        sizes = {name: _percentiles(np.concatenate(columns)) for name, columns in self._sizes.items()}
        return Figures(
            exchanges=self._rows,
            accounts=accounts,
            malicious=self._malicious,
            distinct_prompts=_distinct(self._prompts),
            distinct_skeletons=_distinct(self._skeletons),
            exchanges_by_group=dict(sorted(self._groups.items())),
            ipv6=self._six / max(1, self._sampled),
            null_shares={name: count / max(1, self._rows) for name, count in sorted(self._nulls.items()) if count},
            **sizes,
        )


def _distinct(parts: list[Hashes]) -> float:
    hashes = np.sort(np.concatenate(parts))
    return float(1 + np.count_nonzero(hashes[1:] != hashes[:-1])) / len(hashes) if len(hashes) else 0.0


def _hashes(texts: pa.Array) -> Hashes:
    hash_ = xxhash.xxh3_64_intdigest
    return np.fromiter(
        (hash_(text) for text in texts.cast(pa.binary()).fill_null(b"").to_pylist()), dtype=np.uint64, count=len(texts)
    )


def _percentiles(values: npt.NDArray[np.int64]) -> tuple[int, int, int]:
    low, middle, high = np.percentile(values, (10, 50, 90))
    return int(low), int(middle), int(high)
