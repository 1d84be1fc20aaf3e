"""All definitions of the integer core by name, and their SQL text for an engine.

    >>> from stillwatch.detect.core.catalogue import sql_of
    >>> from stillwatch.events.engines.dialects import Dialect
    >>> sql_of("accounts_seen", Dialect.TRINO).splitlines()[0]
    'SELECT'

Whoever keeps canonical rows in a warehouse runs these texts there. They are checked in for six engines, so that a new version
of the compiler shows as a difference that somebody reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stillwatch.detect.core import accounts, hunting
from stillwatch.detect.setup import DISTINCT
from stillwatch.events.engines.dialects import Dialect, sql

if TYPE_CHECKING:
    from ibis.expr.types import Table

DEFINITIONS: dict[str, Callable[[], Table]] = {
    "integer_core": accounts.integer_core,
    "all_sums": accounts.all_sums,
    "accounts_seen": hunting.accounts_seen,
    "first_setups": lambda: hunting.first_setups(DISTINCT),
    "counted_openings": lambda: hunting.counted_openings(with_text=True),
    "counted_openings_without_text": lambda: hunting.counted_openings(with_text=False),
    "first_texts": hunting.first_texts,
    "first_shown_address": lambda: hunting.first_shown("address"),
    "first_shown_fingerprint": lambda: hunting.first_shown("fingerprint"),
    "shared_addresses": lambda: hunting.shared_only(hunting.first_shown("address")),
    "handoffs": hunting.handoffs,
    "activity": hunting.activity,
    "batch_jobs": hunting.batch_jobs,
    "opening_sizes": hunting.opening_sizes,
    "rows_of_accounts": hunting.rows_of_accounts,
    "texts_of_both": hunting.texts_of_both,
    "vector_sums_of_two_columns": lambda: hunting.vector_sums(("content_00", "content_01")),
    "vector_sums_by_look": lambda: hunting.vector_sums(("content_00", "content_01"), by_look=True),
}
"""Name of a definition -> what builds it."""


def sql_of(name: str, dialect: Dialect) -> str:
    """SQL text of a definition."""
    return sql(DEFINITIONS[name](), dialect)


def all_sql(dialect: Dialect) -> str:
    """All definitions for one engine, each under its name."""
    return "\n".join(f"-- {name}\n{sql_of(name, dialect)};\n" for name in DEFINITIONS)
