"""The exchange log in memory: one array per column, strings as codes, accounts gathered into parties.

Built once from the tables of ``stillwatch.events``; everything after it is arithmetic on these arrays. Codes and counts
have 32 bits, so that a row costs about 60 bytes: whoever multiplies codes widens them first (:func:`pairs`).
Rows are in order of time, so a prefix of the log is a prefix of every array: what happened until T is ``log.upto(T)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.detect.texts import HeldStrings, LiveTexts, Texts

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NONE = -1
"""Code of a null."""
COLUMNS = frozenset({"prompt", "client", "ja4", "ip", "channel", "conversation_id", "context_in", "context_out"})
"""Columns that may be null and that a hunt reads."""
MICROSECONDS_PER_HOUR = 3_600_000_000
HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Codes:
    """A column of strings: ``codes`` (rows,) index into ``values``; :data:`NONE` is null.

    ``values`` may be hashes (int64) that stand for strings, or nulls where only equality of the codes means anything.
    """

    codes: Ints
    values: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array | None, rows: int) -> Self:
        """Codes of a column; a missing column is all null."""
        if column is None:
            return cls(np.full(rows, NONE, np.int32), pa.array([], pa.string()))
        array = _one(column) if isinstance(column, pa.ChunkedArray) else column
        if pa.types.is_int32(array.type):
            codes = _in_place(array)
            return cls(codes, pa.nulls(int(codes.max(initial=NONE)) + 1))
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(array if array.type == pa.int64() else array.cast(pa.string()))
        indices = array.indices if pa.types.is_int32(array.indices.type) else array.indices.cast(pa.int32())
        return cls(*_by_appearance(_in_place(indices), array.dictionary))

    def text(self, code: int) -> str | None:
        """The string behind a code."""
        return None if code == NONE else str(self.values[int(code)].as_py())

    def __len__(self) -> int:
        """Number of different values."""
        return len(self.values)

    @property
    def empty(self) -> bool:
        """True when no row has a value."""
        return not bool((self.codes != NONE).any())


def _whole_numbers(column: pa.ChunkedArray, missing: int) -> Ints:
    """A column of counts with 32 bits, or 16 where it has no more; over the same memory where nothing is missing."""
    if column.null_count:
        column = pc.fill_null(column, missing)
    if column.type not in {pa.int16(), pa.int32()}:
        column = column.cast(pa.int32())
    return np.asarray(column.to_numpy())


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array, over the same memory where it is one already."""
    if column.num_chunks == 1:
        return column.chunk(0)
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _in_place(codes: pa.Array) -> Ints:
    """Codes as an array, :data:`NONE` for null; over the same memory where it holds that number under each null."""
    if not codes.null_count:
        return np.asarray(codes.to_numpy(), np.int32)
    bare = pa.Array.from_buffers(codes.type, len(codes), [None, codes.buffers()[1]], offset=codes.offset).to_numpy()
    null = np.asarray(codes.is_null())
    if (bare[null] == NONE).all():
        return np.asarray(bare, np.int32)
    return np.asarray(pc.fill_null(codes, NONE).to_numpy(zero_copy_only=False), np.int32)


