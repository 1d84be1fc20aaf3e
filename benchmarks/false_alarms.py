"""False alarms without attackers: ``python -m benchmarks.false_alarms LOG --results FILE``.

LOG holds ``exchanges.parquet``, ``accounts.parquet`` and ``truth.parquet``. Each of 20 logs is a draw of whole groups of
its honest accounts, hunted over its whole length with the defaults. No set may be reported beyond what alpha allows.

The draws overlap, being taken from one log, so they are no 20 independent logs: the bound that is printed holds for
independent ones and is a floor of what is not known, not a measure of other logs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.baselines import tables
from benchmarks.resampling import Source, chance_of, read_source, upper_bound
from stillwatch.campaigns.service import Settings, hunt
from stillwatch.detect.log import Log

HEAD = (
    "draw",
    "accounts",
    "exchanges",
    "reported sets",
    "accounts flagged",
    "reference sets",
    "nearest, log10 e",
    "seconds",
)


@dataclass(frozen=True)
class Outcome:
    """One resampled log and what the hunt made of it; ``nearest`` is the strongest set that was not reported."""

    accounts: int
    exchanges: int
    reported: int
    flagged: int
    reference_sets: int
    nearest: float | None
    seconds: float


def measure(source: Source, chosen: np.ndarray, alpha: float) -> Outcome:
    """Hunt one draw."""
    begun = time.perf_counter()
    log = Log.build(*source.draw(chosen))
    found = hunt(log, Settings(alpha=alpha))
    return Outcome(
        accounts=len(log.accounts),
        exchanges=len(log),
        reported=len(found.campaigns),
        flagged=sum(v.flagged for v in found.verdicts),
        reference_sets=found.guarantee.reference_sets,
        nearest=max((n.evidence for n in found.near), default=None),
        seconds=round(time.perf_counter() - begun, 1),
    )


def as_json(outcomes: Sequence[Outcome], source: Source, given: argparse.Namespace) -> dict[str, object]:
    """All outcomes, and what they say together."""
    alarms = sum(o.reported > 0 for o in outcomes)
    return {
        "command": "python -m benchmarks.false_alarms LOG",
        "machine": tables.machine(),
        "log": {
            "honest_accounts": int((source.group >= 0).sum()),
            "groups": source.groups,
            "days": given.days or "all",
        },
        "alpha": given.alpha,
        "share_of_groups": given.share,
        "seed": given.seed,
        "resamplings": len(outcomes),
        "with_a_report": alarms,
        "reported_sets": sum(o.reported for o in outcomes),
        "chance_of_as_many_at_alpha": round(chance_of(alarms, len(outcomes), given.alpha), 4),
        "upper_bound_95": round(upper_bound(alarms, len(outcomes)), 4),
        "outcomes": [asdict(o) for o in outcomes],
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt the draws, print the table, write the JSON; 1 where more was reported than one draw in twenty."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("log", type=Path, help="folder with exchanges, accounts and truth")
    parser.add_argument("--times", type=int, default=20, help="how many logs are drawn")
    parser.add_argument("--share", type=float, default=0.4, help="share of the groups in each")
    parser.add_argument("--days", type=float, help="only the first days of the log")
    parser.add_argument("--alpha", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON file to write")
    given = parser.parse_args(arguments)
    source = read_source(given.log, given.days)
    outcomes = []
    for chosen in source.resamplings(given.times, given.share, given.seed):
        outcomes.append(measure(source, chosen, given.alpha))
        print(f"{len(outcomes)} of {given.times}: {outcomes[-1]}", flush=True)
    rows = [[str(i), *(str(v) for v in asdict(o).values())] for i, o in enumerate(outcomes, start=1)]
    found = as_json(outcomes, source, given)
    print(f"\n{tables.plain(HEAD, rows)}\n")
    print(
        f"{found['with_a_report']} of {len(outcomes)} logs without attackers had a report; the 95 % upper bound of the rate"
        f" is {found['upper_bound_95']}, alpha is {given.alpha}."
    )
    if given.results:
        tables.write_json(given.results, found)
    return 0 if sum(o.reported > 0 for o in outcomes) <= len(outcomes) / 20 else 1


if __name__ == "__main__":
    raise SystemExit(main())
