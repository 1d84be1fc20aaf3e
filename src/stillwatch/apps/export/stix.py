"""Campaigns as a STIX 2.1 bundle, for other providers.

What leaves: that there was a campaign, when, of which kind and size, by which techniques (MITRE ATLAS), and the addresses
that are its own. No account name, no prompt, no payment or mail detail. Ids are name-based (RFC 9562, version 5), so
that the same campaign exported twice is the same object. Source: OASIS STIX 2.1 (2021), sections 4, 7.3 and 9.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stillwatch.apps.export import atlas
from stillwatch.apps.export.addresses import shareable
from stillwatch.campaigns.model import Campaign, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

NAMESPACE = uuid.UUID("5b2f5f1e-3c0f-5a7d-9d0c-6d4a4f6b7a10")
VALID_FOR = timedelta(days=14)
"""How long after its last exchange a campaign's address is worth acting on; residential addresses change hands in days."""
TLP_AMBER = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
_SCHEMA = (
    "Property extension of campaign. stillwatch_kind: extraction or broker. stillwatch_accounts, stillwatch_exchanges: counts. "
    "stillwatch_extraction_exchanges, _low, _high: estimate and ends of its 90 % interval. stillwatch_log10_e: decimal "
    "logarithm of the e-value against the null hypothesis. stillwatch_guarantee: its guarantee in words. "
    "stillwatch_capabilities, stillwatch_elicitation: lists of name and share. stillwatch_active: running at the end of the log."
)
_EXTENSION_KEY = "extension-definition"

Object = dict[str, Any]


def _id(kind: str, *key: str) -> str:
    return f"{kind}--{uuid.uuid5(NAMESPACE, chr(31).join((kind, *key)))}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _base(kind: str, key: Sequence[str], created: datetime, modified: datetime, author: str) -> Object:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, *key),
        "created_by_ref": author,
        "created": _time(created),
        "modified": _time(max(created, modified)),
        "object_marking_refs": [TLP_AMBER],
    }


