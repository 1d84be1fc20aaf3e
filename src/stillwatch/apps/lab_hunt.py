"""The hunt as the lab runs it: tables in, tables out, no report."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.apps.run_folder import CAMPAIGNS, VERDICTS, campaign_table, verdict_table
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.detect.log import COLUMNS, Log
from stillwatch.events.read import read_accounts, read_exchanges
from stillwatch.lab.folder import place


def hunt_folder(folder: Path, out: Path) -> None:
    """Hunt in a log folder with default settings; write verdicts.parquet and campaigns.parquet to ``out``."""
    accounts = folder / "accounts.parquet"
    read = read_exchanges(place(folder, "exchanges"), columns=COLUMNS)
    log = Log.build(read.table, read_accounts(accounts).table if accounts.is_file() else None)
    found = hunt(log, Settings())
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(verdict_table(found.verdicts), out / VERDICTS, compression="zstd")
    pq.write_table(campaign_table(found.campaigns), out / CAMPAIGNS, compression="zstd")
