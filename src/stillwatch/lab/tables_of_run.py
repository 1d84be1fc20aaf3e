"""A log's truth and a detector's output, brought together by account in one pass over the exchanges.

Exchanges stay in the engine: what leaves it is one row an account, so that a log larger than memory can be scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from stillwatch.errors import InputError
from stillwatch.lab.folder import columns, engine, parts, source

BENIGN = "benign"
NEEDED = ("account_id", "flagged", "campaign_id", "flagged_at")


@dataclass(frozen=True, slots=True)
class Account:
    """The truth about one account of the log, and what the detector said.

    Times are microseconds. ``days``: UTC days on which it was active. ``after``: its exchanges after its flag.
    ``extraction``: its malicious exchanges; ``leaked``: those at or before its flag, all of them where it has none.
    """

    account_id: str
    label: str
    campaign: str | None
    kind: str
    declared: bool
    score: float | None
    flagged: bool
    said: str | None
    campaign_id: str | None
    flagged_at: int | None
    counted: float | None
    exchanges: int
    days: int
    after: int
    extraction: int
    leaked: int

    @property
    def malicious(self) -> bool:
        """Whether it belongs to a campaign in truth."""
        return self.kind != BENIGN


@dataclass(frozen=True)
class Tables:
    """Accounts that appear in the log, in the order of the truth; ``end`` is the time of the last exchange."""

    accounts: tuple[Account, ...]
    verdicts_missing: int
    end: int
    with_kind: bool
    with_counts: bool
    intervals: dict[str, tuple[float, float]]
    """Lower and upper end of the extraction exchanges of each reported campaign."""

    def malicious(self) -> list[Account]:
        """Accounts of campaigns."""
        return [a for a in self.accounts if a.malicious]

    def benign(self) -> list[Account]:
        """All others."""
        return [a for a in self.accounts if not a.malicious]


def read_tables(log: Path, out: Path) -> Tables:
    """Read what scoring needs.

    Raises:
        InputError: a table or a column is not there, or an account has two verdicts.
    """
    with engine() as db:
        try:
            return _read(db, log, out)
        except duckdb.Error as error:
            raise InputError(
                f"cannot score {out} against {log}: {str(error).splitlines()[0]}",
                hint="Columns and types of every table: docs/reference/lab-format.md.",
            ) from error


def _read(db: duckdb.DuckDBPyConnection, log: Path, out: Path) -> Tables:
    verdicts = parts(out, "verdicts")
    said = columns(db, verdicts)
    missing = [name for name in NEEDED if name not in said]
    if missing:
        raise InputError(
            f"verdicts.parquet in {out} lacks {', '.join(missing)}",
            hint=f"A verdicts table has at least {', '.join(NEEDED)} and, to be ranked, score.",
        )
    optional = {"score": "DOUBLE", "kind": "VARCHAR", "extraction_exchanges": "DOUBLE"}
    chosen = ", ".join(f"CAST({c if c in said else 'NULL'} AS {t}) AS {c}" for c, t in optional.items())
    db.execute(f"CREATE TABLE v AS SELECT {', '.join(NEEDED)}, {chosen} FROM {source(verdicts)}")
    twice = db.sql("SELECT account_id FROM v GROUP BY account_id HAVING count(*) > 1 LIMIT 1").fetchall()
    if twice:
        raise InputError(f"account {twice[0][0]} has more than one verdict", hint="One row for each account.")
    db.execute(f"CREATE VIEW x AS SELECT exchange_id, account_id, ts FROM {source(parts(log, 'exchanges'))}")
    db.execute(f"CREATE VIEW bad AS SELECT exchange_id FROM {source(parts(log, 'truth_exchanges'))} WHERE malicious")
    db.execute(f"CREATE VIEW declared AS {_declared(db, log)}")
    db.execute(_COUNTS)
    rows = db.sql(_ACCOUNTS.format(truth=source(parts(log, "truth")))).fetchall()
    absent = db.sql("SELECT count(*) FROM c ANTI JOIN v USING (account_id)").fetchall()
    end = db.sql("SELECT coalesce(max(last), 0) FROM c").fetchall()
    return Tables(
        accounts=tuple(Account(*row) for row in rows),
        verdicts_missing=int(absent[0][0]),
        end=int(end[0][0]),
        with_kind="kind" in said,
        with_counts="extraction_exchanges" in said,
        intervals=_intervals(db, out),
    )


_COUNTS = """
CREATE TABLE c AS
SELECT x.account_id, count(*) AS exchanges, count(DISTINCT date_trunc('day', x.ts)) AS days, epoch_us(max(x.ts)) AS last,
    count(*) FILTER (WHERE v.flagged AND x.ts > v.flagged_at) AS after,
    count(bad.exchange_id) AS extraction,
    count(bad.exchange_id) FILTER (WHERE NOT (coalesce(v.flagged, false) AND v.flagged_at IS NOT NULL AND x.ts > v.flagged_at))
        AS leaked
FROM x LEFT JOIN bad USING (exchange_id) LEFT JOIN v ON v.account_id = x.account_id
GROUP BY x.account_id
"""

_ACCOUNTS = """
SELECT t.account_id, t.label, t.campaign, t.kind, d.account_id IS NOT NULL, v.score, coalesce(v.flagged, false), v.kind,
    v.campaign_id, epoch_us(v.flagged_at), v.extraction_exchanges, c.exchanges, c.days, c.after, c.extraction, c.leaked
FROM {truth} t JOIN c USING (account_id) LEFT JOIN v USING (account_id) LEFT JOIN declared d USING (account_id)
ORDER BY t.file_row_number
"""


def _declared(db: duckdb.DuckDBPyConnection, log: Path) -> str:
    try:
        accounts = parts(log, "accounts")
    except InputError:  # the table is optional
        return "SELECT NULL::VARCHAR AS account_id WHERE false"
    if "declared_use" not in columns(db, accounts):
        return "SELECT NULL::VARCHAR AS account_id WHERE false"
    return f"SELECT DISTINCT account_id FROM {source(accounts)} WHERE declared_use IS NOT NULL"


def _intervals(db: duckdb.DuckDBPyConnection, out: Path) -> dict[str, tuple[float, float]]:
    try:
        campaigns = parts(out, "campaigns")
    except InputError:  # a detector of accounts reports none
        return {}
    wanted = ("campaign_id", "extraction_exchanges_low", "extraction_exchanges_high")
    if not set(wanted) <= columns(db, campaigns):
        return {}
    rows = db.sql(f"SELECT {', '.join(wanted)} FROM {source(campaigns)}").fetchall()
    return {str(name): (float(low), float(high)) for name, low, high in rows if low is not None and high is not None}
