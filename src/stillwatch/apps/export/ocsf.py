"""Campaigns as OCSF Detection Findings (class 2004), one each, for a provider's own SIEM or data lake.

Source: OCSF schema 1.9.0, events/findings/detection_finding.json and the objects that it names. Times are milliseconds
since 1970. Confidence is the e-value's order of magnitude, not a probability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stillwatch.apps.export import atlas
from stillwatch.apps.export.addresses import addresses
from stillwatch.apps.wording import harm_times_confidence
from stillwatch.campaigns.model import Campaign, HuntResult, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

SCHEMA = "1.9.0"
CLASS_UID = 2004
CATEGORY_UID = 2
CREATE = 1
IP_ADDRESS, USER_UID = 2, 31
_MOST_ACCOUNTS = 1000

Finding = dict[str, Any]


def _time(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def severity(campaign: Campaign) -> tuple[int, str]:
    """Extraction that runs is High, that ended is Medium; a pool is one step below."""
    step = 4 - (campaign.kind is Kind.BROKER) - (not campaign.active)
    return step, {2: "Low", 3: "Medium", 4: "High"}[step]


def confidence(campaign: Campaign) -> tuple[int, str]:
    """High from e = 1000, Medium from e = 10."""
    if campaign.evidence >= 3:
        return 3, "High"
    return (2, "Medium") if campaign.evidence >= 1 else (1, "Low")


def _attack(technique: atlas.Technique) -> dict[str, Any]:
    made: dict[str, Any] = {
        "tactic": {"uid": technique.tactic_id, "name": technique.tactic},
        "version": f"{atlas.FRAMEWORK} {atlas.VERSION}",
    }
    if technique.is_sub:
        made["sub_technique"] = {"uid": technique.id, "name": technique.name, "src_url": technique.url}
        parent = atlas.EXFILTRATION if technique.parent == atlas.EXFILTRATION.id else None
        if parent is not None:
            made["technique"] = {"uid": parent.id, "name": parent.name}
        else:
            made["technique"] = {"uid": technique.parent}
    else:
        made["technique"] = {"uid": technique.id, "name": technique.name, "src_url": technique.url}
    return made


def _anomalies(campaign: Campaign) -> list[dict[str, Any]]:
    claims = [claim for claim in campaign.claims if claim.log10_e is not None]
    if not claims:
        return []
    return [
        {
            "analysis_targets": [{"name": campaign.campaign_id, "type": "Linked set of accounts"}],
            "anomalies": [
                {
                    "observation_parameter": claim.signal,
                    "observation_type": claim.method or "statistical test",
                    "observations": [{"value": f"{claim.statistic:g}"}],
                }
                for claim in claims
            ],
            "baselines": [
                {
                    "observation_parameter": claim.signal,
                    "observation_type": claim.null,
                    "observations": [{"value": f"{claim.reference:g}"}],
                }
                for claim in claims
            ],
        }
    ]


def finding(result: HuntResult, campaign: Campaign) -> Finding:
    """One campaign as a Detection Finding."""
    severity_id, severity_name = severity(campaign)
    confidence_id, confidence_name = confidence(campaign)
    accounts = campaign.account_ids[:_MOST_ACCOUNTS]
    observables = [
        {"name": "evidences[].actor.user.uid", "type_id": USER_UID, "type": "User Unique ID", "value": name}
        for name in accounts
    ]
    observables += [
        {"name": "evidences[].src_endpoint.ip", "type_id": IP_ADDRESS, "type": "IP Address", "value": ip}
        for ip in addresses(campaign)
    ]
    return {
        "class_uid": CLASS_UID,
        "class_name": "Detection Finding",
        "category_uid": CATEGORY_UID,
        "category_name": "Findings",
        "activity_id": CREATE,
        "activity_name": "Create",
        "type_uid": CLASS_UID * 100 + CREATE,
        "type_name": "Detection Finding: Create",
        "time": _time(campaign.flagged_at),
        "start_time": _time(campaign.first_seen),
        "end_time": _time(campaign.last_seen),
        "severity_id": severity_id,
        "severity": severity_name,
        "status_id": 1,
        "status": "New",
        "confidence_id": confidence_id,
        "confidence": confidence_name,
        "is_alert": True,
        "message": campaign.summary,
        "metadata": {
            "version": SCHEMA,
            "product": {"name": "Stillwatch", "vendor_name": "Stillwatch", "version": result.version},
            "log_name": "stillwatch.campaign",
        },
        "finding_info": {
            "uid": campaign.campaign_id,
            "title": f"{campaign.kind.value.capitalize()} campaign of {campaign.accounts} accounts",
            "desc": campaign.summary,
            "types": [campaign.kind.value],
            "created_time": _time(campaign.flagged_at),
            "first_seen_time": _time(campaign.first_seen),
            "last_seen_time": _time(campaign.last_seen),
            "analytic": {
                "name": "Stillwatch hunt",
                "type_id": 3,
                "type": "Statistical",
                "version": result.version,
                "desc": campaign.guarantee,
            },
            "attacks": [_attack(each) for each in atlas.techniques(campaign)],
        },
        "evidences": [{"actor": {"user": {"uid": name}}} for name in accounts]
        + [{"src_endpoint": {"ip": ip}} for ip in addresses(campaign)],
        "resources": [{"name": part.name, "type": "AI model"} for part in campaign.models],
        **({"anomaly_analyses": found} if (found := _anomalies(campaign)) else {}),
        **(
            {"remediation": {"desc": " ".join(f"{each.action}: {each.words}" for each in campaign.effects)}}
            if campaign.effects
            else {}
        ),
        "observables": observables,
        "unmapped": {
            "stillwatch.log10_e": campaign.evidence,
            "stillwatch.exchanges": campaign.exchanges,
            "stillwatch.extraction_exchanges": campaign.extraction_exchanges,
            "stillwatch.extraction_exchanges_low": campaign.extraction_exchanges_low,
            "stillwatch.extraction_exchanges_high": campaign.extraction_exchanges_high,
            "stillwatch.leaking_per_hour": campaign.leaking_per_hour,
            "stillwatch.order": harm_times_confidence(campaign),
            "stillwatch.accounts": campaign.accounts,
            "stillwatch.accounts_listed": len(accounts),
        },
    }


def findings(result: HuntResult, campaigns: Iterable[Campaign]) -> list[Finding]:
    """One Detection Finding for each campaign."""
    return [finding(result, each) for each in campaigns]
