"""The table of accounts brought along with a log: the same names for accounts, so that the two still join.

An ingest may replace accounts, addresses and credentials by keyed pseudonyms. A table of accounts that is not
replaced alike joins with nothing. Here it goes through the same key and lands beside the log, in a folder that the
readers of the log pass over.

What becomes of the columns: ``account_id`` and ``owner_id`` as the log's accounts (an owner who is an account stays
the same one), ``organisation_id`` and ``payment_fingerprint`` by pseudonyms of their own (the prefix ``promo_``
stays), ``signup_ip`` as the log's addresses. All others stay: without them the table would say nothing, but an
e-mail domain or an institution can name its owner.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import OutputError
from stillwatch.events.adapters.protocol import hide_credential
from stillwatch.events.pseudonym import parse_address
from stillwatch.events.read import read_accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stillwatch.events.pseudonym import Pseudonymiser

FOLDER = "_accounts"
FILE = "accounts.parquet"
PROMOTION = "promo_"


class AccountsBrought(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a table of accounts.

    Attributes:
        path: Where it is now.
        accounts: Rows written.
        rejects: Rows set aside, by reason.
        repairs: Fields emptied, by reason.
        in_log: Accounts that occur in the log.
        known: Those of them that are in the table.
    """

    path: str
    accounts: int
    rejects: dict[str, int]
    repairs: dict[str, int]
    in_log: int
    known: int


def bring_accounts(
    source: Path, out: Path, *, hash_key: bytes, pseudonymiser: Pseudonymiser | None, max_rejects: float
) -> AccountsBrought:
    """Write the table ``source`` for the log in the folder ``out``.

    Raises:
        InputError: It cannot be read.
        RejectedOverBudget: More than ``max_rejects`` of its rows cannot be used; nothing is written.
        OutputError: It cannot be written.
    """
    read = read_accounts(source)
    read.check_budget(max_rejects)
    changes = _changes(hash_key, pseudonymiser)
    columns = {
        name: _changed(column.combine_chunks(), changes[name]) if name in changes else column
        for name, column in zip(read.table.column_names, read.table.columns, strict=True)
    }
    texts = [
        pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type) for column in columns.values()
    ]
    table = pa.table(
        {
            name: column.cast(pa.string()) if text else column
            for (name, column), text in zip(columns.items(), texts, strict=True)
        }
    )
    path = out / FOLDER / FILE
    temporary = path.with_name(f".{FILE}.tmp")
    try:
        path.parent.mkdir(exist_ok=True)
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(path)
    except (OSError, pa.ArrowException) as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(f"Cannot write {path}: {getattr(error, 'strerror', None) or error}.") from error
    return AccountsBrought(
        path=str(path),
        accounts=table.num_rows,
        rejects={f"{tally.field}: {tally.reason}": tally.rows for tally in read.rejects.counts},
        repairs={f"{tally.field}: {tally.reason}": tally.rows for tally in read.rejects.repairs},
        in_log=0,
        known=0,
    )


def compared(brought: AccountsBrought, parts: list[Path]) -> AccountsBrought:
    """How many of the log's accounts are in the table; a table of other names shows here."""
    if not parts:
        return brought
    with duckdb.connect(":memory:", config={"memory_limit": "1GB"}) as engine:
        row = engine.execute(
            "SELECT count(*), count(*) FILTER (account_id IN (SELECT account_id FROM read_parquet([?]))) "
            "FROM (SELECT DISTINCT account_id FROM read_parquet(?))",
            [brought.path, [str(part) for part in parts]],
        ).fetchone()
    in_log, known = row or (0, 0)
    return msgspec.structs.replace(brought, in_log=in_log, known=known)


def _changes(hash_key: bytes, pseudonymiser: Pseudonymiser | None) -> dict[str, Callable[[str], str]]:
    """What is done to the values of which column."""

    def name(value: str) -> str:
        hidden = hide_credential(value, hash_key)
        return pseudonymiser.account(hidden) if pseudonymiser else hidden

    if pseudonymiser is None:
        return {"account_id": name, "owner_id": name}
    hide = pseudonymiser

    def payment(value: str) -> str:
        if value.startswith(PROMOTION):
            return PROMOTION + hide.token("payment", value)
        return "pay_" + hide.token("payment", value)

    return {
        "account_id": name,
        "owner_id": name,
        "organisation_id": lambda value: "org_" + hide.token("organisation", value),
        "payment_fingerprint": payment,
        "signup_ip": lambda value: hide.address(str(parse_address(value))),
    }


def _changed(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        words = [None if word is None else change(word) for word in column.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(column.indices, pa.array(words, pa.large_string()))
    return pa.array([None if value is None else change(value) for value in column.to_pylist()], pa.large_string())
