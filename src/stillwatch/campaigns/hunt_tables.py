"""What a hunt needs of a log, summed by an engine: tables per party and account, never the rows.

    >>> from stillwatch.campaigns.hunt_tables import tables
    >>> from stillwatch.events.engines.duck import DuckEngine
    >>> with DuckEngine(memory="2GB") as engine:                         # doctest: +SKIP
    ...     found = tables(engine, "log/*.parquet", accounts)

The same definition runs on every engine (:mod:`stillwatch.detect.core.hunting`), and the result is the same to the last number.
Three steps cross from the engine to the driver and back: the accounts seen (one row each), the parties made of them, the
sums per party. What is largest here are the distinct (party, text) of all openings, three numbers each; they can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.campaigns.links import LinkKind, instruments
from stillwatch.detect.core.accounts import integer_core
from stillwatch.detect.core.hunting import (
    OPENING_COLUMNS,
    accounts_seen,
    activity,
    batch_jobs,
    counted_openings,
    first_setups,
    first_shown,
    first_texts,
    handoffs,
    shared_only,
    vector_sums,
)
from stillwatch.detect.core.rows import OPENINGS, PARTIES, VECTORS, canonical_rows, table
from stillwatch.detect.log import NONE, Accounts, Codes, Ints, accounts_of
from stillwatch.detect.setup import DISTINCT
from stillwatch.events.addresses import address_block
from stillwatch.events.engines.protocol import Engine, Loaded


@dataclass(frozen=True)
class Shown:
    """Which party showed which value of one kind, and when first: aligned arrays in order of (since, party, value).

    ``value`` indexes ``names`` (None for hand-offs, which have none); values are numbered in order of first appearance.
    """

    party: Ints
    value: Ints
    since: Ints
    names: pa.Array | None


@dataclass(frozen=True)
class Openings:
    """Openings that count, in order of (time, key of the exchange); ``text`` is a key, 0 without text."""

    exchange: Ints
    ts: Ints
    account: Ints
    party: Ints
    text: Ints


@dataclass(frozen=True)
class Activity:
    """Exchanges per (party, look, set-up) in order of look: a look at hour h has seen the cells with ``look`` <= h.

    ``look`` is in hours since 1970, ``setup`` numbers set-ups in order of appearance, the later ones gathered in the last.
    """

    party: Ints
    look: Ints
    setup: Ints
    exchanges: Ints
    continued: Ints


@dataclass(frozen=True)
class Texts:
    """Distinct (party, text) of all openings with text, repeated ones included, and when first; in order of ``since``."""

    party: Ints
    text: Ints
    since: Ints


@dataclass(frozen=True)
class HuntTables:
    """All that the looks of a hunt read.

    Attributes:
        accounts: The accounts seen, in order of their first exchange, with their records and parties, as in a log in memory.
        account_key: Key of each account.
        account_first: Time of each account's first exchange.
        account_exchanges: Exchanges of each account; ``account_batched`` those of them that were batch jobs'.
        first_seen: Time of each party's first exchange: (parties,).
        openings: The openings that count.
        texts: All distinct (party, text); None where they were not asked for.
        shown: By kind of link, who showed what first when.
        activity: Exchanges per party, look and set-up.
        with_text: Has the log any text?
        first_us: Time of the first exchange of the log; ``last_us`` of the last. 0 in an empty log.
        loaded: What was read and what was set aside.
    """

    accounts: Accounts
    account_key: Ints
    account_first: Ints
    account_exchanges: Ints
    account_batched: Ints
    first_seen: Ints
    openings: Openings
    texts: Texts | None
    shown: dict[LinkKind, Shown]
    activity: Activity
    with_text: bool
    first_us: int
    last_us: int
    loaded: Loaded = field(repr=False)

    @property
    def parties(self) -> int:
        """How many parties there are."""
        return len(self.first_seen)

    @property
    def exchanges(self) -> int:
        """How many exchanges were summed."""
        return int(self.account_exchanges.sum())


def tables(
    engine: Engine,
    source: str | Path,
    accounts: pa.Table | None,
    *,
    until: datetime | None = None,
    metadata_only: bool = False,
    with_texts: bool = True,
    linkable_only: bool = False,
) -> HuntTables:
    """Load a log into an engine and sum what a hunt needs.

    Args:
        engine: Where it runs.
        source: A log of the contract.
        accounts: The accounts on record, or None.
        until: The last time to read.
        metadata_only: Read no text.
        with_texts: Bring the distinct (party, text) of all openings.
        linkable_only: Bring only values that at least two parties have shown. The links are the same, and the driver holds
            far less: most addresses and fingerprints belong to one party.

    Raises:
        InputError: the log cannot be read.
    """
    loaded = engine.load(source, until=until, metadata_only=metadata_only)
    seen = _in_order(engine.run(accounts_seen(), by_account=True), "first_us", "first_exchange")
    account_key, account_first = _column(seen, "account"), _column(seen, "first_us")
    records = accounts_of(_named(engine, "account", account_key), accounts)
    engine.put(PARTIES, pa.table({"account": account_key, "party": np.asarray(records.party, np.int64)}))
    with_text = bool(_column(seen, "with_text").sum())
    engine.keep(OPENINGS, counted_openings(with_text=with_text))
    active = _activity(engine)
    return HuntTables(
        accounts=records,
        account_key=account_key,
        account_first=account_first,
        account_exchanges=_column(seen, "exchanges"),
        account_batched=_batched(engine, account_key),
        first_seen=_first_seen(records, account_first),
        openings=_openings(engine),
        texts=_texts(engine) if with_text and with_texts else None,
        shown=_all_shown(engine, records, account_first, linkable_only=linkable_only),
        activity=active,
        with_text=with_text,
        first_us=int(account_first.min(initial=np.iinfo(np.int64).max)) if len(seen) else 0,
        last_us=_last(engine),
        loaded=loaded,
    )


def sums_of_vectors(engine: Engine, vectors: pa.Table, *, by_look: bool = False) -> pa.Table:
    """Sums of the openings' vectors per party (and look): ``vectors`` has ``text`` (keys) and columns of whole 127ths.

    To be called after :func:`tables` on the same engine. Columns out: party, (look,) openings, and those of the vectors.
    """
    whole = pa.table({name: vectors[name].cast(pa.int64()) for name in vectors.column_names})
    engine.put(VECTORS, whole)
    columns = [name for name in vectors.column_names if name != "text"]
    found = engine.run(vector_sums(columns, by_look=by_look))
    return found.sort_by([(name, "ascending") for name in (("party", "look") if by_look else ("party",))])


def account_sums(engine: Engine) -> pa.Table:
    """The integer core of every account, in order of the accounts' keys; after :func:`tables` or a load."""
    return engine.run(integer_core(), by_account=True).sort_by("account")


