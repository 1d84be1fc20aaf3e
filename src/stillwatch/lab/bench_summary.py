"""The cells of a benchmark as figures over seeds, as a table for a page, and as JSON.

The unit is the world. Shares of accounts and of exchanges are pooled over worlds with the design effect of worlds
(:func:`stillwatch.lab.intervals.grouped`); campaigns are trials of their own; rare counts get exact Poisson intervals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from stillwatch.evidence.claims import Interval
from stillwatch.lab.bench import Cell, Plan
from stillwatch.lab.intervals import grouped, rare, wilson
from stillwatch.lab.publish import machine, markdown
from stillwatch.lab.roc import Roc
from stillwatch.lab.score import RATES

ENOUGH = 3
"""Benign accounts that a false-positive rate must stand for before it is reported: 1e-4 needs 30,000 accounts."""
OURS = "stillwatch"
HEAD = ("scenario", "detector", "TPR", "flagged: TPR", "false flags", "campaign recall", "leak", "campaign precision",
        "count intervals that cover")  # fmt: skip


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One detector on one scenario, over its worlds; ``tpr`` at the false-positive rate ``fpr``."""

    scenario: str
    title: str
    expected_miss: bool
    detector: str
    detector_title: str
    worlds: int
    benign: int
    malicious: int
    fpr: float
    tpr: Interval | None
    flagged_tpr: Interval | None
    false_flags: int
    false_flag_rate: Interval | None
    false_campaigns_per_million_account_days: Interval | None
    campaign_recall: Interval | None
    campaign_precision: Interval | None
    leak: Interval | None
    leak_sets: float
    kind_accuracy: float | None
    count_coverage: Interval | None
    harm_of_b17: dict[str, int]
    false_flags_by_label: dict[str, int]
    seconds: float


def resolved(benign: int) -> float:
    """The smallest of the contract's false-positive rates that as many benign accounts can show."""
    return next((q for q in RATES if q * benign >= ENOUGH), RATES[-1])


def lines(cells: Iterable[Cell]) -> tuple[Line, ...]:
    """One line for each scenario and detector, scenarios in the order of the cells."""
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell.scenario, cell.detector].append(cell)
    return tuple(_line(group) for group in groups.values())


