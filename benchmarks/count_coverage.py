"""Count intervals and kinds in made-up worlds: ``python -m benchmarks.count_coverage --results FILE``.

How often does the interval that a campaign is reported with hold the true number of extraction exchanges, and is its kind
right? Shipped scenarios, a few worlds each, shortened so that a world has some 100,000 exchanges and accounts keep their daily
volume. Seeds are drawn from the state of the package's code, so that the code stood before the worlds did.

The bar: nominal 90 % intervals hold the truth for 85 to 95 % of the campaigns that hold a malicious account, at least 20 of
them. The truth of a campaign is the extraction sent by the accounts that it flags. Campaigns of one world are no independent
trials: the interval printed with the coverage is for independent ones.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
from msgspec.structs import replace

import stillwatch
from stillwatch.campaigns.model import Campaign, Kind
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.detect.log import COLUMNS, Log
from stillwatch.events.read import read_accounts, read_exchanges
from stillwatch.lab.corpora import Corpora, load_corpora
from stillwatch.lab.expand import expanded
from stillwatch.lab.frozen import present_code, seed_of
from stillwatch.lab.intervals import wilson
from stillwatch.lab.load import read_scenario
from stillwatch.lab.scenario import Group, Scenario
from stillwatch.lab.service import Simulated, simulate

WORLDS = {
    "C1": (14, 0.01),
    "C2": (8, 0.01),
    "C3": (8, 0.015),
    "C5": (12, 0.01),
    "C8": (14, 0.01),
    "C9": (14, 0.01),
    "C10": (16, 0.01),
    "C12": (8, 0.01),
    "C14": (8, 0.01),
    "demo": (14, 1.0),
}
"""Days and scale of the worlds of each scenario."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One reported campaign: what was said and what is true. ``holds``: accounts of each label."""

    scenario: str
    seed: int
    accounts: int
    exchanges: int
    true: int
    value: float
    low: float
    high: float
    said: Kind
    kind: str
    holds: dict[str, int]

    @property
    def covered(self) -> bool:
        """Does the interval hold the truth?"""
        return self.low <= self.true <= self.high


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One world: its campaigns, and benign accounts flagged."""

    scenario: str
    seed: int
    exchanges: int
    benign: int
    false_flags: int
    campaigns: tuple[Counted, ...]
    seconds: float


def shortened(scenario: Scenario, days: int) -> Scenario:
    """The scenario in fewer days, each account as busy as before: volumes and moments shrink in proportion."""
    share = days / scenario.days
    if share >= 1:
        return scenario
    return replace(scenario, days=days, groups=tuple(_shortened(group, share) for group in scenario.groups))


def _shortened(group: Group, share: float) -> Group:
    tempo, pivot = group.tempo, group.pivot
    active = tempo.active_days * share if tempo.active_days else None
    return replace(
        group,
        exchanges=max(1, round(group.exchanges * share)),
        tempo=replace(tempo, start_day=tempo.start_day * share, active_days=active),
        pivot=replace(pivot, day=pivot.day * share) if pivot else None,
    )


def one_world(name: str, seed: int, corpora: Corpora, scratch: Path) -> World:
    """Make a world in ``scratch``, hunt it with the defaults, and remove it."""
    begun = time.perf_counter()
    days, scale = WORLDS[name]
    scenario = expanded(shortened(read_scenario(name), days), read_scenario)
    made = simulate(scenario, scale=scale, seed=seed, out=scratch, corpora=corpora)
    log = Log.build(read_exchanges(made.exchanges, columns=COLUMNS).table, read_accounts(made.accounts).table)
    found = hunt(log, Settings())
    truth = {row["account_id"]: row for row in pq.read_table(made.truth).to_pylist()}
    sent = extraction_of(made)
    shutil.rmtree(scratch)
    benign = {name for name, row in truth.items() if row["kind"] == "benign"}
    return World(
        scenario=name,
        seed=seed,
        exchanges=len(log),
        benign=len(benign),
        false_flags=sum(v.flagged and v.account_id in benign for v in found.verdicts),
        campaigns=tuple(counted(name, seed, c, truth, sent) for c in found.campaigns),
        seconds=round(time.perf_counter() - begun, 1),
    )


def extraction_of(made: Simulated) -> Counter[str]:
    """Extraction exchanges of each account."""
    told = pq.read_table(made.truth_exchanges, columns=["exchange_id", "malicious"])
    sent = pq.read_table(made.exchanges, columns=["exchange_id", "account_id"])
    both = sent.join(told, "exchange_id").filter(pq.filters_to_expression([("malicious", "==", True)]))
    return Counter(both.column("account_id").to_pylist())


def counted(name: str, seed: int, campaign: Campaign, truth: dict[str, dict[str, str]], sent: Counter[str]) -> Counted:
    """One campaign held against the truth; its kind is that of most of its accounts."""
    kinds = Counter(truth[a]["kind"] for a in campaign.account_ids)
    return Counted(
        scenario=name,
        seed=seed,
        accounts=campaign.accounts,
        exchanges=campaign.exchanges,
        true=sum(sent[a] for a in campaign.account_ids),
        value=round(campaign.extraction_exchanges, 1),
        low=round(campaign.extraction_exchanges_low, 1),
        high=round(campaign.extraction_exchanges_high, 1),
        said=campaign.kind,
        kind=kinds.most_common(1)[0][0],
        holds=dict(Counter(truth[a]["label"] for a in campaign.account_ids)),
    )


def summary(worlds: list[World]) -> dict[str, object]:
    """Coverage and kinds over all worlds, and by scenario."""
    every = [c for w in worlds for c in w.campaigns if c.kind != "benign"]
    right = sum(c.accounts for c in every if c.said == c.kind)
    held = wilson(sum(c.covered for c in every), len(every))
    return {
        "worlds": len(worlds),
        "campaigns": len(every),
        "intervals that hold the truth": sum(c.covered for c in every),
        "coverage, with its 95 % interval": [round(v, 3) for v in (held.value, held.low, held.high)],
        "campaigns of the right kind": sum(c.said == c.kind for c in every),
        "accounts of the right kind, share": round(right / max(1, sum(c.accounts for c in every)), 3),
        "campaigns of benign accounts": sum(c.kind == "benign" for w in worlds for c in w.campaigns),
        "benign accounts": sum(w.benign for w in worlds),
        "benign accounts flagged": sum(w.false_flags for w in worlds),
        "by scenario: campaigns, covered, right kind": {
            name: [len(mine), sum(c.covered for c in mine), sum(c.said == c.kind for c in mine)]
            for name in WORLDS
            if (mine := [c for c in every if c.scenario == name])
        },
    }


def main() -> None:
    """Run, say how far, and print the summary."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--worlds", type=int, default=2, help="of each scenario")
    ask.add_argument("--scenarios", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    ask.add_argument("--shared", type=Path, default=None, help="folder of real prompts, addresses and arrivals")
    ask.add_argument("--results", type=Path, default=None, help="JSON file for the figures")
    ask.add_argument("--scratch", type=Path, default=Path("count-coverage"), help="folder for one world at a time")
    wish = ask.parse_args()
    code = present_code(Path(stillwatch.__file__).parent)
    corpora = load_corpora(wish.shared)
    worlds: list[World] = []
    for number in range(wish.worlds):
        for name in wish.scenarios:
            world = one_world(name, seed_of(code, name, number, "count"), corpora, wish.scratch)
            worlds.append(world)
            for c in world.campaigns:
                print(
                    f"{name} {c.holds} true {c.true} said {c.value} [{c.low}, {c.high}]"
                    f" {'held' if c.covered else 'MISSED'}, {c.kind} called {c.said}",
                    flush=True,
                )
            print(f"{name} {number}: {world.false_flags} of {world.benign} benign, {world.seconds} s", flush=True)
            if wish.results:  # a run that is cut off keeps what it has
                result = {"code": code, "worlds_of": WORLDS, **summary(worlds), "each": worlds}
                wish.results.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    for name, value in summary(worlds).items():
        print(f"{name:50} {value}")


if __name__ == "__main__":
    main()
