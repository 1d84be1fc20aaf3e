"""Campaigns as alerts in the Elastic Common Schema, one JSON object a line.

Source: ECS 8.11, field sets event, rule, threat, related; own figures stand under ``stillwatch``, as ECS asks of custom fields.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stillwatch.apps.export import atlas
from stillwatch.apps.export.addresses import addresses
from stillwatch.apps.export.ocsf import severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stillwatch.campaigns.model import Campaign, HuntResult

VERSION = "8.11.0"
_MOST_ACCOUNTS = 1000


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _threat(campaign: Campaign) -> dict[str, Any]:
    found = atlas.techniques(campaign)
    subs = [each for each in found if each.is_sub]
    tactics = {each.tactic_id: each.tactic for each in found}
    return {
        "framework": atlas.FRAMEWORK,
        "tactic": {"id": list(tactics), "name": list(tactics.values())},
        "technique": {
            "id": sorted({each.parent for each in found}),
            "subtechnique": {
                "id": [each.id for each in subs],
                "name": [each.name for each in subs],
                "reference": [each.url for each in subs],
            },
        },
    }


def alert(result: HuntResult, campaign: Campaign) -> dict[str, Any]:
    """One campaign as an alert."""
    accounts = list(campaign.account_ids[:_MOST_ACCOUNTS])
    return {
        "@timestamp": _time(campaign.flagged_at),
        "ecs": {"version": VERSION},
        "message": campaign.summary,
        "event": {
            "id": campaign.campaign_id,
            "kind": "alert",
            "category": ["intrusion_detection"],
            "type": ["info"],
            "module": "stillwatch",
            "dataset": "stillwatch.campaign",
            "severity": severity(campaign)[0],
            "start": _time(campaign.first_seen),
            "end": _time(campaign.last_seen),
        },
        "rule": {"id": "stillwatch-hunt", "name": f"{campaign.kind.value} campaign", "version": result.version},
        "threat": _threat(campaign),
        "related": {"user": accounts, "ip": list(addresses(campaign))},
        "stillwatch": {
            "campaign": {
                "id": campaign.campaign_id,
                "kind": campaign.kind.value,
                "rides_on": campaign.rides_on,
                "active": campaign.active,
                "accounts": campaign.accounts,
                "accounts_listed": len(accounts),
                "exchanges": campaign.exchanges,
                "extraction_exchanges": campaign.extraction_exchanges,
                "extraction_exchanges_low": campaign.extraction_exchanges_low,
                "extraction_exchanges_high": campaign.extraction_exchanges_high,
                "leaking_per_hour": campaign.leaking_per_hour,
                "log10_e": campaign.evidence,
                "guarantee": campaign.guarantee,
            }
        },
    }


def alerts(result: HuntResult, campaigns: Iterable[Campaign]) -> list[dict[str, Any]]:
    """One alert for each campaign."""
    return [alert(result, each) for each in campaigns]