def _line(cells: Sequence[Cell]) -> Line:
    first, scores = cells[0], [c.scores for c in cells]
    bad, good = [c.world.malicious for c in cells], [c.world.benign for c in cells]
    fpr = resolved(min(good))
    further = [s.further for s in scores]
    flags, false = sum(s.false_flags for s in scores), sum(f.false_campaigns for f in further)
    reported, covered = (
        sum(s.reported_campaigns for s in scores),
        [f.count_coverage for f in further if f.count_coverage],
    )
    kinds = [s.kind_accuracy for s in scores if isinstance(s.kind_accuracy, float)]
    found = sum(hit.flagged >= 0.5 * hit.accounts for s in scores for hit in s.campaigns.values())
    campaigns = sum(c.world.campaigns for c in cells)
    taken = [f.extraction_exchanges for f in further]
    days = sum(f.account_days for f in further)
    return Line(
        scenario=first.scenario,
        title=first.title,
        expected_miss=first.expected_miss,
        detector=first.detector,
        detector_title=first.detector_title,
        worlds=len(cells),
        benign=sum(good),
        malicious=sum(bad),
        fpr=fpr,
        tpr=grouped([f.strict_tpr_at_fpr[f"{fpr:g}"] * n for f, n in zip(further, bad, strict=True)], bad)
        if sum(bad)
        else None,
        flagged_tpr=grouped([(s.tpr or 0.0) * n for s, n in zip(scores, bad, strict=True)], bad) if sum(bad) else None,
        false_flags=flags,
        false_flag_rate=rare(flags, sum(good)) if sum(good) else None,
        false_campaigns_per_million_account_days=rare(false, days / 1e6) if days else None,
        campaign_recall=wilson(found, campaigns) if campaigns else None,
        campaign_precision=wilson(sum(s.campaign_precision * s.reported_campaigns for s in scores), reported)
        if reported
        else None,
        leak=grouped([f.extraction_leaked for f in further], taken) if sum(taken) else None,
        leak_sets=round(float(np.mean([s.leak_sets for s in scores])), 4),
        kind_accuracy=round(float(np.mean(kinds)), 4) if kinds else None,
        count_coverage=wilson(sum(c.covered for c in covered), sum(c.campaigns for c in covered)) if covered else None,
        harm_of_b17=_added({k: v.flagged for k, v in f.harm_of_b17.items()} for f in further),
        false_flags_by_label=_added(s.false_flags_by_label for s in scores),
        seconds=round(sum(c.seconds for c in cells), 1),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for one in counts:
        for name, n in one.items():
            total[name] += n
    return dict(sorted(total.items()))


def leads(found: Sequence[Line]) -> dict[str, tuple[str, float]]:
    """By scenario: the published detector with the best TPR, and how far the hunt is ahead of it (below 0: behind)."""
    out: dict[str, tuple[str, float]] = {}
    for scenario in dict.fromkeys(line.scenario for line in found):
        here = {line.detector: line for line in found if line.scenario == scenario and line.tpr is not None}
        ours = here.pop(OURS, None)
        if ours is not None and ours.tpr is not None and here:
            best = max(here.values(), key=lambda one: one.tpr.value if one.tpr else 0.0)
            out[scenario] = best.detector_title, ours.tpr.value - (best.tpr.value if best.tpr else 0.0)
    return out


def share(found: Interval | None) -> str:
    """A share with its interval."""
    return "" if found is None else f"{found.value:.3f} ({found.low:.2f} to {found.high:.2f})"


def table(found: Sequence[Line]) -> list[list[str]]:
    """The rows of the published table."""
    return [
        [
            line.scenario + (" (expected miss)" if line.expected_miss else ""), line.detector_title, share(line.tpr),
            share(line.flagged_tpr), f"{line.false_flags} of {line.benign:,}", share(line.campaign_recall),
            share(line.leak), share(line.campaign_precision), share(line.count_coverage),
        ]
        for line in found
    ]  # fmt: skip


def sentences(cells: Sequence[Cell], found: Sequence[Line], plan: Plan) -> str:
    """What was measured, and where the hunt is ahead, in words."""
    worlds = {(c.scenario, c.number): c.world for c in cells}
    rates = sorted({line.fpr for line in found})
    smallest = min(w.benign for w in worlds.values())
    text = (
        f"{len(worlds)} worlds of {len({c.scenario for c in cells})} scenarios, {plan.seeds} each, "
        f"{sum(w.exchanges for w in worlds.values()):,} exchanges in all, {cells[0].code.words}. A world has at least "
        f"{smallest:,} benign accounts; TPR is at a false-positive rate of {', '.join(f'{r:g}' for r in rates)}, the "
        f"smallest of which a world has {ENOUGH} accounts or more (1e-4 needs 30,000). Intervals: 95 %, over worlds."
    )
    ahead = leads(found)
    missed = {line.scenario for line in found if line.expected_miss}
    behind = [
        f"{name}{' (expected miss)' if name in missed else ''}: {who} by {-lead:.3f}"
        for name, (who, lead) in ahead.items()
        if lead < 0
    ]
    if behind:
        return f"{text} A published detector is ahead of the hunt in: {'; '.join(behind)}."
    return text + (" In no scenario is a published detector ahead of the hunt." if ahead else "")


def page_part(cells: Sequence[Cell], plan: Plan) -> str:
    """The generated part of the page."""
    found = lines(cells)
    return f"\n{sentences(cells, found, plan)}\n\n{markdown(HEAD, table(found))}\n\n{_b17(found)}\n"


def _b17(found: Sequence[Line]) -> str:
    told = [(line.detector_title, line.scenario, line.harm_of_b17) for line in found if line.harm_of_b17]
    if not told:
        return "No world of this run held accounts of B17."
    rows = [[who, where, ", ".join(f"{name}: {n}" for name, n in harm.items())] for who, where, harm in told]
    return "Accounts of B17 (undeclared academic distillation and compression) flagged:\n\n" + markdown(
        ("detector", "scenario", "flagged"), rows
    )


def as_json(cells: Sequence[Cell], plan: Plan) -> dict[str, object]:
    """The run as JSON: code, machine, plan, worlds, lines."""
    found = lines(cells)
    worlds = {f"{c.scenario}-{c.number}": {"seed": c.seed, **msgspec.to_builtins(c.world)} for c in cells}
    return {
        "code": msgspec.to_builtins(cells[0].code),
        "machine": machine(),
        "plan": msgspec.to_builtins(plan),
        "worlds": worlds,
        "leads": {name: {"over": who, "lead": round(lead, 4)} for name, (who, lead) in leads(found).items()},
        "lines": msgspec.to_builtins(found),
    }


def mean_curves(cells: Sequence[Cell], scenario: str) -> list[tuple[str, Roc]]:
    """For each detector the mean height of its curves at every false-positive rate at which one of them rises."""
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.scenario == scenario and cell.world.malicious:
            groups[cell.detector_title].append(cell)
    out = []
    for title, own in groups.items():
        rates = np.unique(np.concatenate([[0.0], *(c.roc["fpr"] for c in own)]))
        heights = np.mean([_heights(c.roc, rates) for c in own], axis=0)
        fpr, tpr = np.append(rates, 1.0), np.append(heights, 1.0)
        out.append((title, Roc(fpr, tpr, sum(c.world.benign for c in own), sum(c.world.malicious for c in own))))
    return out


def _heights(corners: dict[str, list[float]], rates: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    at = np.searchsorted(np.array(corners["fpr"]), rates, side="right") - 1
    return [corners["tpr"][i] if i >= 0 else 0.0 for i in at.tolist()]