def _by_appearance(codes: Ints, values: pa.Array) -> tuple[Ints, pa.Array]:
    """Number the values in the order in which rows first show them, so that a prefix of the log has a prefix of codes."""
    highest = np.maximum.accumulate(codes) if len(codes) else codes
    steps = np.diff(highest, prepend=np.int32(NONE))
    if int(highest[-1] if len(codes) else NONE) == len(values) - 1 and int(steps.max(initial=0)) <= 1:
        return codes, values
    del highest, steps
    first = np.full(len(values) + 1, len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    seen = np.flatnonzero(first[:-1] < len(codes))
    order = seen[np.argsort(first[seen], kind="stable")]
    if len(order) == len(values) and (order[1:] > order[:-1]).all():
        return codes, values
    rank = np.full(len(values) + 1, NONE, np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return rank[codes], values.take(pa.array(order, pa.int64()))


def combined(*columns: Ints) -> Ints:
    """One code for each combination of several code columns."""
    out = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, dense = np.unique(column, return_inverse=True)
        _, out = np.unique(out * (int(dense.max(initial=0)) + 1) + dense, return_inverse=True)
    return out


def pairs(left: Ints, right: Ints, width: int) -> Ints:
    """One 64-bit number for each pair of codes; ``width`` exceeds every code of ``right``."""
    return left.astype(np.int64) * max(width, 1) + right


@dataclass(frozen=True)
class Accounts:
    """What is on record about the accounts of the log, aligned with ``ids``; ``party`` gathers those of one owner."""

    ids: pa.Array
    party: Ints
    created_us: Floats
    payment: Codes
    email_domain: Codes
    signup_ip: Codes
    tier: Codes
    declared_use: Codes
    institution: Codes
    verified: Bools
    recorded: Bools

    def __len__(self) -> int:
        """Number of accounts that appear in the log."""
        return len(self.ids)


@dataclass(frozen=True)
class Log:
    """The log as arrays in order of (time, exchange id). ``account`` indexes ``accounts``; times are microseconds, UTC.

    What a hunt asks about prompts is asked of :attr:`texts`, by code.
    """

    ts: Ints
    account: Ints
    prompt: Codes
    client: Codes
    ja4: Codes
    ip: Codes
    model: Codes
    endpoint: Codes
    channel: Codes
    conversation: Codes
    context_in: Ints
    context_out: Ints
    turn: Ints
    n_tools: Ints
    stream: Bools
    input_tokens: Ints
    output_tokens: Ints
    status: Ints
    accounts: Accounts
    texts_from: Texts | None = None

    def __len__(self) -> int:
        """Number of exchanges."""
        return len(self.ts)

    @cached_property
    def party(self) -> Ints:
        """Party of each exchange."""
        return self.accounts.party[self.account].astype(np.int32)

    @cached_property
    def parties(self) -> int:
        """Number of parties."""
        return int(self.accounts.party.max(initial=-1)) + 1

    @cached_property
    def texts(self) -> Texts:
        """Answers about the prompts, by their codes; read from their strings where nothing else was given."""
        return LiveTexts(HeldStrings(self.prompt.values)) if self.texts_from is None else self.texts_from

    @property
    def with_text(self) -> bool:
        """True when at least one prompt is there."""
        return not self.prompt.empty

    def upto(self, ts: int) -> int:
        """How many exchanges arrived at or before ``ts``."""
        return int(np.searchsorted(self.ts, ts, side="right"))

    @classmethod
    def build(
        cls, exchanges: pa.Table, accounts: pa.Table | None, texts: Callable[[pa.Array], Texts] | None = None
    ) -> Self:
        """Arrays from the contract tables: ``exchanges`` sorted by (ts, exchange_id), ``accounts`` or None.

        Columns whose values only stand for something (``prompt``, ``conversation_id``, ``context_in``, ``context_out``)
        may hold hashes (int64) in place of strings; the last three also numbers (int32) by first appearance, the contexts
        in one code space. ``texts`` then says what is known of the prompts: it is given their distinct values in the
        order of their codes.
        """
        rows = exchanges.num_rows
        names = set(exchanges.column_names)

        def codes(name: str) -> Codes:
            return Codes.of(exchanges[name] if name in names else None, rows)

        def integers(name: str, missing: int = 0) -> Ints:
            if name not in names:
                return np.full(rows, missing, np.int32)
            return _whole_numbers(exchanges[name], missing)

        account, prompt = codes("account_id"), codes("prompt")
        asked = None if texts is None else texts(prompt.values)
        if asked is not None:
            prompt = Codes(prompt.codes, pa.nulls(len(prompt)))
        inward, outward = codes("context_in"), codes("context_out")
        contexts = _contexts(inward, outward) if not _shared(inward, outward) else (inward.codes, outward.codes)
        ts = exchanges["ts"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
        stream = pc.fill_null(exchanges["stream"], False).to_numpy() if "stream" in names else np.zeros(rows, bool)  # noqa: FBT003
        return cls(
            ts=ts,
            account=account.codes,
            prompt=prompt,
            client=codes("client"),
            ja4=codes("ja4"),
            ip=codes("ip"),
            model=codes("model"),
            endpoint=codes("endpoint"),
            channel=codes("channel"),
            conversation=codes("conversation_id"),
            context_in=contexts[0],
            context_out=contexts[1],
            turn=integers("turn", 1),
            n_tools=integers("n_tools"),
            stream=np.asarray(stream, bool),
            input_tokens=integers("input_tokens"),
            output_tokens=integers("output_tokens"),
            status=integers("status", 200),
            accounts=accounts_of(account.values, accounts),
            texts_from=asked,
        )


def _shared(inward: Codes, outward: Codes) -> bool:
    """Whether both columns came as numbers in one code space."""
    return bool(pa.types.is_null(inward.values.type) and pa.types.is_null(outward.values.type))


def _contexts(inward: Codes, outward: Codes) -> tuple[Ints, Ints]:
    """Both context columns in one code space, so that equal hashes have equal codes."""
    if inward.values.type != outward.values.type:  # an empty column has no type of its own
        kind = inward.values.type if len(inward) else outward.values.type
        both = pa.concat_arrays([inward.values.cast(kind), outward.values.cast(kind)])
    else:
        both = pa.concat_arrays([inward.values, outward.values])
    if not len(both):
        return inward.codes, outward.codes
    shared = pc.dictionary_encode(both).indices.to_numpy(zero_copy_only=False)
    when = np.concatenate([2 * _first_rows(inward), 2 * _first_rows(outward) + 1])
    first = np.full(int(shared.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, shared, when)
    shared = np.argsort(np.argsort(first))[
        shared
    ]  # by first appearance, so that a prefix of the log has a prefix of codes
    table_in, table_out = shared[: len(inward)], shared[len(inward) :]

    def mapped(codes: Ints, table: Ints) -> Ints:
        return np.where(codes == NONE, NONE, table[np.maximum(codes, 0)]).astype(np.int32) if len(table) else codes

    return mapped(inward.codes, table_in), mapped(outward.codes, table_out)


def _first_rows(column: Codes) -> Ints:
    """The row that first shows each value."""
    first = np.zeros(len(column) + 1, np.int64)
    first[column.codes[::-1]] = np.arange(len(column.codes) - 1, -1, -1)
    return first[:-1]


def accounts_of(ids: pa.Array, table: pa.Table | None) -> Accounts:
    """Records of the accounts that appear in the log, in the order of their codes."""
    count = len(ids)
    order = pa.array(np.full(count, None, object), pa.int64())
    if table is not None and table.num_rows:
        order = pc.index_in(ids.cast(pa.string()), value_set=table["account_id"].cast(pa.string()).combine_chunks())
    recorded = np.asarray(order.is_valid())

    def column(name: str) -> pa.Array | None:
        if table is None or name not in table.column_names:
            return None
        taken = table[name].take(order)
        return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken

    def codes(name: str) -> Codes:
        return Codes.of(column(name), count)

    created = column("created_at")
    created_us = np.full(count, np.nan)
    if created is not None:
        stamps = created.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        created_us = pc.fill_null(stamps.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    verified = _flags(column("verified"), count)
    payment, domain = codes("payment_fingerprint"), codes("email_domain")
    party = _parties(count, table, order)
    return Accounts(
        ids=ids.cast(pa.string()),
        party=party,
        created_us=created_us,
        payment=payment,
        email_domain=domain,
        signup_ip=codes("signup_ip"),
        tier=codes("tier"),
        declared_use=codes("declared_use"),
        institution=codes("institution"),
        verified=verified,
        recorded=recorded,
    )


def _parties(count: int, table: pa.Table | None, order: pa.Array) -> Ints:
    """Party of each account of the log; ``order`` is its row in the table of records, null without one.

    Parties are joined over all records, also of accounts that have not sent anything: two accounts that a third one
    joins are one party from the start, and a hunt until an earlier moment sees the same parties.
    """
    label = np.arange(count, dtype=np.int64)
    if table is not None and table.num_rows:
        row = pc.fill_null(order, NONE).to_numpy(zero_copy_only=False).astype(np.int64)
        label = np.where(row == NONE, table.num_rows + label, _owners(table)[row])
    _, first, dense = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[dense].astype(np.int64)


def _owners(table: pa.Table) -> Ints:
    """A number per record, the same for accounts of one owner or organisation on record.

    On record means: the same owner or organisation id; or verified accounts that share a mail domain *and* a payment
    instrument, which is one customer who says so openly.
    """
    from scipy.sparse import coo_array  # noqa: PLC0415 - only here, and slow to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    count, names = table.num_rows, set(table.column_names)

    def codes(name: str) -> Codes:
        return Codes.of(table[name] if name in names else None, count)

    payment, domain = codes("payment_fingerprint"), codes("email_domain")
    openly = _flags(table["verified"] if "verified" in names else None, count)
    known = openly & (payment.codes != NONE) & (domain.codes != NONE)
    firm = np.where(known, combined(payment.codes, domain.codes), NONE)
    left: list[Ints] = []
    right: list[Ints] = []
    for key in (codes("owner_id").codes, codes("organisation_id").codes, firm):
        on_record = np.flatnonzero(key != NONE)
        by_key = on_record[np.argsort(key[on_record], kind="stable")]
        same = key[by_key][1:] == key[by_key][:-1]
        left.append(by_key[:-1][same])
        right.append(by_key[1:][same])
    a, b = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _flags(column: pa.Array | pa.ChunkedArray | None, count: int) -> Bools:
    """A column of yes and no, where null and a column of nulls mean no."""
    if column is None or pa.types.is_null(column.type):
        return np.zeros(count, bool)
    return np.asarray(pc.fill_null(column, False), bool)  # noqa: FBT003
