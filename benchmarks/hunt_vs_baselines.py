"""The hunt beside the baselines on one log: ``python -m benchmarks.hunt_vs_baselines LOG RUN``.

LOG holds ``exchanges.parquet``, ``accounts.parquet`` and ``truth.parquet``; RUN is the folder a hunt over LOG wrote.
Everything is measured on the same half of the accounts, the one that no baseline was tuned on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl  # noqa: TID251 - not the package

from benchmarks.baselines import tables
from benchmarks.baselines.isolation import Isolation
from benchmarks.baselines.links import Links
from benchmarks.baselines.log import Log, load_embedding, read_log, read_truth
from benchmarks.baselines.mmd import MmdPaper
from benchmarks.baselines.mmd_accounts import MmdAccounts, MmdPooled
from benchmarks.baselines.picture import draw
from benchmarks.baselines.prada import Prada
from benchmarks.baselines.protocol import Baseline, Half, Outcome, ahead, choose, measure, split, values
from benchmarks.baselines.sets import Sets, link_sets, read_sets
from benchmarks.baselines.volume import VolumeLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = ("method", "TPR at FPR 1e-3", "TPR at FPR 1e-2", "AUC", "own threshold: TPR", "own threshold: false flags",
        "as published: TPR", "as published: false flags", "settings chosen in tuning")  # fmt: skip
PART = "hunt-vs-baselines"


@dataclass(frozen=True)
class Row:
    """One line of the comparison: what was reached, how long it took, and how far the hunt is ahead."""

    outcome: Outcome
    seconds: float | None
    lead: tuple[float, float] | None


def baselines(sets: Sets) -> tuple[Baseline, ...]:
    """All baselines, in the order of the table."""
    return (VolumeLimit(), Isolation(), Prada(), MmdPaper(), MmdAccounts(), MmdPooled(sets), Links(sets))


TEXT = frozenset({"prada", "mmd-paper", "mmd-accounts", "mmd-sets"})
"""Baselines that need prompts; on a log without text they are left out."""


def ours(run: Path, tuning: Half, held: Half) -> Outcome:
    """The hunt's verdicts on the evaluation half; its own threshold is the ``flagged`` column, tuned on nothing."""
    table = pl.read_parquet(run / "verdicts.parquet", columns=["account_id", "score", "flagged"])
    scores = dict(table.select("account_id", "score").iter_rows())
    flags = {a: float(f) for a, f in table.select("account_id", "flagged").iter_rows()}
    found = measure("hunt", "Stillwatch hunt", "defaults, no tuning", scores, tuning, held)
    pos, neg = values(flags, held.malicious), values(flags, held.benign)
    return Outcome(**{**vars(found), "threshold_tpr": float((pos > 0).mean()) if pos.size else 0.0,
                      "threshold_false_flags": int((neg > 0).sum())})  # fmt: skip


def compare(log: Log, run: Path, truth: dict[str, bool], sets: Sets) -> list[Row]:
    """Tune and measure every baseline; the first row is ours."""
    tuning, held = split(truth, log.account_ids())
    first = ours(run, tuning, held)
    rows = [Row(first, None, None)]
    for baseline in baselines(sets):
        if baseline.name in TEXT and log.windows is None:
            continue
        start = time.perf_counter()
        scorer = choose(baseline, log, tuning)
        result = measure(
            baseline.name, baseline.title, scorer.settings, scorer.score(log), tuning, held, scorer.as_published
        )
        rows.append(Row(result, time.perf_counter() - start, ahead(first.curve, result.curve)))
    return rows


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """The lines of the printed table."""

    def share(value: float | None) -> str:
        return "" if value is None else f"{value:.3f}"

    return [
        [r.outcome.title, *(share(r.outcome.tpr_at[k]) for k in ("0.001", "0.01")), share(r.outcome.auc),
         share(r.outcome.threshold_tpr), str(r.outcome.threshold_false_flags), share(r.outcome.published_tpr),
         "" if r.outcome.published_false_flags is None else str(r.outcome.published_false_flags), r.outcome.settings]
        for r in rows
    ]  # fmt: skip


