"""Campaigns as CSV (RFC 4180), one row each, safe to open in a spreadsheet.

A cell that begins with ``=``, ``+``, ``-``, ``@`` or a tab would be run as a formula; such text gets an apostrophe in front.
Source: OWASP, CSV Injection.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from stillwatch._internal.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.campaigns.model import Campaign, Share

COLUMNS = (
    "campaign_id",
    "previous_ids",
    "kind",
    "rides_on",
    "accounts",
    "exchanges",
    "extraction_exchanges",
    "extraction_exchanges_low",
    "extraction_exchanges_high",
    "first_seen",
    "last_seen",
    "flagged_at",
    "active",
    "capabilities",
    "elicitation",
    "models",
    "infrastructure",
    "links",
    "evidence",
    "guarantee",
    "alternatives",
    "summary",
    "account_ids",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs, its control characters written out."""
    safe = terminal_safe(text)
    return f"'{safe}" if text.lstrip(" ").startswith(_FORMULA) else safe


def _shares(parts: Iterable[Share]) -> str:
    return "; ".join(f"{part.name}={part.share:.4f}" for part in parts)


def row(campaign: Campaign) -> list[str | int | float]:
    """One campaign, in the order of :data:`COLUMNS`."""
    texts: dict[str, str] = {
        "previous_ids": "; ".join(campaign.previous_ids),
        "kind": campaign.kind.value,
        "rides_on": campaign.rides_on or "",
        "first_seen": campaign.first_seen.isoformat(),
        "last_seen": campaign.last_seen.isoformat(),
        "flagged_at": campaign.flagged_at.isoformat(),
        "active": str(campaign.active).lower(),
        "capabilities": _shares(campaign.capabilities),
        "elicitation": _shares(campaign.elicitation),
        "models": _shares(campaign.models),
        "infrastructure": "; ".join(f"{each.kind}={each.value} ({each.accounts})" for each in campaign.infrastructure),
        "links": "; ".join(f"{each.kind} ({each.accounts})" for each in campaign.links),
        "alternatives": "; ".join(campaign.alternatives),
        "account_ids": "; ".join(campaign.account_ids),
    }
    values: list[str | int | float] = []
    for name in COLUMNS:
        value = texts[name] if name in texts else getattr(campaign, name)
        values.append(cell(value) if isinstance(value, str) else value)
    return values


def table(campaigns: Iterable[Campaign]) -> str:
    """All campaigns with a header row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(row(each) for each in campaigns)
    return out.getvalue()