def _column(found: pa.Table, name: str) -> Ints:
    return np.asarray(found[name].to_numpy(), np.int64)


def _in_order(found: pa.Table, *by: str) -> pa.Table:
    return found.sort_by([(name, "ascending") for name in by])


def _named(engine: Engine, kind: str, wanted: Ints) -> pa.Array:
    """The names behind keys, in their order."""
    names = engine.names(kind)
    known = _column(names, "key")
    order = np.argsort(known, kind="stable")
    at = order[np.searchsorted(known[order], wanted)] if len(known) else np.zeros(0, np.int64)
    taken = names["name"].take(pa.array(at))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def _batched(engine: Engine, account_key: Ints) -> Ints:
    found = engine.run(batch_jobs(), by_account=True)
    out, order = np.zeros(len(account_key), np.int64), np.argsort(account_key)
    out[order[np.searchsorted(account_key[order], _column(found, "account"))]] = _column(found, "batched")
    return out


def _first_seen(records: Accounts, account_first: Ints) -> Ints:
    first = np.full(int(records.party.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, records.party, account_first)
    return first


def _openings(engine: Engine) -> Openings:
    found = _in_order(engine.run(table(OPENINGS, OPENING_COLUMNS)), "ts_us", "exchange")
    return Openings(*(_column(found, name) for name in ("exchange", "ts_us", "account", "party", "text")))


def _texts(engine: Engine) -> Texts:
    found = _in_order(engine.run(first_texts()), "since", "party", "text")
    return Texts(*(_column(found, name) for name in ("party", "text", "since")))


def _activity(engine: Engine) -> Activity:
    first = _in_order(engine.run(first_setups(DISTINCT)), "first_us", "first_exchange")
    known = _column(first, "setup")
    order = np.argsort(known, kind="stable")
    found = engine.run(activity())
    setup = _column(found, "setup")
    at = np.minimum(np.searchsorted(known[order], setup), max(len(known) - 1, 0))
    code = np.where(known[order][at] == setup, order[at], DISTINCT - 1) if len(known) else setup
    keyed = pa.table({**{n: found[n] for n in ("party", "look", "exchanges", "continued")}, "setup": code})
    whole = keyed.group_by(["look", "party", "setup"]).aggregate([("exchanges", "sum"), ("continued", "sum")])
    whole = _in_order(whole, "look", "party", "setup")
    return Activity(*(_column(whole, n) for n in ("party", "look", "setup", "exchanges_sum", "continued_sum")))


def _last(engine: Engine) -> int:
    rows = canonical_rows()
    each = engine.run(rows.group_by("hour").agg(last_us=rows.ts_us.max()))
    return int(_column(each, "last_us").max(initial=0))


def _all_shown(engine: Engine, records: Accounts, account_first: Ints, *, linkable_only: bool) -> dict[LinkKind, Shown]:
    def of_rows(kind: str) -> Shown:
        query = first_shown(kind)
        found = engine.run(shared_only(query) if linkable_only else query)
        party, value, since = (_column(found, name) for name in ("party", "value", "since"))
        distinct, code = _numbered(party, value, since)
        return _sorted(party, code, since, _named(engine, kind, distinct))

    def of_records(codes: Codes) -> Shown:
        known = np.flatnonzero(codes.codes != NONE)
        return _earliest(records.party[known], codes.codes[known], account_first[known], codes.values)

    passed = engine.run(handoffs())
    party, value, since = (_column(passed, name) for name in ("party", "value", "since"))
    signup = _blocks(records.signup_ip)
    return {
        LinkKind.PAYMENT: of_records(instruments(records.payment)),
        LinkKind.ADDRESS: of_rows("address"),
        LinkKind.SIGNUP_ADDRESS: of_records(signup),
        LinkKind.CLIENT: of_rows("fingerprint"),
        LinkKind.MAIL_DOMAIN: of_records(records.email_domain),
        LinkKind.HANDOFF: _sorted(party, _numbered(party, value, since)[1], since, None),
    }


def _blocks(codes: Codes) -> Codes:
    """Addresses gathered to their blocks."""
    if not len(codes):
        return codes
    blocks = Codes.of(pa.array([address_block(str(v)) for v in codes.values.to_pylist()]), len(codes))
    return Codes(np.append(blocks.codes, NONE)[codes.codes], blocks.values)


def _numbered(party: Ints, value: Ints, since: Ints) -> tuple[Ints, Ints]:
    """Distinct values in order of first appearance, and each value's number."""
    order = np.lexsort((value, party, since))
    distinct, first, inverse = np.unique(value[order], return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    code = np.empty(len(value), np.int64)
    code[order] = rank[inverse]
    return distinct[np.argsort(first, kind="stable")], code


def _sorted(party: Ints, value: Ints, since: Ints, names: pa.Array | None) -> Shown:
    order = np.lexsort((value, party, since))
    return Shown(party[order], value[order], since[order], names)


def _earliest(party: Ints, value: Ints, since: Ints, names: pa.Array) -> Shown:
    """The first time each party showed each value."""
    order = np.lexsort((since, value, party))
    party, value, since = party[order], value[order], since[order]
    fresh = np.r_[True, (party[1:] != party[:-1]) | (value[1:] != value[:-1])] if len(party) else np.zeros(0, bool)
    return _sorted(party[fresh], value[fresh], since[fresh], names)
