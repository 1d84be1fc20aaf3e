"""SQL that turns a column of any source type into the contract's type, and says where it cannot.

Why in SQL: the engine casts column by column while it reads, and rows after the end time are never decoded.
Source: the project's contract ``exchange-log``; DuckDB's ``TRY_CAST``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillwatch.events.model import Column

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

MISSING = "missing"
NOT_A_TIME = "not a time between 1970 and 2100"
REASONS = {
    "VARCHAR": "not text",
    "TIMESTAMPTZ": NOT_A_TIME,
    "BIGINT": "not a whole number of at least 0",
    "INTEGER": "not a whole number of at least 0",
    "SMALLINT": "not a whole number of at least 0",
    "FLOAT": "not a finite number",
    "BOOLEAN": "not true or false",
}
"""Why a value was set aside, by the type that the contract asks for."""

NO_TYPE = '"NULL"'
"""DuckDB's name of the type of a column without any value."""

_NESTED = ("STRUCT", "MAP", "UNION", "LIST", "ARRAY", "BLOB", "BIT", "INTERVAL")
_WHOLE = {
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
    "UHUGEINT",
}
_COUNTS = {"BIGINT", "INTEGER", "SMALLINT"}


class Rule(NamedTuple):
    """One way in which a row can fail: the field, and why."""

    field: str
    reason: str


class Plan(NamedTuple):
    """A query over one source.

    Its columns are the contract's, then ``_row``, ``_reject`` (0 for a good row, else 1 + index into ``rules``),
    ``_key_NAME`` for each hashed column (0 for null) and ``_bad_NAME`` for each nullable column that may hold something unusable.
    """

    sql: str
    rules: tuple[Rule, ...]
    repaired: tuple[str, ...]


def quoted(name: str) -> str:
    """An identifier, safe in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string, safe in SQL."""
    return "'" + text.replace("'", "''") + "'"


def moment(when: datetime) -> str:
    """A time as an SQL literal; ``when`` is aware."""
    return f"TIMESTAMPTZ '{when.astimezone(UTC).isoformat(timespec='microseconds')}'"


def _nested(source: str) -> bool:
    return source.startswith(_NESTED) or source.endswith("]")


def _epoch(number: str) -> str:
    """A number as a time; seconds, milli-, micro- and nanoseconds are told apart by size.

    The ranges of 1970 to 2100 in these units overlap only before 19 February 1970.
    """
    scale = (
        f"CASE WHEN abs({number}) < 4.2e9 THEN 1e6 WHEN abs({number}) < 4.2e12 THEN 1e3 "
        f"WHEN abs({number}) < 4.2e15 THEN 1 ELSE 1e-3 END"
    )
    # A double holds whole microseconds exactly up to the year 2255.
    micros = f"TRY_CAST(round({number} * ({scale})) AS BIGINT)"
    return f"CASE WHEN {micros} BETWEEN 0 AND 4102444800000000 THEN make_timestamptz({micros}) END"


def _time(raw: str, source: str) -> str:
    if source == "TIMESTAMP WITH TIME ZONE":
        return raw
    if source.startswith("TIMESTAMP") or source == "DATE":
        return f"TRY_CAST({raw} AS TIMESTAMPTZ)"  # without a zone: UTC, the session's
    number = f"TRY_CAST({raw} AS DOUBLE)"
    if source == "VARCHAR":
        return f"coalesce(TRY_CAST({raw} AS TIMESTAMPTZ), {_epoch(number)})"
    return "NULL::TIMESTAMPTZ" if _nested(source) or source == "BOOLEAN" else _epoch(number)


def cast(column: Column, source: str) -> str:
    """SQL for the value of ``column`` in the contract's type, null where the source's value cannot be that."""
    raw = quoted(column.name)
    if column.sql == "TIMESTAMPTZ":
        return _time(raw, source)
    if _nested(source):
        return f"NULL::{column.sql}"
    if column.sql == "VARCHAR":
        return raw if source == "VARCHAR" else f"CAST({raw} AS VARCHAR)"
    if column.sql in _COUNTS:
        # A cast would round 1.5 to 2 in silence.
        exact = raw if source in _WHOLE | {"BOOLEAN"} else f"TRY_CAST({raw} AS DOUBLE)"
        value = f"TRY_CAST({exact} AS {column.sql})"
        if exact is not raw:
            value = f"CASE WHEN {exact} = trunc({exact}) THEN {value} END"
        return f"CASE WHEN {value} >= 0 THEN {value} END"
    if column.sql == "FLOAT":
        value = f"TRY_CAST({raw} AS FLOAT)"
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return f"TRY_CAST({raw} AS {column.sql})"