def as_json(rows: Sequence[Row], log: Log, sets: Sets) -> dict[str, object]:
    """The comparison with every operating point that a false-positive rate up to 0.1 resolves."""
    first = rows[0].outcome
    methods = []
    for r in rows:
        o = r.outcome
        methods.append(
            {
                "name": o.name, "title": o.title, "settings": o.settings,
                "tpr_at_fpr": {k: round(v, 4) for k, v in o.tpr_at.items()}, "auc": round(o.auc, 4),
                "threshold": {"tpr": round(o.threshold_tpr, 4), "false_flags": o.threshold_false_flags},
                "as_published": None if o.published_tpr is None
                else {"tpr": round(o.published_tpr, 4), "false_flags": o.published_false_flags},
                "seconds": None if r.seconds is None else round(r.seconds, 1),
                "least_lead_of_the_hunt": None if r.lead is None
                else {"lead": round(r.lead[0], 4), "at_fpr": round(r.lead[1], 5)},
                "roc_to_0.1": o.curve.corners(),
            }
        )  # fmt: skip
    return {
        "command": "python -m benchmarks.hunt_vs_baselines LOG RUN",
        "machine": tables.machine(),
        "log": {"exchanges": log.exchanges.height, "accounts": len(log.account_ids()), "with_text": bool(log.windows)},
        "evaluation_half": {"benign": first.benign, "malicious": first.malicious},
        "sets": {"origin": sets.origin, "sets": len(sets.members()), "linked_accounts": len(sets.of)},
        "methods": methods,
    }


def sentences(rows: Sequence[Row], sets: Sets) -> str:
    """What the table was measured on and whether the hunt is ahead everywhere, in words."""
    first = rows[0].outcome
    behind = [r for r in rows[1:] if r.lead is not None and r.lead[0] < 0]
    text = (
        f"Measured on {first.malicious:,} accounts of campaigns and {first.benign:,} benign ones, none of them used in "
        f"tuning; the smallest false-positive rate they resolve is {1 / first.benign:.1e}. Sets: {sets.origin}. "
    )
    if not behind:
        return text + "At no false-positive rate that the log resolves is a baseline ahead of the hunt."
    where = "; ".join(f"{r.outcome.title} by {-r.lead[0]:.3f} at {r.lead[1]:.2g}" for r in behind if r.lead)
    return text + f"The hunt is behind somewhere: {where} (the largest gap and its false-positive rate)."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and write table, JSON, picture and, where asked, the page's generated part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("log", type=Path, help="folder with exchanges, accounts and truth")
    parser.add_argument("run", type=Path, help="folder that a hunt over this log wrote")
    parser.add_argument("--sets", type=Path, help="the hunt's proposed sets: account_id, set_id[, weight]")
    parser.add_argument("--results", type=Path, help="JSON file to write")
    parser.add_argument("--picture", type=Path, help="SVG picture to write")
    parser.add_argument("--page", type=Path, help="page whose generated part is filled")
    parser.add_argument("--table", type=Path, help="model2vec folder instead of the shipped embedding")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    given = parser.parse_args(arguments)
    log = read_log(given.log, load_embedding(given.table))
    proposed = given.sets or given.run / "sets.parquet"
    sets = read_sets(proposed) if given.sets or proposed.exists() else link_sets(log)
    rows = compare(log, given.run, read_truth(given.log), sets)
    found = as_json(rows, log, sets)
    print(
        json.dumps(found, indent=1) if given.json else f"{tables.plain(HEAD, cells(rows))}\n\n{sentences(rows, sets)}"
    )
    if given.results:
        tables.write_json(given.results, found)
    if given.picture:
        draw([(r.outcome.title, r.outcome.curve) for r in rows], given.picture)
    if given.page:
        body = f"\n{sentences(rows, sets)}\n\n{tables.markdown(HEAD, cells(rows))}\n"
        if given.picture:
            link = Path(os.path.relpath(given.picture, given.page.parent)).as_posix()
            body += f"\n![ROC curves up to a false-positive rate of 0.1, each named where it ends]({link})\n"
        tables.fill(given.page, PART, body)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
