"""A stand-in for the simulator: small made-up worlds with their truth, in the files that the lab works on.

For tests of what reads such folders. The worlds are those of :mod:`stillwatch.testing.worlds`, and so are their limits.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.lab.scenario import Group, Role, Scenario
from stillwatch.testing.worlds import make_world


def write_world(folder: Path, *, people: int = 40, members: int = 6, days: int = 3, seed: int = 5) -> None:
    """Write a world of honest people and one campaign."""
    world = make_world(people=people, members=members, days=days, per_day=8, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    world.write(folder)
    bad = set(world.members)
    names = [*world.people, *world.members]
    pq.write_table(
        pa.table(
            {
                "account_id": names,
                "label": ["C" if n in bad else f"B{1 + i % 2}" for i, n in enumerate(names)],
                "campaign": pa.array(["c" if n in bad else None for n in names], pa.string()),
                "kind": ["extraction" if n in bad else "benign" for n in names],
            }
        ),
        folder / "truth.parquet",
    )
    rows = world.exchanges
    pq.write_table(
        pa.table(
            {
                "exchange_id": [str(r["exchange_id"]) for r in rows],
                "malicious": [r["account_id"] in bad for r in rows],
            }
        ),
        folder / "truth_exchanges.parquet",
    )


def simulate(scenario: Scenario, _scale: float, seed: int, folder: Path) -> None:
    """What the simulator does, in small: the campaign is there if the scenario has a malicious group."""
    members = sum(g.accounts for g in scenario.groups if g.role is not Role.BENIGN)
    write_world(folder, members=min(members, 12), days=scenario.days, seed=seed % 1000)


def scenario(name: str = "C1", *, miss: bool = False, days: int = 3) -> Scenario:
    """A scenario with one campaign of six accounts."""
    group = Group(name="g", label="C", role=Role.EXTRACTION, campaign="c", accounts=6, exchanges=600)
    return Scenario(name=name, title="made up", days=days, people=40, groups=(group,), expected_miss=miss)