def _unusable(column: Column) -> str:
    value = quoted(column.name)
    if column.sql == "TIMESTAMPTZ":
        return f"({value} IS NULL OR {value} < {moment(EARLIEST)} OR {value} >= {moment(LATEST)})"
    return f"({value} IS NULL)"


def _optional(column: Column) -> tuple[str, str]:
    """Output of a nullable column, and whether the source had a value that cannot be used: it becomes null."""
    value, had, bad = quoted(column.name), quoted("_had_" + column.name), quoted("_bad_" + column.name)
    kept = f"CASE WHEN NOT {_unusable(column)} THEN {value} END AS {value}" if column.sql == "TIMESTAMPTZ" else value
    return kept, f"{had} AND {_unusable(column)} AS {bad}"


def _required(column: Column, *, may_be_empty: bool) -> list[tuple[Rule, str]]:
    """Ways in which a required column fails, each with its test."""
    tests = [
        (Rule(column.name, MISSING), "NOT " + quoted("_had_" + column.name)),
        (Rule(column.name, REASONS[column.sql]), _unusable(column)),
    ]
    if not may_be_empty:
        tests.append((Rule(column.name, "empty"), f"{quoted(column.name)} = ''"))
    return tests


def _until(columns: Sequence[Column], types: Mapping[str, str], until: tuple[str, datetime] | None) -> str:
    """The condition that nothing later than ``until`` is read; it is tested before anything else."""
    if until is None or until[0] not in types:
        return ""
    value = cast(next(column for column in columns if column.name == until[0]), types[until[0]])
    # A row whose time cannot be read may be earlier: it is set aside, and counted.
    return f" WHERE {value} <= {moment(until[1])} OR {value} IS NULL"


def plan(
    relation: str,
    columns: Sequence[Column],
    types: Mapping[str, str],
    *,
    row: str,
    keys: frozenset[str],
    until: tuple[str, datetime] | None,
    hashed: frozenset[str] = frozenset(),
) -> Plan:
    """The query that reads ``columns`` from ``relation``.

    Args:
        relation: SQL of the source, such as ``read_parquet('...')``.
        columns: What to read, in order; those not in ``types`` come out as null.
        types: The source's columns with their DuckDB types.
        row: SQL of the row number, counted from 1.
        keys: Columns that name something; they may not be empty.
        until: Column of time and the last time to read.
        hashed: Text columns of which the engine's hash is wanted.
    """
    inner: list[str] = [f"{row} AS _row"]
    outer: list[str] = []
    bad: list[str] = []
    repaired: list[str] = []
    tests: list[tuple[Rule, str]] = []
    for column in columns:
        name = quoted(column.name)
        source = types.get(column.name, NO_TYPE)
        there = source != NO_TYPE
        inner.append(f"{cast(column, source) if there else 'NULL::' + column.sql} AS {name}")
        inner.append(f"{name + ' IS NOT NULL' if there else 'false'} AS {quoted('_had_' + column.name)}")
        if not column.nullable:
            outer.append(name)
            tests += _required(column, may_be_empty=column.name not in keys)
        elif there and not column.sql == source == "VARCHAR":
            kept, unusable = _optional(column)
            outer.append(kept)
            bad.append(unusable)
            repaired.append(column.name)
        else:
            outer.append(name)
    for name in sorted(hashed):
        text = quoted(name)
        outer.append(f"CASE WHEN {text} IS NULL THEN 0::UBIGINT ELSE hash({text}) END AS {quoted('_key_' + name)}")
    whens = " ".join(f"WHEN {test} THEN {number}" for number, (_, test) in enumerate(tests, 1))
    sql = (
        f"SELECT {', '.join([*outer, '_row', f'CASE {whens} ELSE 0 END::INTEGER AS _reject', *bad])} "
        f"FROM (SELECT {', '.join(inner)} FROM {relation}{_until(columns, types, until)})"
    )
    return Plan(sql, tuple(rule for rule, _ in tests), tuple(repaired))
