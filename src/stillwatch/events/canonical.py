"""Canonical rows: an exchange as whole numbers, so that every engine counts the same.

    >>> import pyarrow as pa
    >>> from stillwatch.events.canonical import canonical
    >>> made = canonical(pa.table({"exchange_id": ["x"], "ts": pa.array([0], pa.timestamp("us", "UTC")),
    ...     "account_id": ["a"], "model": ["m"], "endpoint": ["chat"]}))
    >>> made.rows.column_names[:3], made.names.num_rows
    (['exchange', 'ts_us', 'look'], 3)

Why: the same expression over strings, times or nulls differs between engines without a warning (text collation, session
time zones, the value of ``lag`` before the first row, division). So all of that is settled here, once, in our code:

* a name (account, text, address, context, ...) is its :func:`key`, the 64-bit xxh3 of its UTF-8 bytes as a signed number;
  null is :data:`NULL_KEY`, and no column is ever null;
* a time is microseconds since 1970 (``ts_us``), and day, hour of the day and look are numbers beside it;
* what a link or a set-up is made of is one key already.

A table of names (kind, key, name) leads from keys back to words where people read the result.

Two names have one key with a chance of about n^2 / 2^65 for n names: 7e-6 for 16 million, a few pairs for ten billion. xxh3 is
no cryptographic hash: whoever may choose texts can make two with one key, which claims no more than sending the same text.
Source: xxHash specification (XXH3, 64 bits, seed 0); SplitMix64 (Steele, Lea and Flood 2014) to mix keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from stillwatch.events.addresses import PLAIN_IPV4, subscriber

Keys = npt.NDArray[np.int64]

NULL_KEY = 0
"""Key of a null. No name has it."""
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

COLUMNS: tuple[str, ...] = (
    "exchange",
    "ts_us",
    "look",
    "day",
    "hour",
    "account",
    "conversation",
    "context_in",
    "context_out",
    "text",
    "address",
    "client",
    "fingerprint",
    "setup",
    "model",
    "endpoint",
    "channel",
    "turn",
    "n_tools",
    "stream",
    "input_tokens",
    "output_tokens",
    "status",
)
"""Columns of a canonical row, all BIGINT and never null.

