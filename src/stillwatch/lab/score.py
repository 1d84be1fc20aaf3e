"""The contract's scores of any detector's output against the truth, and what an honest reading of them needs beside.

    >>> from pathlib import Path
    >>> from stillwatch.lab.score import score
    >>> score(Path("world"), Path("run")).tpr                    # doctest: +SKIP
    0.98

``LOG`` holds exchanges, accounts, truth and truth_exchanges; ``OUT`` holds ``verdicts.parquet`` and, where the detector
reports campaigns, ``campaigns.parquet``. Definitions: the contract ``exchange-log``, "How a run is scored", and
``docs/reference/lab-format.md``. Nothing here knows which detector wrote the output.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from stillwatch.evidence.claims import Interval
from stillwatch.lab.intervals import rare, wilson
from stillwatch.lab.roc import Roc, roc_of
from stillwatch.lab.tables_of_run import Account, Tables, read_tables

RATES = (1e-4, 1e-3, 1e-2)
HALF = 0.5
PURE = 0.9
HARM = "B17"
"""Look-alike class whose harm is told apart: undeclared academic distillation and compression at small scale."""


class Hit(msgspec.Struct, frozen=True):
    """A campaign of the truth: its accounts, those flagged, and the names the detector gave it."""

    accounts: int
    flagged: int
    ids: int


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What the detector did to the benign accounts of one label.

    ``account_hours``: from an account's flag to the end of the log, summed; ``exchanges_hit``: their exchanges after it.
    """

    accounts: int
    flagged: int
    rate: Interval
    account_hours: float
    exchanges_hit: int


class Coverage(msgspec.Struct, frozen=True):
    """How many of the reported campaigns' count intervals hold the true number of extraction exchanges."""

    campaigns: int
    covered: int
    share: Interval


class Further(msgspec.Struct, frozen=True, kw_only=True):
    """Beyond the contract's figures. Intervals are at 95 %; None where there is nothing to measure.

    ``tpr`` and ``false_flag_rate`` take accounts as independent trials, which accounts of one campaign are not: across
    worlds use :func:`stillwatch.lab.intervals.grouped`. ``strict_tpr_at_fpr``: no threshold parts equal scores.
    ``false_campaigns``: reported ones of which at most half of the accounts are malicious. ``account_days``: pairs of a
    benign account and a UTC day on which it was active. ``resolution``: the smallest false-positive rate the log can show.
    """

    tpr: Interval | None
    campaign_recall: Interval | None
    false_flag_rate: Interval | None
    strict_tpr_at_fpr: dict[str, float]
    auc: float
    resolution: float
    account_days: int
    false_campaigns: int
    false_campaigns_per_million_account_days: Interval | None
    extraction_exchanges: int
    extraction_leaked: int
    benign_labels: dict[str, Label]
    harm_of_b17: dict[str, Label]
    count_coverage: Coverage | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's scores, under the names of its reference implementation, and ``further`` ones."""

    accounts: int
    verdicts_missing: int
    tpr: float | None
    false_flags: int
    benign: int
    false_flags_by_label: dict[str, int]
    declared_false_flags: int
    undeclared_false_flags: int
    tpr_at_fpr_1e4: float = msgspec.field(name="tpr_at_fpr_0.0001")
    tpr_at_fpr_1e3: float = msgspec.field(name="tpr_at_fpr_0.001")
    tpr_at_fpr_1e2: float = msgspec.field(name="tpr_at_fpr_0.01")
    campaigns: dict[str, Hit]
    campaign_recall: float | None
    set_recall: float | None
    reported_campaigns: int
    campaign_precision: float
    bcubed_f1: float | UnsetType = UNSET
    kind_accuracy: float | UnsetType | None = UNSET
    leak: dict[str, float]
    leak_mean: float
    leak_sets: float
    leak_all: float
    count_error: dict[str, float] | UnsetType = UNSET
    further: Further


def score(log: Path, out: Path) -> Scores:
    """Score the output in ``out`` against the truth in ``log``.

    Raises:
        InputError: a table or a column that scoring needs is not there, or an account has two verdicts.
    """
    return scores_of(read_tables(log, out))


