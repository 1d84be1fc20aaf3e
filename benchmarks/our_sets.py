"""``python -m benchmarks sets LOG OUT``: the linked sets that a hunt proposes, before anybody's behaviour is judged.

The communities of the link graph at the end of the log, each account in its smallest one. Baselines that pool over sets
are given these, so that they differ from the hunt by their statistic alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.campaigns.candidates import infrastructure_of
from stillwatch.campaigns.communities import communities
from stillwatch.campaigns.links import graph_at, incidences
from stillwatch.detect.log import Log
from stillwatch.events.read import read_accounts, read_exchanges

if TYPE_CHECKING:
    from collections.abc import Sequence


def proposed(log: Log) -> pa.Table:
    """``account_id``, ``set_id`` and the summed weight (nats) of the set's links."""
    links = infrastructure_of(graph_at(log, incidences(log), int(log.ts[-1]), log.parties))
    found = communities(links)
    place = np.full(log.parties, -1)
    weight = np.zeros(len(found))
    for number, members in enumerate(found):  # largest first, so that the smallest set stays
        place[members] = number
        weight[number] = float(links[members][:, members].sum() / 2)
    of_account = place[log.accounts.party]
    inside = np.flatnonzero(of_account >= 0)
    return pa.table(
        {
            "account_id": log.accounts.ids.take(pa.array(inside)),
            "set_id": [f"set-{n}" for n in of_account[inside]],
            "weight": weight[of_account[inside]],
        }
    )


def main(arguments: Sequence[str]) -> int:
    """Write the proposed sets of ``LOG`` (a folder with exchanges and accounts) to the Parquet file ``OUT``."""
    parser = argparse.ArgumentParser(prog="benchmarks sets", description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    exchanges = read_exchanges(given.log / "exchanges.parquet", metadata_only=True)
    accounts = read_accounts(given.log / "accounts.parquet")
    pq.write_table(proposed(Log.build(exchanges.table, accounts.table)), given.out)
    return 0
