"""What the lab's commands write: results as JSON and Markdown, pictures, and scores for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import UnsetType

from stillwatch.errors import ConfigurationError
from stillwatch.evidence.claims import Interval
from stillwatch.lab import pictures
from stillwatch.lab.bench import Cell, Plan
from stillwatch.lab.bench_summary import as_json, lines, mean_curves, page_part
from stillwatch.lab.evade import Case, Price
from stillwatch.lab.publish import fill, plain, write_json
from stillwatch.lab.score import Scores

PART = "lab-benchmark"


def write_bench(cells: Sequence[Cell], plan: Plan, out: Path, page: Path | None) -> list[str]:
    """Write results.json, results.md and pictures to ``out``; fill the page where one is given. What to tell the user."""
    write_json(out / "results.json", as_json(cells, plan))
    body = page_part(cells, plan)
    (out / "results.md").write_text(body.strip() + "\n", encoding="utf-8")
    if page is not None:
        fill(page, PART, body)
    try:
        _bench_pictures(cells, out)
    except ConfigurationError as error:
        return [f"no pictures: {error.message}", error.hint]
    return []


def _bench_pictures(cells: Sequence[Cell], out: Path) -> None:
    for scenario in dict.fromkeys(c.scenario for c in cells):
        curves = mean_curves(cells, scenario)
        if curves:
            pictures.draw(curves, out / f"roc-{scenario}.svg")
    rows: dict[str, list[tuple[str, float, float, float]]] = {}
    for line in lines(cells):
        if line.leak is not None:
            point = (line.detector_title, line.leak.value, line.leak.low, line.leak.high)
            rows.setdefault(line.scenario, []).append(point)
    if rows:
        pictures.draw_leaks(list(rows.items()), out / "leaks.svg")


def write_price(price: Price, out: Path) -> list[str]:
    """Write the price of evasion and its picture to ``out``."""
    write_json(out / f"evade-{price.scenario}.json", msgspec.to_builtins(price))
    row = (price.scenario, price.unwatched, price.before.undetected_per_dollar, price.after.undetected_per_dollar)
    try:
        pictures.draw_price([row], out / f"evade-{price.scenario}.svg")
    except ConfigurationError as error:
        return [f"no picture: {error.message}", error.hint]
    return []


def write_sweep(name: str, knob: str, words: str, found: Sequence[tuple[float, Case]], out: Path) -> list[str]:
    """Write a sweep and its picture to ``out``."""
    values = {"scenario": name, "knob": knob, "what": words,
              "values": [{"value": v, **msgspec.to_builtins(c)} for v, c in found]}  # fmt: skip
    write_json(out / f"sweep-{name}-{knob}.json", values)
    rows = [(v, c.leak, c.tpr, c.false_flag_rate) for v, c in found]
    try:
        pictures.draw_sweep(f"{knob} ({name})", rows, out / f"sweep-{name}-{knob}.svg")
    except ConfigurationError as error:
        return [f"no picture: {error.message}", error.hint]
    return []


def price_text(price: Price) -> str:
    """The price of evasion in words and numbers."""
    head = ("campaign", "knobs turned", "taken", "undetected", "dollars", "undetected per dollar", "TPR")
    rows = [
        (title, settings_text(case.settings), f"{case.extraction:,}", f"{case.undetected:,}", f"{case.dollars:,.0f}",
         f"{case.undetected_per_dollar:.3f}", f"{case.tpr:.3f}")
        for title, case in (("as in the scenario", price.before), ("as found", price.after))
    ]  # fmt: skip
    dear = "nothing goes undetected" if price.times_dearer is None else f"{price.times_dearer:g} times dearer"
    return (
        f"{plain(head, rows)}\n\nUnwatched, a dollar buys {price.unwatched:.3f} exchanges; "
        f"undetected, after {len(price.trials)} trials, {price.after.undetected_per_dollar:.3f}: {dear}.\n"
        "Prices are assumptions: see stillwatch.lab.costs.\n"
    )


def sweep_text(knob: str, words: str, found: Sequence[tuple[float, Case]]) -> str:
    """A sweep as a table."""
    head = (knob, "leak", "TPR", "false flags", "undetected per dollar")
    rows = [
        (
            f"{v:g}",
            f"{c.leak:.3f}",
            f"{c.tpr:.3f}",
            f"{c.false_flags} of {c.benign:,}",
            f"{c.undetected_per_dollar:.3f}",
        )
        for v, c in found
    ]
    return f"{words}.\n\n{plain(head, rows)}\n"


def settings_text(settings: dict[str, float]) -> str:
    """Knobs and their values."""
    return ", ".join(f"{name} {value:.3g}" for name, value in settings.items()) or "none"


def _between(found: Interval | None) -> str:
    if found is None:
        return ""
    return f"{found.value:.4g} ({found.low:.3g} to {found.high:.3g})"


def score_text(scores: Scores) -> str:
    """Scores for a terminal: the contract's figures, intervals beside, look-alikes that were flagged."""
    more = scores.further

    def told(value: float | UnsetType | None) -> str:
        return "" if value is None or isinstance(value, UnsetType) else f"{value:.4g}"

    rows = [
        ("accounts (benign)", f"{scores.accounts:,} ({scores.benign:,})"),
        ("verdicts missing", f"{scores.verdicts_missing:,}"),
        ("account TPR", _between(more.tpr)),
        ("false flags", f"{scores.false_flags} (declared use: {scores.declared_false_flags})"),
        ("false-flag rate", _between(more.false_flag_rate)),
        *((f"TPR at FPR {q}", f"{value:.4g}") for q, value in more.strict_tpr_at_fpr.items()),
        ("campaign recall", _between(more.campaign_recall)),
        ("campaign precision", f"{scores.campaign_precision:.4g} of {scores.reported_campaigns} reported"),
        ("false campaigns per million account-days", _between(more.false_campaigns_per_million_account_days)),
        ("B-cubed F1", told(scores.bcubed_f1)),
        ("kind accuracy", told(scores.kind_accuracy)),
        ("leak, all exchanges", told(scores.leak_all)),
        ("leak, mean over sets", told(scores.leak_sets)),
        ("count intervals that cover", _between(more.count_coverage.share if more.count_coverage else None)),
    ]
    text = plain(("score", "value (95 %)"), rows)
    flagged = [
        (n, f"{v.flagged} of {v.accounts:,}", f"{v.account_hours:,.0f}")
        for n, v in more.benign_labels.items()
        if v.flagged
    ]
    if flagged:
        text += "\n\n" + plain(("benign label", "flagged", "account-hours"), flagged)
    campaigns = [
        (n, f"{hit.flagged} of {hit.accounts:,}", f"{scores.leak.get(n, 1.0):.3f}")
        for n, hit in scores.campaigns.items()
    ]
    if campaigns:
        text += "\n\n" + plain(("campaign", "flagged", "leak"), campaigns)
    return f"{text}\n\nThe smallest false-positive rate that this log can show is {more.resolution:.2g}.\n"
