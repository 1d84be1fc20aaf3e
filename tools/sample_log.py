"""Make the bundled log in ``examples/log``: ``python tools/sample_log.py [FOLDER]``.

A small world of ``stillwatch.testing.worlds`` (made-up people with interests, ways of typing, hours and clients of their
own; one campaign that deals a corpus over its accounts), written as contract tables. The truth is written beside the
log, in tables of its own, so that nothing in the log gives it away. The same seed writes the same log.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA
from stillwatch.testing.worlds import make_world

PEOPLE, MEMBERS, DAYS, SEED = 240, 30, 7, 17


def main(folder: Path) -> None:
    """Write exchanges, accounts, truth and truth_exchanges to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    world = make_world(people=PEOPLE, members=MEMBERS, days=DAYS, per_day=7.0, seed=SEED)
    inside = set(world.members)
    pq.write_table(
        pa.Table.from_pylist(world.exchanges, EXCHANGE_SCHEMA), folder / "exchanges.parquet", compression="zstd"
    )
    pq.write_table(
        pa.Table.from_pylist(world.accounts, ACCOUNT_SCHEMA), folder / "accounts.parquet", compression="zstd"
    )
    truth = [
        {
            "account_id": row["account_id"],
            "label": "campaign" if row["account_id"] in inside else "person",
            "campaign": "corpus" if row["account_id"] in inside else None,
            "kind": "extraction" if row["account_id"] in inside else "benign",
        }
        for row in world.accounts
    ]
    of_exchange = [
        {"exchange_id": row["exchange_id"], "malicious": row["account_id"] in inside} for row in world.exchanges
    ]
    pq.write_table(pa.Table.from_pylist(truth), folder / "truth.parquet", compression="zstd")
    pq.write_table(pa.Table.from_pylist(of_exchange), folder / "truth_exchanges.parquet", compression="zstd")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "examples" / "log")
