"""What a hunt needs of a log, per party: openings that count, what was shown first when, activity, sums of vectors.

The definitions are those of the log in memory (:func:`stillwatch.detect.openings.openings`,
``stillwatch.campaigns.links.incidences``, :class:`stillwatch.detect.setup.SetupCounts`), over canonical rows. Order is by (time,
key of the exchange): where two exchanges of one microsecond compete for a place, the key decides on every engine.

A party is what the driver says: a small table (account, party), made from the accounts on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from stillwatch.detect.core.accounts import FAILED
from stillwatch.detect.core.rows import (
    MARKED,
    OPENINGS,
    VECTORS,
    WANTED,
    canonical_rows,
    counted,
    known,
    table,
    with_party,
)
from stillwatch.detect.openings import PARTIES_PER_TEXT, PER_DAY, PER_PARTY
from stillwatch.events.canonical import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import Table

OPENING_COLUMNS = ("exchange", "ts_us", "look", "day", "account", "party", "text")
"""Columns of the openings that count."""
FETCHED_COLUMNS = (
    *("exchange", "ts_us", "account", "conversation", "context_in", "context_out", "text", "client", "model"),
    *("turn", "input_tokens", "output_tokens", "status"),
)
"""Columns of the rows that are fetched to describe a campaign."""
NEVER = (1 << 62) - 1
"""A time after every exchange."""


def firsts(rows: Table, kind: str) -> Table:
    """Per value of a column: ``first_us`` and ``first_exchange``, its first exchange in order of (time, key)."""
    first = rows.group_by(kind).agg(first_us=rows.ts_us.min())
    at = rows.select(kind, "ts_us", "exchange").join(first, kind)
    at = at.filter(at.ts_us == at.first_us)
    return at.group_by(kind).agg(first_us=at.first_us.min(), first_exchange=at.exchange.min())


def accounts_seen(rows: Table | None = None) -> Table:
    """Every account with its first exchange, its exchanges, and how many of them have a text."""
    rows = canonical_rows() if rows is None else rows
    first = firsts(rows, "account")
    counts = rows.group_by("account").agg(exchanges=rows.count(), with_text=counted(known(rows.text)))
    return first.join(counts, "account").select(
        first.account, first.first_us, first.first_exchange, counts.exchanges, counts.with_text
    )


def first_setups(most: int, rows: Table | None = None) -> Table:
    """The ``most`` set-ups that appeared first."""
    found = firsts(canonical_rows() if rows is None else rows, "setup")
    return found.order_by("first_us", "first_exchange").limit(most)


def opened(rows: Table | None = None) -> Table:
    """First messages that did not fail, repeated texts included: :data:`OPENING_COLUMNS`."""
    rows = canonical_rows() if rows is None else rows
    first = rows.filter((rows.turn <= 1) & (rows.status < FAILED))
    whole = with_party(first, [name for name in OPENING_COLUMNS if name != "party"])
    return whole.select(*OPENING_COLUMNS)


def _ranked_below(openings: Table, by: Sequence[str], most: int) -> Table:
    """The first ``most`` rows of each group."""
    order = ibis.window(group_by=list(by), order_by=["ts_us", "exchange"])
    ranked = openings.mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked.place < most).drop("place")


def counted_openings(*, with_text: bool, rows: Table | None = None) -> Table:
    """The openings that count: see :mod:`stillwatch.detect.openings`. ``with_text``: has the log any text at all?"""
    found = opened(rows)
    if with_text:
        found = found.filter(known(found.text))
        found = _ranked_below(found, ("text", "party"), 1)
        found = _ranked_below(found, ("text",), PARTIES_PER_TEXT)
    found = _ranked_below(found, ("party", "day"), PER_DAY)
    return _ranked_below(found, ("party",), PER_PARTY)


def first_texts(rows: Table | None = None) -> Table:
    """Distinct (party, text) of all openings, and when first."""
    found = opened(rows)
    found = found.filter(known(found.text))
    return found.group_by("party", "text").agg(since=found.ts_us.min())


def first_shown(kind: str, rows: Table | None = None) -> Table:
    """(party, value, since): the first time each party showed each value of a column; null is no value."""
    rows = canonical_rows() if rows is None else rows
    given = rows.filter(known(rows[kind]))
    whole = with_party(given, [kind, "ts_us"])
    return whole.group_by("party", value=whole[kind]).agg(since=whole.ts_us.min())


def handoffs(rows: Table | None = None) -> Table:
    """(party, value, since): conversations begun by one party and continued by another; both show the context passed on.

    The owner of a context is who produced it first. A context that a second party has produced by then is a short popular
    exchange, and passes nothing on.
    """
    rows = canonical_rows() if rows is None else rows
    made = with_party(rows.filter(known(rows.context_out)), ["context_out", "ts_us", "exchange"])
    order = ibis.window(group_by="context_out", order_by=["ts_us", "exchange"])
    made = made.mutate(owner=made.party.first().over(order))
    at_second = ibis.ifelse(made.party != made.owner, made.ts_us, NEVER)
    owners = made.group_by("context_out").agg(
        owner=made.owner.min(), made_us=made.ts_us.min(), second_us=at_second.min()
    )
    asked = with_party(rows.filter(known(rows.context_in)), ["context_in", "ts_us"])
    met = asked.join(owners, asked.context_in == owners.context_out)
    passed = met.filter((met.owner != met.party) & (met.made_us < met.ts_us) & (met.second_us > met.ts_us))
    given = passed.select("ts_us", party="owner", value="context_in")
    taken = passed.select("ts_us", "party", value="context_in")
    both = given.union(taken)
    return both.group_by("party", "value").agg(since=both.ts_us.min())


def activity(rows: Table | None = None) -> Table:
    """(party, look, setup): exchanges up to each full hour, and those that continue a conversation."""
    rows = canonical_rows() if rows is None else rows
    whole = with_party(rows, ["look", "setup", "context_in"])
    return whole.group_by("party", "look", "setup").agg(
        exchanges=whole.count(), continued=counted(known(whole.context_in))
    )


def vector_sums(columns: Sequence[str], *, by_look: bool = False) -> Table:
    """Sums over the openings that count of the columns of the texts' vectors, per party (and look), with ``openings``.

    The vectors are a table (text, ``columns``) of whole 127ths; a column of squared norms may be among them. Sums are exact:
    they are the same on every engine and in every order.
    """
    openings, vectors = table(OPENINGS, OPENING_COLUMNS), table(VECTORS, ("text", *columns))
    met = openings.join(vectors, "text").select(openings.party, openings.look, *(vectors[c] for c in columns))
    by = ("party", "look") if by_look else ("party",)
    return met.group_by(*by).agg(openings=met.count(), **{name: met[name].sum() for name in columns})


def batch_jobs(endpoint: str = "batch", rows: Table | None = None) -> Table:
    """Exchanges of each account with the endpoint of batch jobs; accounts without any are left out."""
    rows = canonical_rows() if rows is None else rows
    found = rows.filter(rows.endpoint == key(endpoint))
    return found.group_by("account").agg(batched=found.count())


def opening_sizes(rows: Table | None = None) -> Table:
    """Tokens in and out of the openings that count."""
    rows = canonical_rows() if rows is None else rows
    openings = table(OPENINGS, OPENING_COLUMNS)
    met = rows.join(openings.select("exchange"), "exchange")
    return met.select("exchange", "input_tokens", "output_tokens")


def rows_of_accounts(rows: Table | None = None) -> Table:
    """All rows of the accounts that are wanted: :data:`FETCHED_COLUMNS`."""
    rows = canonical_rows() if rows is None else rows
    return rows.join(table(WANTED, ("account",)), "account").select(*(rows[name] for name in FETCHED_COLUMNS))


def texts_of_both(rows: Table | None = None) -> Table:
    """Texts that both suspects and others have sent. ``suspect`` is 1 or 0 for every account."""
    rows = canonical_rows() if rows is None else rows
    marked = table(MARKED, ("account", "suspect"))
    met = rows.filter(known(rows.text)).select("account", "text").join(marked, "account")
    each = met.group_by("text").agg(most=met.suspect.max(), least=met.suspect.min())
    return each.filter((each.most == 1) & (each.least == 0)).select("text")


def shared_only(shown: Table, least: int = 2) -> Table:
    """Of (party, value, since), the values of at least so many parties: the others link nobody, now or later."""
    users = shown.group_by("value").agg(users=shown.count())
    met = shown.join(users, "value")
    return met.filter(met.users >= least).select("party", "value", "since")