def _marking() -> Object:
    """TLP:AMBER as STIX 2.1 defines it, section 7.2.1.4."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_AMBER,
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": "TLP:AMBER",
        "definition": {"tlp": "amber"},
    }


def _identity(producer: str, created: datetime, *, kind: str = "organization") -> Object:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _id("identity", producer),
        "created": _time(created),
        "modified": _time(created),
        "name": producer,
        "identity_class": kind,
    }


def _extension() -> list[Object]:
    """The definition of our properties and its author: the same objects whoever exports."""
    maker = _identity("Stillwatch", datetime(2026, 11, 1, tzinfo=UTC), kind="system")
    moment = maker["created"]
    definition = {
        "type": _EXTENSION_KEY,
        "spec_version": "2.1",
        "id": _id(_EXTENSION_KEY, "campaign"),
        "created_by_ref": maker["id"],
        "created": moment,
        "modified": moment,
        "name": "Stillwatch campaign",
        "description": "Counts and evidence of a distillation campaign.",
        "schema": _SCHEMA,
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
    return [maker, definition]


def _campaign(campaign: Campaign, author: str) -> Object:
    known = shareable(campaign)
    kept = f" {known.kept_back} addresses that others use as well are not told." if known.kept_back else ""
    what = (
        "Extraction of a model through its API"
        if campaign.kind is Kind.EXTRACTION
        else "Resale of access to a model by an account pool"
    )
    aim = "obtain a model's outputs at scale" if campaign.kind is Kind.EXTRACTION else "resell access to a model"
    made = _base("campaign", (author, campaign.campaign_id), campaign.flagged_at, campaign.last_seen, author)
    return made | {
        "name": campaign.campaign_id,
        "description": f"{what} by {campaign.accounts} accounts acting together.{kept}",
        **({"aliases": list(campaign.previous_ids)} if campaign.previous_ids else {}),
        "first_seen": _time(campaign.first_seen),
        "last_seen": _time(max(campaign.first_seen, campaign.last_seen)),
        "objective": aim,
        "extensions": {
            _id(_EXTENSION_KEY, "campaign"): {
                "extension_type": "property-extension",
                "stillwatch_kind": campaign.kind.value,
                "stillwatch_accounts": campaign.accounts,
                "stillwatch_exchanges": campaign.exchanges,
                "stillwatch_extraction_exchanges": campaign.extraction_exchanges,
                "stillwatch_extraction_exchanges_low": campaign.extraction_exchanges_low,
                "stillwatch_extraction_exchanges_high": campaign.extraction_exchanges_high,
                "stillwatch_log10_e": campaign.evidence,
                "stillwatch_guarantee": campaign.guarantee,
                "stillwatch_active": campaign.active,
                "stillwatch_capabilities": [{"name": part.name, "share": part.share} for part in campaign.capabilities],
                "stillwatch_elicitation": [{"name": part.name, "share": part.share} for part in campaign.elicitation],
            }
        },
    }


def _attack_pattern(technique: atlas.Technique, author: str, created: datetime) -> Object:
    made = _base("attack-pattern", (author, technique.id), created, created, author)
    return made | {
        "name": technique.name,
        "external_references": [{"source_name": "mitre-atlas", "external_id": technique.id, "url": technique.url}],
        "kill_chain_phases": [
            {"kill_chain_name": "mitre-atlas", "phase_name": technique.tactic.lower().replace(" ", "-")}
        ],
    }


def pattern_of(network: IPv4Network | IPv6Network) -> str:
    """The STIX pattern that an address or a network answers to."""
    kind = f"ipv{network.version}-addr"
    if network.num_addresses == 1:
        return f"[{kind}:value = '{network.network_address}']"
    return f"[{kind}:value ISSUBSET '{network}']"


def _indicator(campaign: Campaign, network: IPv4Network | IPv6Network, author: str) -> Object:
    made = _base(
        "indicator", (author, campaign.campaign_id, str(network)), campaign.flagged_at, campaign.last_seen, author
    )
    last = max(campaign.last_seen, campaign.first_seen)
    return made | {
        "name": f"Address of {campaign.campaign_id}",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern_of(network),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _time(campaign.first_seen),
        "valid_until": _time(last + VALID_FOR),
    }


def _relationship(source: Object, verb: str, target: Object, author: str) -> Object:
    key = (author, source["id"], verb, target["id"])
    made = _base(
        "relationship",
        key,
        datetime.fromisoformat(source["created"]),
        datetime.fromisoformat(source["modified"]),
        author,
    )
    return made | {"relationship_type": verb, "source_ref": source["id"], "target_ref": target["id"]}


def _of_campaign(campaign: Campaign, patterns: dict[str, Object], author: str) -> list[Object]:
    made = _campaign(campaign, author)
    objects = [made]
    objects += [_relationship(made, "uses", patterns[each.id], author) for each in atlas.techniques(campaign)]
    for network in shareable(campaign).networks:
        indicator = _indicator(campaign, network, author)
        objects += [indicator, _relationship(indicator, "indicates", made, author)]
    return objects


def bundle(campaigns: Iterable[Campaign], *, producer: str = "Stillwatch user") -> Object:
    """A STIX 2.1 bundle of ``campaigns``.

    Args:
        campaigns: The campaigns to tell.
        producer: Name of the identity that tells them.

    Returns:
        The bundle as plain JSON values; the same for the same arguments, byte for byte.
    """
    chosen = sorted(campaigns, key=lambda each: each.campaign_id)
    marking, objects = _marking(), []
    if not chosen:
        return {"type": "bundle", "id": _id("bundle", producer, "empty"), "objects": [marking]}
    start = min(each.flagged_at for each in chosen)
    identity = _identity(producer, start)
    author = identity["id"]
    used = {each.id: each for campaign in chosen for each in atlas.techniques(campaign)}
    patterns = {key: _attack_pattern(used[key], author, start) for key in sorted(used)}
    objects += list(patterns.values())
    for campaign in chosen:
        objects += _of_campaign(campaign, patterns, author)
    by_name = {each["name"]: each for each in objects if each["type"] == "campaign"}
    for campaign in chosen:
        if campaign.rides_on in by_name:
            objects.append(
                _relationship(by_name[campaign.campaign_id], "related-to", by_name[str(campaign.rides_on)], author)
            )
    names = [each.campaign_id for each in chosen]
    end = max(each.last_seen for each in chosen)
    grouping = _base("grouping", (author, *names), start, end, author) | {
        "name": "Distillation campaigns of one hunt",
        "context": "suspicious-activity",
        "object_refs": [each["id"] for each in objects],
    }
    head = [marking, identity, *_extension(), grouping]
    return {"type": "bundle", "id": _id("bundle", author, _time(end), *names), "objects": head + objects}
