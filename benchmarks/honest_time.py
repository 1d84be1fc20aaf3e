"""Honest times: ``python -m benchmarks.honest_time LOG RUN --times 20``.

LOG holds ``exchanges.parquet`` and ``accounts.parquet``; RUN is the folder that a hunt over LOG wrote. At some of the
times at which RUN flagged accounts, spread over the campaigns and over time, the hunt is run again and told to read
nothing later. Every account that RUN flagged at that time must be flagged.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.baselines import tables
from stillwatch.apps.hunt import Request, run_hunt

HEAD = ("time", "flagged then", "flagged again", "at the same time", "earlier ones still flagged", "seconds")


@dataclass(frozen=True)
class Check:
    """One time: accounts that RUN flagged then, how many are flagged again, and how many of all flagged before."""

    at: str
    flagged_then: int
    again: int
    same_time: int
    earlier: int
    earlier_again: int
    read_later: int
    seconds: float
    lost: tuple[str, ...]

    @property
    def honest(self) -> bool:
        """All are flagged again and nothing later was read."""
        return self.again == self.flagged_then and not self.read_later


def flag_times(run: Path) -> dict[datetime, dict[str, str]]:
    """Accounts by the time at which they were flagged, in order of time, each with its campaign."""
    table = pq.read_table(run / "verdicts.parquet", columns=["account_id", "flagged", "flagged_at", "campaign_id"])
    out: dict[datetime, dict[str, str]] = {}
    for row in table.filter(table["flagged"]).to_pylist():
        out.setdefault(row["flagged_at"], {})[row["account_id"]] = row["campaign_id"]
    return dict(sorted(out.items()))


def spread(times: dict[datetime, dict[str, str]], count: int) -> list[datetime]:
    """``count`` of the times: the first of every campaign, then as evenly as possible over those that are left."""
    first: dict[str, datetime] = {}
    for moment, accounts in times.items():
        for campaign in accounts.values():
            first.setdefault(campaign, moment)
    chosen = set(sorted(set(first.values()))[:count])
    left = [moment for moment in times if moment not in chosen]
    more = min(count - len(chosen), len(left))
    chosen |= {left[(2 * i + 1) * len(left) // (2 * more)] for i in range(more)}
    return sorted(chosen)


def check(log: Path, moment: datetime, times: dict[datetime, dict[str, str]]) -> Check:
    """Hunt until ``moment`` and compare."""
    begun = time.perf_counter()
    accounts = log / "accounts.parquet"
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            exchanges=log / "exchanges.parquet",
            accounts=accounts if accounts.exists() else None,
            out=Path(folder) / "run",
            until=moment,
        )
        result = run_hunt(request, lambda _stage, _done, _all: None)
    flagged = {v.account_id: v.flagged_at for v in result.verdicts if v.flagged}
    then = times[moment]
    before = {name for at, names in times.items() if at < moment for name in names}
    last = result.log.last
    return Check(
        at=moment.isoformat(),
        flagged_then=len(then),
        again=sum(name in flagged for name in then),
        same_time=sum(flagged.get(name) == moment for name in then),
        earlier=len(before),
        earlier_again=len(before & flagged.keys()),
        read_later=int(last is not None and last > moment),
        seconds=round(time.perf_counter() - begun, 1),
        lost=tuple(sorted(name for name in then if name not in flagged)),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the times, print the table, write the JSON; 1 where one was not honest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("log", type=Path, help="folder with exchanges and accounts")
    parser.add_argument("run", type=Path, help="folder that a hunt over this log wrote")
    parser.add_argument("--times", type=int, default=20, help="how many flag times are checked")
    parser.add_argument("--results", type=Path, help="JSON file to write")
    given = parser.parse_args(arguments)
    times = flag_times(given.run)
    if not times:
        print("This run flagged nobody; there is nothing to check.")
        return 0
    checks = []
    for moment in spread(times, given.times):
        checks.append(check(given.log, moment, times))
        print(f"{len(checks)}: {checks[-1]}", flush=True)
    rows = [
        [c.at, str(c.flagged_then), str(c.again), str(c.same_time), f"{c.earlier_again} of {c.earlier}", str(c.seconds)]
        for c in checks
    ]
    print(f"\n{tables.plain(HEAD, rows)}\n")
    kept = sum(c.honest for c in checks)
    print(f"{kept} of {len(checks)} times are honest; accounts: {sum(c.again for c in checks)} of "
          f"{sum(c.flagged_then for c in checks)} flagged again.")  # fmt: skip
    if given.results:
        exchanges = pq.read_table(given.log / "exchanges.parquet", columns=["ts"])["ts"]
        tables.write_json(
            given.results,
            {
                "command": "python -m benchmarks.honest_time LOG RUN",
                "machine": tables.machine(),
                "log": {"exchanges": len(exchanges), "last": pc.max(exchanges).as_py().isoformat()},
                "flag_times_in_the_run": len(times),
                "times_checked": len(checks),
                "honest": kept,
                "checks": [asdict(c) for c in checks],
            },
        )
    return 0 if kept == len(checks) else 1


if __name__ == "__main__":
    raise SystemExit(main())