``look`` is the full hour at or after the exchange (hours since 1970): a look at that hour has seen it. ``day`` counts days
since 1970, ``hour`` is 0 to 23, UTC. ``fingerprint`` joins client headers and TLS fingerprint (null unless both are
there); ``setup`` joins client product, tools or none, streaming, endpoint and channel. The rest is the contract's.
"""
CANONICAL = pa.schema([pa.field(name, pa.int64(), nullable=False) for name in COLUMNS])
NAMES = pa.schema([("kind", pa.string()), ("key", pa.int64()), ("name", pa.string())])
READ: frozenset[str] = frozenset(
    {"prompt", "client", "ja4", "ip", "channel", "conversation_id", "context_in", "context_out"}
)
"""Nullable columns of the contract that canonical rows are made from."""
SOURCE: tuple[str, ...] = (
    *("exchange_id", "ts", "account_id", "model", "endpoint", "turn", "n_tools", "stream"),
    *("input_tokens", "output_tokens", "status"),
    *sorted(READ),
)
"""All columns of the contract that canonical rows are made from."""

_VERSION = re.compile(r"[\s/|].*$")
_DEFAULTS = {"turn": 1, "n_tools": 0, "stream": 0, "input_tokens": 0, "output_tokens": 0, "status": 200}


@dataclass(frozen=True)
class Canonical:
    """A batch in canonical form: ``rows`` of :data:`CANONICAL`, ``names`` of :data:`NAMES` (each key once), and how many addresses were none."""

    rows: pa.Table
    names: pa.Table
    bad_addresses: int


def key(name: str | bytes) -> int:
    """The key of one name."""
    raw = name.encode() if isinstance(name, str) else name
    number = xxhash.xxh3_64_intdigest(raw) or 1
    return number - (1 << 64) if number >= 1 << 63 else number


def keys(values: pa.Array) -> Keys:
    """Keys of a column of strings, :data:`NULL_KEY` for null."""
    if not len(values):
        return np.zeros(0, np.int64)
    if pa.types.is_null(values.type):
        return np.full(len(values), NULL_KEY, np.int64)
    valid = values.drop_null() if values.null_count else values
    raw = valid.cast(pa.large_binary()).to_numpy(zero_copy_only=False)
    found = np.fromiter(map(xxhash.xxh3_64_intdigest, raw), np.uint64, len(raw))
    found[found == NULL_KEY] = 1
    if not values.null_count:
        return found.view(np.int64)
    out = np.full(len(values), NULL_KEY, np.int64)
    out[values.is_valid().to_numpy(zero_copy_only=False)] = found.view(np.int64)
    return out


def mixed(*columns: npt.NDArray[np.integer]) -> Keys:
    """One key for each combination of several columns, in their order (SplitMix64's finaliser, chained); never null."""
    out = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        x = (out * np.uint64(0x9E3779B97F4A7C15)) ^ np.ascontiguousarray(column, np.int64).view(np.uint64)
        x += np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out = x ^ (x >> np.uint64(31))
    out[out == NULL_KEY] = 1
    return out.view(np.int64)


def client_product(client: str) -> str:
    """A client fingerprint reduced to its product: the part before a version."""
    return _VERSION.sub("", client).lower()


@dataclass(frozen=True)
class _Words:
    """A column of words: per row the place of its word, -1 for null; and the distinct words."""

    place: npt.NDArray[np.int32]
    words: pa.Array

    def of_row(self, word_keys: Keys) -> Keys:
        """Per row, the number that stands at its word's place; null rows get the null key."""
        return np.append(word_keys, NULL_KEY)[self.place]


def canonical(table: pa.Table | pa.RecordBatch) -> Canonical:
    """Canonical rows of a batch in the contract's names and types; every row must have a time and an account.

    Columns that may be null may be missing. The result depends on each row alone, so batches may come in any order, from
    any process, and twice.
    """
    batch = pa.Table.from_batches([table]) if isinstance(table, pa.RecordBatch) else table
    rows = batch.num_rows
    held = set(batch.column_names)

    def plain(name: str) -> Keys:
        return keys(_whole(batch[name])) if name in held else np.full(rows, NULL_KEY, np.int64)

    def words(name: str) -> _Words:
        return _words(batch[name] if name in held else pa.nulls(rows, pa.string()))

    account, client, ja4 = words("account_id"), words("client"), words("ja4")
    model, endpoint, channel = words("model"), words("endpoint"), words("channel")
    address, blocks, bad = _addresses(words("ip"))
    client_keys, ja4_keys = keys(client.words), keys(ja4.words)
    product = keys(pa.array([client_product(str(c)) for c in client.words.to_pylist()], pa.string()))
    ts = batch["ts"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
    numbers = {name: _number(batch, name) for name in _DEFAULTS}
    made: dict[str, Keys] = {
        "exchange": plain("exchange_id"),
        "ts_us": ts,
        "look": -(-ts // HOUR_US),
        "day": ts // DAY_US,
        "hour": ts // HOUR_US % 24,
        "account": account.of_row(keys(account.words)),
        "conversation": plain("conversation_id"),
        "context_in": plain("context_in"),
        "context_out": plain("context_out"),
        "text": plain("prompt"),
        "address": address.of_row(keys(blocks)),
        "client": client.of_row(client_keys),
        "model": model.of_row(keys(model.words)),
        "endpoint": endpoint.of_row(keys(endpoint.words)),
        "channel": channel.of_row(keys(channel.words)),
        **numbers,
    }
    fingerprint = mixed(made["client"], ja4.of_row(ja4_keys))
    both = (client.place >= 0) & (ja4.place >= 0)
    fingerprint = np.where(both, fingerprint, NULL_KEY)
    made["fingerprint"] = fingerprint
    made["setup"] = mixed(
        client.of_row(product),
        (numbers["n_tools"] > 0).astype(np.int64),
        numbers["stream"],
        made["endpoint"],
        made["channel"],
    )
    names = _names(
        {"account": account, "model": model, "endpoint": endpoint, "channel": channel},
        blocks,
        _fingerprints(client, ja4, fingerprint, both),
    )
    columns = [pa.array(np.ascontiguousarray(made[name], np.int64)) for name in COLUMNS]
    return Canonical(pa.Table.from_arrays(columns, schema=CANONICAL), names, bad)


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _words(column: pa.ChunkedArray | pa.Array) -> _Words:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.large_string()).dictionary_encode()
    elif array.dictionary.null_count or len(array.dictionary) > len(array):
        array = array.dictionary_decode().cast(pa.large_string()).dictionary_encode()
    place = np.asarray(pc.fill_null(array.indices.cast(pa.int32()), -1), np.int32)
    return _Words(place, array.dictionary)


def _number(batch: pa.Table, name: str) -> npt.NDArray[np.int64]:
    default = _DEFAULTS[name]
    if name not in batch.column_names:
        return np.full(batch.num_rows, default, np.int64)
    column = batch[name].cast(pa.int64()) if name != "stream" else batch[name].cast(pa.bool_()).cast(pa.int64())
    return np.asarray(pc.fill_null(column, default), np.int64)


def _addresses(ip: _Words) -> tuple[_Words, pa.Array, int]:
    """Addresses as links see them: places of the rows, the distinct blocks, and rows whose address is none."""
    texts = ip.words.to_pylist()
    for i in np.flatnonzero(~pc.match_substring_regex(ip.words, PLAIN_IPV4).to_numpy(zero_copy_only=False)):
        texts[i] = subscriber(texts[i])
    blocks = pa.array(texts, pa.large_string()).dictionary_encode()
    table = np.append(np.asarray(pc.fill_null(blocks.indices, -1), np.int32), np.int32(-1))
    place = table[ip.place]
    return _Words(place, blocks.dictionary), blocks.dictionary, int(((ip.place >= 0) & (place < 0)).sum())


def _fingerprints(client: _Words, ja4: _Words, fingerprint: Keys, both: npt.NDArray[np.bool_]) -> pa.Table:
    """Names of the fingerprints of a batch."""
    rows = np.flatnonzero(both)
    distinct, first = np.unique(fingerprint[rows], return_index=True)
    at = rows[first]
    left, right = (w.words.take(pa.array(w.place[at])).cast(pa.string()) for w in (client, ja4))
    return _named("fingerprint", distinct, pc.binary_join_element_wise(left, right, " / "))


def _named(kind: str, found: Keys, names: pa.Array) -> pa.Table:
    return pa.Table.from_arrays([pa.array([kind] * len(found), pa.string()), pa.array(found), names], schema=NAMES)


def _names(columns: dict[str, _Words], blocks: pa.Array, fingerprints: pa.Table) -> pa.Table:
    parts = [_named(kind, keys(w.words), w.words.cast(pa.string())) for kind, w in columns.items()]
    return pa.concat_tables([*parts, _named("address", keys(blocks), blocks.cast(pa.string())), fingerprints])
