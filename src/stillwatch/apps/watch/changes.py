"""What changed between two looks: campaigns found, changed, merged or withdrawn, accounts flagged or released.

Only changes leave the watch, each once, with its reasons. A campaign counts as changed when its accounts, its kind, what it
rides on or whether it runs changed, or when the estimate of its extraction left the interval that was told last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from stillwatch._internal.times import microseconds, moment
from stillwatch.campaigns.model import Campaign, Verdict

MOST_NAMED = 1_000
"""Accounts that one change names; the numbers are complete."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as it was told last."""

    campaign_id: str
    kind: str
    rides_on: str | None
    active: bool
    account_ids: tuple[str, ...]
    extraction: float
    low: float
    high: float


class Flag(msgspec.Struct, frozen=True):
    """An account that is flagged: by which campaign, as what, since when (microseconds)."""

    campaign_id: str
    kind: str
    flagged_at_us: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look says of campaigns and of the accounts that are or were flagged."""

    campaigns: tuple[Campaign, ...]
    verdicts: tuple[Verdict, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: ``type`` and ``data`` as they go out."""

    type: str
    data: dict[str, object]


def standing(campaign: Campaign) -> Standing:
    """What is remembered of a campaign."""
    return Standing(
        campaign_id=campaign.campaign_id,
        kind=str(campaign.kind),
        rides_on=campaign.rides_on,
        active=campaign.active,
        account_ids=campaign.account_ids,
        extraction=campaign.extraction_exchanges,
        low=campaign.extraction_exchanges_low,
        high=campaign.extraction_exchanges_high,
    )


def flags(verdicts: Iterable[Verdict]) -> dict[str, Flag]:
    """Flagged accounts among the verdicts."""
    return {
        v.account_id: Flag(v.campaign_id or "", str(v.kind or ""), microseconds(v.flagged_at) if v.flagged_at else 0)
        for v in verdicts
        if v.flagged
    }


def changes(before: Mapping[str, Standing], flagged: Mapping[str, Flag], found: Found) -> list[Change]:
    """Changes from what stood before to what was found, campaigns first, each kind in the order of names."""
    now = {each.campaign_id: each for each in found.campaigns}
    into = {old: each.campaign_id for each in found.campaigns for old in each.previous_ids if old not in now}
    out = [_found(now[name]) for name in sorted(now.keys() - before.keys())]
    out += [
        _changed(before[name], now[name])
        for name in sorted(now.keys() & before.keys())
        if _differs(before[name], now[name])
    ]
    gone = sorted(before.keys() - now.keys())
    out += [_ended(before[name], into.get(name)) for name in gone]
    verdicts = {v.account_id: v for v in found.verdicts}
    present = flags(found.verdicts)
    out += [_flagged(verdicts[name]) for name in sorted(present.keys() - flagged.keys())]
    out += [_released(name, flagged[name], verdicts.get(name)) for name in sorted(flagged.keys() - present.keys())]
    return out


def _differs(old: Standing, new: Campaign) -> bool:
    return (
        set(old.account_ids) != set(new.account_ids)
        or (old.kind, old.rides_on, old.active) != (str(new.kind), new.rides_on, new.active)
        or not old.low <= new.extraction_exchanges <= old.high
    )


def _found(campaign: Campaign) -> Change:
    return Change(type="campaign.found", data=_described(campaign))


def _described(campaign: Campaign) -> dict[str, object]:
    return {
        "campaign_id": campaign.campaign_id,
        "previous_ids": list(campaign.previous_ids),
        "kind": str(campaign.kind),
        "rides_on": campaign.rides_on,
        "accounts": campaign.accounts,
        "account_ids": list(campaign.account_ids[:MOST_NAMED]),
        "exchanges": campaign.exchanges,
        "extraction_exchanges": round(campaign.extraction_exchanges, 1),
        "extraction_exchanges_low": round(campaign.extraction_exchanges_low, 1),
        "extraction_exchanges_high": round(campaign.extraction_exchanges_high, 1),
        "first_seen": campaign.first_seen,
        "last_seen": campaign.last_seen,
        "flagged_at": campaign.flagged_at,
        "active": campaign.active,
        "evidence": round(campaign.evidence, 2),
        "reasons": [f"{link.kind}: {link.accounts} accounts" for link in campaign.links],
        "summary": campaign.summary,
    }


def _changed(old: Standing, new: Campaign) -> Change:
    had, has = set(old.account_ids), set(new.account_ids)
    came, went = sorted(has - had), sorted(had - has)
    reasons = [f"{len(came)} accounts joined"] if came else []
    reasons += [f"{len(went)} accounts left"] if went else []
    if old.kind != str(new.kind):
        reasons.append(f"kind was {old.kind}")
    if old.rides_on != new.rides_on:
        reasons.append("what it rides on changed")
    if old.active != new.active:
        reasons.append("it runs again" if new.active else "it stopped")
    if not old.low <= new.extraction_exchanges <= old.high:
        reasons.append(f"extraction was estimated at {old.extraction:.0f} exchanges")
    data = _described(new) | {"reasons": reasons, "joined": came[:MOST_NAMED], "left": went[:MOST_NAMED]}
    del data["account_ids"]
    return Change(type="campaign.changed", data=data)


def _ended(old: Standing, into: str | None) -> Change:
    data: dict[str, object] = {"campaign_id": old.campaign_id, "kind": old.kind, "accounts": len(old.account_ids)}
    if into is not None:
        return Change(
            type="campaign.merged", data=data | {"into": into, "reasons": [f"its accounts are part of {into}"]}
        )
    reason = "with what is known now, its evidence does not suffice, or its exchanges left the window"
    return Change(type="campaign.withdrawn", data=data | {"reasons": [reason]})


def _flagged(verdict: Verdict) -> Change:
    data: dict[str, object] = {
        "account_id": verdict.account_id,
        "campaign_id": verdict.campaign_id,
        "kind": str(verdict.kind or ""),
        "flagged_at": verdict.flagged_at,
        "score": round(verdict.score, 4),
        "exchanges": verdict.exchanges,
        "extraction_exchanges": round(verdict.extraction_exchanges, 1),
        "reasons": list(verdict.reasons),
        "why": verdict.why,
        "innocent": verdict.innocent,
    }
    return Change(type="account.flagged", data=data)


def _released(name: str, flag: Flag, verdict: Verdict | None) -> Change:
    why = verdict.why if verdict else "the account has no exchange in the window any more"
    data: dict[str, object] = {
        "account_id": name,
        "campaign_id": flag.campaign_id,
        "decision": str(verdict.decision) if verdict else "not-decidable",
        "reasons": [why or "its set does not reach the evidence that a report needs"],
        "innocent": verdict.innocent if verdict else None,
    }
    return Change(type="account.released", data=data)


def message(change: Change, *, state: str, number: int, now_us: int) -> tuple[str, bytes]:
    """A change as it goes out: its id, the same at every attempt, and its JSON."""
    name = "msg_" + blake2b(f"{state}/{number}".encode(), digest_size=12).hexdigest()
    body = {"id": name, "type": change.type, "timestamp": moment(now_us), "data": change.data}
    return name, msgspec.json.encode(_plain(body))


def _plain(value: object) -> object:
    """Text that no UTF-8 stream can carry, mended; not-a-number as null is msgspec's own."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
