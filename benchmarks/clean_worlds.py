"""False alarms in made-up worlds without attackers: ``python -m benchmarks.clean_worlds --worlds 20 --out DIR``.

Each world is the shipped scenario ``honest`` (people and every look-alike) with a seed of its own, drawn from the state
of the package's code, so that the code stood before the worlds did. Whatever is reported is a false alarm. One JSON per
world is written when it is done; a run that was cut off goes on where it stopped, a changed package begins anew.

Bars: no look-alike flagged; at most one false campaign per million account-days (an account counts for every day of the
log). With no campaign in D account-days, the one-sided 95 % bound on the rate is 3 / D (Poisson).
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

import stillwatch
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.detect.log import COLUMNS, Log
from stillwatch.events.read import read_accounts, read_exchanges
from stillwatch.lab.corpora import Corpora, load_corpora
from stillwatch.lab.frozen import present_code, seed_of
from stillwatch.lab.intervals import rare
from stillwatch.lab.load import load_scenario
from stillwatch.lab.service import simulate


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One world and what the hunt made of it."""

    seed: int
    days: int
    accounts: int
    exchanges: int
    campaigns: int
    flagged: dict[str, int]
    nearest: float | None
    seconds: float

    @property
    def account_days(self) -> int:
        """Accounts times days."""
        return self.accounts * self.days


def one_world(number: int, *, people: int, days: int, scale: float, corpora: Corpora, scratch: Path) -> World:
    """Make world ``number`` in ``scratch``, hunt it with the defaults, and remove it."""
    seed = seed_of(present_code(Path(stillwatch.__file__).parent), "honest", number, "clean")
    scenario = load_scenario("honest", (f"people={round(people / scale)}", f"days={days}"))
    begun = time.perf_counter()
    made = simulate(scenario, scale=scale, seed=seed, out=scratch, corpora=corpora)
    log = Log.build(read_exchanges(made.exchanges, columns=COLUMNS).table, read_accounts(made.accounts).table)
    found = hunt(log, Settings())
    label = dict(zip(*(pq.read_table(made.truth, columns=["account_id", "label"]).to_pydict().values()), strict=True))
    near = [miss.evidence for miss in found.near if miss.innocent == "separate people who share infrastructure"]
    shutil.rmtree(scratch)
    return World(
        seed=seed,
        days=days,
        accounts=len(log.accounts),
        exchanges=len(log),
        campaigns=len(found.campaigns),
        flagged=dict(Counter(label[v.account_id] for v in found.verdicts if v.flagged)),
        nearest=max(near, default=None),
        seconds=round(time.perf_counter() - begun, 1),
    )


def summary(worlds: list[World]) -> dict[str, object]:
    """The figures of the bars."""
    days, false = sum(w.account_days for w in worlds), sum(w.campaigns for w in worlds)
    flagged: Counter[str] = Counter()
    for world in worlds:
        flagged.update(world.flagged)
    return {
        "worlds": len(worlds),
        "worlds with a false campaign": sum(w.campaigns > 0 for w in worlds),
        "accounts": sum(w.accounts for w in worlds),
        "account-days": days,
        "exchanges": sum(w.exchanges for w in worlds),
        "false campaigns": false,
        "false campaigns per million account-days": round(1e6 * false / max(days, 1), 4),
        "upper 95 % bound": round(1e6 * rare(false, max(days, 1), level=0.9).high, 4),
        "accounts flagged, by class": dict(flagged),
        "nearest to being reported, log10 of the adjusted e-value": max(
            (w.nearest for w in worlds if w.nearest is not None), default=None
        ),
    }


def main() -> None:
    """Run, say how far, and print the summary."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--worlds", type=int, default=20)
    ask.add_argument("--people", type=int, default=1000)
    ask.add_argument("--days", type=int, default=14)
    ask.add_argument("--scale", type=float, default=0.005, help="of the look-alikes")
    ask.add_argument("--shared", type=Path, default=None, help="folder of real prompts, addresses and arrivals")
    ask.add_argument("--out", type=Path, required=True)
    wish = ask.parse_args()
    code = present_code(Path(stillwatch.__file__).parent)
    folder = wish.out / f"{code.digest[:12]}-{wish.people}-{wish.days}"
    folder.mkdir(parents=True, exist_ok=True)
    corpora = load_corpora(wish.shared)
    worlds: list[World] = []
    for number in range(wish.worlds):
        cell = folder / f"{number:03d}.json"
        if not cell.exists():
            world = one_world(
                number, people=wish.people, days=wish.days, scale=wish.scale, corpora=corpora, scratch=folder / "world"
            )
            cell.with_suffix(".part").write_bytes(msgspec.json.encode(world))
            cell.with_suffix(".part").replace(cell)
        worlds.append(msgspec.json.decode(cell.read_bytes(), type=World))
        print(f"{number + 1} of {wish.worlds}: {worlds[-1]}", flush=True)
    result = {"code": msgspec.to_builtins(code), "people": wish.people, "days": wish.days, **summary(worlds)}
    (folder / "summary.json").write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))
    for name, value in result.items():
        print(f"{name:60} {value}")


if __name__ == "__main__":
    main()
