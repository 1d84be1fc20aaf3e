"""Small worlds for measurement: shipped scenarios made short and simulated at a small scale, their tables as SQL views.

A shipped scenario at full size has millions of exchanges. Here its time is compressed (start days, active days, pivots
and exchanges alike, so that an account's daily rate stays), its people are cut to some sixty, and its look-alikes are
left out; what remains is a few thousand exchanges with the group's properties unchanged.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import duckdb
import msgspec
import numpy as np

from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.expand import expanded
from stillwatch.lab.load import read_scenario
from stillwatch.lab.service import simulate

SEED = 20261
PEOPLE = 60
SIZES = {
    # scale and days: at least a dozen accounts of each campaign, some thousands of exchanges
    "C1": (0.2, 20),
    "C2": (0.06, 6),
    "C3": (0.003, 20),
    "C4": (0.0016, 9),
    "C5": (1.0, 3),
    "C6": (1.0, 2),
    "C7": (1.0, 14),
    "C8": (0.4, 5),
    "C9": (0.15, 4),
    "C10": (0.01, 12),
    "C11": (0.012, 20),
    "C12": (0.3, 1),
    "C13": (0.002, 9),
    "C14": (0.03, 10),
    "C15": (0.4, 14),
}


def shortened(world, days: float):
    """The scenario with its time compressed to ``days``; bursts, nights and lives of accounts keep their length."""
    factor = days / world.days
    groups = []
    for group in world.groups:
        tempo, pivot = group.tempo, group.pivot
        lasting = tempo.active_days is None or tempo.active_days > 2
        active = tempo.active_days * factor if tempo.active_days and lasting else tempo.active_days
        groups.append(
            msgspec.structs.replace(
                group,
                exchanges=max(1, round(group.exchanges * factor)) if lasting else group.exchanges,
                tempo=msgspec.structs.replace(tempo, start_day=tempo.start_day * factor, active_days=active),
                pivot=pivot and msgspec.structs.replace(pivot, day=float(round(pivot.day * factor))),
            )
        )
    return msgspec.structs.replace(world, days=round(days), groups=tuple(groups))


@cache
def corpora():
    """Generated texts, so that the tests need no data; real ones have a test of their own."""
    return load_corpora(None)


class Measured:
    """A simulated world as views: ``log`` (exchanges with their truth), ``accounts``, ``truth``."""

    def __init__(self, scenario, scale: float, folder: Path, texts=None, seed: int = SEED) -> None:
        self.scenario = scenario
        self.scale = scale
        simulate(
            expanded(scenario, read_scenario),
            scale=scale,
            seed=seed,
            out=folder,
            corpora=texts or corpora(),
            processes=1,
        )
        self.folder = folder
        self.db = duckdb.connect()
        self.db.execute("set timezone = 'UTC'")
        exchanges = folder / "exchanges.parquet"
        where = exchanges if exchanges.exists() else folder / "exchanges" / "*.parquet"
        for name, path in {
            "exchanges": where,
            "accounts": folder / "accounts.parquet",
            "truth": folder / "truth.parquet",
            "truth_exchanges": folder / "truth_exchanges.parquet",
        }.items():
            self.db.execute(f"create table {name} as select * from '{path}'")
        self.db.execute(
            'create table log as select e.*, t.label, t.campaign, t.kind, t.provider, m.malicious, m."group" as party'
            " from exchanges e join truth t using (account_id) join truth_exchanges m using (exchange_id)"
        )

    def rows(self, query: str, **values) -> list[tuple]:
        return self.db.execute(query, values or None).fetchall()

    def one(self, query: str, **values):
        return self.rows(query, **values)[0][0]

    def column(self, query: str, **values) -> np.ndarray:
        return np.array([row[0] for row in self.rows(query, **values)])

    def group(self, name: str):
        return next(group for group in self.scenario.groups if group.name == name)

    def rate(self, name: str) -> float:
        """Exchanges a day and account of a group, over its active days and its accounts of the log."""
        tempo = self.group(name).tempo
        days = tempo.active_days or self.scenario.days - tempo.start_day
        count, accounts = self.rows("select count(*), count(distinct account_id) from log where party = $p", p=name)[0]
        return count / accounts / days

    def hourly(self, name: str) -> np.ndarray:
        """Share of a group's exchanges in each hour of the day (UTC)."""
        hours = self.column("select hour(ts) from log where party = $p", p=name)
        return np.bincount(hours, minlength=24) / len(hours)

    def span_hours(self, name: str) -> float:
        return self.one("select epoch(max(ts) - min(ts)) / 3600 from log where party = $p", p=name)

    def shared(self, name: str, column: str) -> float:
        """Share of a group's accounts that have a value of ``column`` in common with another of the group."""
        return self.one(
            f"with used as (select distinct account_id, {column} as v from log where party = $p and {column} is not null),"
            " many as (select v from used group by v having count(*) > 1)"
            " select count(distinct account_id) filter (v in (from many)) / (select count(distinct account_id) from log"
            " where party = $p) from used",
            p=name,
        )

    def of_account(self, name: str, expression: str) -> np.ndarray:
        """An expression over ``accounts`` for each account of a group."""
        return self.column(
            f"select {expression} from accounts where account_id in (select account_id from log where party = $p)",
            p=name,
        )

    def handed_on(self, name: str) -> float:
        """Share of a group's continued exchanges whose conversation was at another account before."""
        return self.one(
            "select avg((b.account_id <> a.account_id)::int) from log b join log a on b.context_in = a.context_out"
            " where b.party = $p and b.turn > 1",
            p=name,
        )


def small(
    name: str, scale: float, folder: Path, *, days: float | None = None, keep: tuple[str, ...] = (), texts=None
) -> Measured:
    """A shipped scenario, its people cut and its look-alikes left out but those in ``keep``.

    Where groups keep only their least number of accounts, that is because ``scale`` asks for fewer.
    """
    world = read_scenario(name)
    kept = tuple(group for group in world.groups if not keep or group.name in keep)
    world = msgspec.structs.replace(world, people=round(PEOPLE / scale), include=(), groups=kept)
    return Measured(shortened(world, days or world.days), scale, folder, texts)


@cache
def campaign(name: str) -> Measured:
    """A shipped campaign, simulated once for all tests; its files are gone, its tables are in memory."""
    scale, days = SIZES[name]
    with tempfile.TemporaryDirectory() as folder:
        return small(name, scale, Path(folder), days=days)