def scores_of(tables: Tables) -> Scores:
    """The scores of tables that were read already."""
    bad, good = tables.malicious(), tables.benign()
    at = {q: _tpr_at(tables.accounts, q, len(good), len(bad)) for q in RATES}
    campaigns = {name: _hit(members) for name, members in _by_campaign(bad).items()}
    found = [hit.flagged >= HALF * hit.accounts for hit in campaigns.values()]
    sets = [hit.flagged >= HALF * hit.accounts for hit in campaigns.values() if hit.accounts > 1]
    reported = _reported(tables.accounts)
    leak = _leaks(tables)
    many = [share for name, share in leak.items() if name not in campaigns or campaigns[name].accounts > 1]
    total = sum(a.extraction for a in tables.accounts)
    leaked = sum(a.leaked for a in tables.accounts)
    flags = [a for a in good if a.flagged]
    return Scores(
        accounts=len(tables.accounts),
        verdicts_missing=tables.verdicts_missing,
        tpr=round(_mean(a.flagged for a in bad), 4) if bad else None,
        false_flags=len(flags),
        benign=len(good),
        false_flags_by_label=dict(Counter(a.label for a in flags).most_common()),
        declared_false_flags=sum(a.declared for a in flags),
        undeclared_false_flags=sum(not a.declared for a in flags),
        tpr_at_fpr_1e4=at[1e-4],
        tpr_at_fpr_1e3=at[1e-3],
        tpr_at_fpr_1e2=at[1e-2],
        campaigns=campaigns,
        campaign_recall=round(_mean(found), 4) if found else None,
        set_recall=round(_mean(sets), 4) if sets else None,
        reported_campaigns=len(reported),
        campaign_precision=round(_mean(m >= PURE * n for n, m in reported.values()), 4) if reported else 0.0,
        bcubed_f1=_bcubed(bad),
        kind_accuracy=_kinds(bad) if tables.with_kind else UNSET,
        leak=leak,
        leak_mean=round(sum(leak.values()) / max(1, len(leak)), 4),
        leak_sets=round(sum(many) / max(1, len(many)), 4),
        leak_all=round(leaked / total, 4) if total else 0.0,
        count_error=_count_error(tables) if tables.with_counts else UNSET,
        further=_further(tables, bad, good, campaigns, reported),
    )


