"""The contract's own rows: JSON Lines or Parquet with the contract's column names.

Source: the project's contract ``exchange-log``.
"""

from __future__ import annotations

from typing import Any

from stillwatch.events.adapters.fields import Fields
from stillwatch.events.adapters.protocol import AdapterContext, Outcome, Record, account_of, attempt
from stillwatch.events.model import EXCHANGES, Column, Exchange

_SIGNS = ("exchange_id", "ts", "account_id", "model")
_SPECIAL = frozenset({"exchange_id", "ts", "account_id", "model", "endpoint", "status"})
# A column that must not be null but that the contract's writers may leave out, with what it then reads as.
_ASSUMED = {"turn": 1, "n_tools": 0, "stream": False, "input_tokens": 0, "output_tokens": 0}


class ContractAdapter:
    """Rows that are exchanges already."""

    name = "contract"
    versions = ("1",)

    def sniff(self, record: Record) -> bool:
        """The four names that every row carries."""
        return all(name in record for name in _SIGNS)

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """Check each column's type; unknown columns are left out."""
        return [attempt(lambda: _exchange(record, context))]


def _exchange(record: Record, context: AdapterContext) -> Exchange:
    row = Fields(record)
    moment = row.instant("ts")
    if moment is None:
        raise row.fail("ts", "missing")
    status = row.integer("status", limit=999)
    values: dict[str, Any] = {column.name: _value(row, column) for column in EXCHANGES if column.name not in _SPECIAL}
    values |= {name: assumed for name, assumed in _ASSUMED.items() if values[name] is None}
    return Exchange(
        exchange_id=row.need("exchange_id"),
        ts=moment,
        account_id=account_of(record, row, context, "account_id"),
        model=row.need("model"),
        endpoint=row.text("endpoint") or "chat",
        status=200 if status is None else status,
        **values,
    )


def _value(row: Fields, column: Column) -> object:
    match column.sql:
        case "VARCHAR":
            # Empty text is an answer without text here, not a missing one.
            return "" if row.values.get(column.name) == "" and column.name == "response" else row.text(column.name)
        case "BIGINT":
            return row.integer(column.name, limit=2**32 - 1)
        case "FLOAT":
            return row.number(column.name)
        case "BOOLEAN":
            return row.flag(column.name)
        case _:
            return row.integer(column.name)
