"""The tables that the integer core is written over, and the few forms it uses.

Forms that engines read differently are kept out here, once:

* the value before the first row of a window is given, never left to the engine (ClickHouse says 0 where others say null);
* distinct values are counted by two groupings, never by ``count(distinct)`` (ClickHouse takes an approximate one for it);
* no outer join (ClickHouse fills with 0 where others fill with null), no null in a key, no division.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from stillwatch.events.canonical import CANONICAL, NULL_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ibis.expr.types import BooleanValue, IntegerScalar, IntegerValue, Table

ROWS = "canonical_rows"
"""Name of the canonical rows on every engine."""
PARTIES = "account_parties"
"""Name of the small table (account, party) that the driver makes."""
OPENINGS = "counted_openings"
"""Name of the openings that count, kept on the engine between two steps."""
VECTORS = "text_vectors"
"""Name of the table (text, columns of whole 127ths) of embedded texts."""

WANTED = "wanted_accounts"
"""Name of the small table (account) of accounts whose rows are asked for."""
MARKED = "marked_accounts"
"""Name of the table (account, suspect) of all accounts."""
ASKED = "asked_texts"
"""Name of the small table (text) of texts that are asked about."""


def table(name: str, columns: Sequence[str]) -> Table:
    """A table of whole numbers that an engine holds under ``name``."""
    return ibis.table(ibis.schema(dict.fromkeys(columns, "!int64")), name=name)


def canonical_rows() -> Table:
    """The canonical rows."""
    return table(ROWS, CANONICAL.names)


def with_party(rows: Table, columns: Sequence[str]) -> Table:
    """``columns`` of the rows, and the party of each."""
    parties = table(PARTIES, ("account", "party"))
    return rows.join(parties, "account").select(*(rows[name] for name in columns), parties.party)


def counted(condition: BooleanValue) -> IntegerScalar:
    """How many rows of a group meet a condition; a sum, because DuckDB adds faster than it filters."""
    return ibis.ifelse(condition, 1, 0).sum()


def where(condition: BooleanValue, value: IntegerValue | int) -> IntegerValue:
    """The value where the condition holds, else 0."""
    return ibis.ifelse(condition, value, 0)


def known(value: IntegerValue) -> BooleanValue:
    """Is there a value at all?"""
    return value != NULL_KEY