def curve(tables: Tables) -> Roc:
    """The ranking's curve; an account without a score ranks below all others."""

    def values(accounts: Sequence[Account]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        found = np.array([-np.inf if a.score is None else a.score for a in accounts], dtype=np.float64)
        return np.where(np.isnan(found), -np.inf, found)

    return roc_of(values(tables.benign()), values(tables.malicious()))


def _mean(values: Iterable[bool]) -> float:
    found = [float(v) for v in values]
    return sum(found) / len(found)


def _hit(members: Sequence[Account]) -> Hit:
    ids = {a.campaign_id for a in members if a.campaign_id is not None}
    return Hit(len(members), sum(a.flagged for a in members), len(ids))


def _by_campaign(accounts: Iterable[Account]) -> dict[str, list[Account]]:
    found: dict[str, list[Account]] = defaultdict(list)
    for a in accounts:
        found[str(a.campaign)].append(a)
    return dict(sorted(found.items()))


def _tpr_at(accounts: Sequence[Account], rate: float, benign: int, malicious: int) -> float:
    """The contract's reading: equal scores in the order of the truth table."""
    ranked = sorted((a for a in accounts if a.score is not None), key=lambda a: -float(a.score or 0.0))
    wrong = right = best = 0
    for a in ranked:
        wrong, right = wrong + (not a.malicious), right + a.malicious
        if wrong > rate * benign:
            break
        best = right
    return round(best / max(1, malicious), 4)


def _reported(accounts: Iterable[Account]) -> dict[str | None, tuple[int, int]]:
    """Accounts, and malicious ones, of every reported campaign."""
    found: dict[str | None, tuple[int, int]] = {}
    for a in accounts:
        if a.flagged:
            n, m = found.get(a.campaign_id, (0, 0))
            found[a.campaign_id] = n + 1, m + a.malicious
    return found


def _bcubed(bad: Iterable[Account]) -> float | UnsetType:
    """B-cubed F1 (Bagga and Baldwin 1998) over the flagged malicious accounts."""
    flagged = [a for a in bad if a.flagged]
    if not flagged:
        return UNSET
    both = Counter((a.campaign_id, a.campaign) for a in flagged if a.campaign_id is not None and a.campaign is not None)
    said, true = Counter(a.campaign_id for a in flagged), Counter(a.campaign for a in flagged)
    precision = sum(c * c / said[k[0]] for k, c in both.items()) / len(flagged)
    recall = sum(c * c / true[k[1]] for k, c in both.items()) / len(flagged)
    return round(2 * precision * recall / (precision + recall), 4) if precision + recall else 0.0


def _kinds(bad: Iterable[Account]) -> float | None:
    flagged = [a for a in bad if a.flagged]
    told = [a.kind == a.said for a in flagged if a.said is not None]
    return (round(_mean(told), 4) if told else 0.0) if flagged else None


def _leaks(tables: Tables) -> dict[str, float]:
    totals: dict[str, tuple[int, int]] = {}
    for a in tables.accounts:
        if a.extraction:
            n, k = totals.get(str(a.campaign), (0, 0))
            totals[str(a.campaign)] = n + a.extraction, k + a.leaked
    return {name: round(k / n, 4) for name, (n, k) in sorted(totals.items())}


def _count_error(tables: Tables) -> dict[str, float]:
    totals: dict[str, tuple[int, float]] = {}
    for a in tables.accounts:
        if a.extraction and a.flagged:
            true, said = totals.get(str(a.campaign), (0, 0.0))
            totals[str(a.campaign)] = true + a.extraction, said + (a.counted or 0.0)
    return {name: round(said / true - 1, 3) for name, (true, said) in sorted(totals.items())}


def _label(accounts: Sequence[Account], tables: Tables) -> Label:
    flagged = [a for a in accounts if a.flagged]
    hours = sum((tables.end - a.flagged_at) / 3.6e9 for a in flagged if a.flagged_at is not None)
    return Label(
        accounts=len(accounts),
        flagged=len(flagged),
        rate=wilson(len(flagged), len(accounts)),
        account_hours=round(hours, 2),
        exchanges_hit=sum(a.after for a in flagged),
    )


def _coverage(tables: Tables) -> Coverage | None:
    """Of the reported campaigns that hold a malicious account; the truth is that of its flagged accounts."""
    true: Counter[str] = Counter()
    for a in tables.accounts:
        if a.flagged and a.campaign_id is not None:
            true[a.campaign_id] += a.extraction
    inside = [low <= true[name] <= high for name, (low, high) in tables.intervals.items() if true[name]]
    return Coverage(len(inside), sum(inside), wilson(sum(inside), len(inside))) if inside else None


def _further(
    tables: Tables,
    bad: Sequence[Account],
    good: Sequence[Account],
    campaigns: dict[str, Hit],
    reported: dict[str | None, tuple[int, int]],
) -> Further:
    ranking = curve(tables)
    labels: dict[str, list[Account]] = defaultdict(list)
    for a in good:
        labels[a.label].append(a)
    told = {name: _label(members, tables) for name, members in sorted(labels.items())}
    days = sum(a.days for a in good)
    false = sum(2 * m <= n for n, m in reported.values())
    hits = sum(hit.flagged >= HALF * hit.accounts for hit in campaigns.values())
    return Further(
        tpr=wilson(sum(a.flagged for a in bad), len(bad)) if bad else None,
        campaign_recall=wilson(hits, len(campaigns)) if campaigns else None,
        false_flag_rate=wilson(sum(a.flagged for a in good), len(good)) if good else None,
        strict_tpr_at_fpr={f"{q:g}": round(ranking.tpr_at(q), 4) for q in RATES},
        auc=round(ranking.auc(), 4),
        resolution=1 / max(1, len(good)),
        account_days=days,
        false_campaigns=false,
        false_campaigns_per_million_account_days=rare(false, days / 1e6) if days else None,
        extraction_exchanges=sum(a.extraction for a in tables.accounts),
        extraction_leaked=sum(a.leaked for a in tables.accounts),
        benign_labels=told,
        harm_of_b17={name: label for name, label in told.items() if name.startswith(HARM)},
        count_coverage=_coverage(tables),
    )
