"""What a hunt found, in a few lines on the terminal; the report says the rest.

Text from the log is printed with its control characters written out and never as Rich markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stillwatch._internal.text import shorten, terminal_safe
from stillwatch.apps.run_folder import REPORT
from stillwatch.apps.wording import count, number, ordered, outcome, plural, short
from stillwatch.campaigns.model import Campaign, Decision, HuntResult

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

_MOST_CAMPAIGNS = 20


def _safe(text: str, limit: int = 60, style: str = "") -> Text:
    return Text(shorten(terminal_safe(text), limit), style=style)


def campaign_table(campaigns: tuple[Campaign, ...]) -> Table:
    """Campaigns as a table for a terminal, the most pressing first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, side in (
        ("campaign", "left"),
        ("kind", "left"),
        ("accounts", "right"),
        ("extraction (90 %)", "right"),
        ("log10 e", "right"),
        ("an hour", "right"),
    ):
        table.add_column(name, justify=side, no_wrap=name != "campaign")  # type: ignore[arg-type]
    for each in campaigns:
        low, high = short(each.extraction_exchanges_low), short(each.extraction_exchanges_high)
        table.add_row(
            _safe(each.campaign_id, 40, "bold"),
            Text(each.kind.value),
            Text(count(each.accounts)),
            Text(f"{short(each.extraction_exchanges)} ({low} to {high})"),
            Text(number(each.evidence)),
            Text(short(each.leaking_per_hour) if each.active else "ended"),
        )
    return table


def print_summary(result: HuntResult, out: Path, console: Console) -> None:
    """Print what was found and where the report is.

    Args:
        result: What the hunt found.
        out: The run folder.
        console: Where to print; a console on stderr, since stdout is for data.
    """
    console.print()
    console.print(_safe(outcome(result), 500, "bold"), soft_wrap=True)
    campaigns = ordered(result.campaigns)
    if campaigns:
        console.print()
        console.print(campaign_table(campaigns[:_MOST_CAMPAIGNS]))
        if len(campaigns) > _MOST_CAMPAIGNS:
            console.print(Text(f"and {len(campaigns) - _MOST_CAMPAIGNS} more"))
        console.print()
        for each in campaigns[:5]:
            console.print(_safe(f"{each.campaign_id}: {each.summary}", 600), soft_wrap=True)
    undecided = sum(each.decision is Decision.NOT_DECIDABLE for each in result.verdicts)
    rejected = sum(each.rows for each in result.rejected)
    notes = []
    if result.near:
        notes.append(
            f"{plural(len(result.near), 'set')} came near and {'was' if len(result.near) == 1 else 'were'} not reported"
        )
    if undecided:
        notes.append(f"{plural(undecided, 'account')} not decidable")
    if rejected:
        notes.append(f"{plural(rejected, 'record')} set aside")
    if not result.log.with_text:
        notes.append("no text was read")
    if notes:
        console.print()
        console.print(Text("; ".join(notes) + ".", style="dim"), soft_wrap=True)
    console.print()
    console.print(Text.assemble("Report  ", (terminal_safe(str(out / REPORT)), "bold")), soft_wrap=True)
    if campaigns:
        first = campaigns[0]
        name = first.account_ids[0] if first.account_ids else "ACCOUNT"
        console.print(_safe(f"Why     stillwatch explain {name} --run {out}", 300), soft_wrap=True)
