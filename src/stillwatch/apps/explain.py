"""Why an account got its verdict, in words, with the best explanation against it beside each reason.

Everything said here was found by the hunt and kept in the run folder; nothing is computed anew. Accounts that were not
flagged and accounts about which nothing can be said get an answer as well.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import msgspec

from stillwatch._internal.text import terminal_safe
from stillwatch.apps.wording import SignalText, count, interval, number, plural, share, signal, when
from stillwatch.campaigns.model import Alternative, Campaign, Decision, Edge, HuntResult, NearMiss, Verdict
from stillwatch.errors import UsageError
from stillwatch.evidence.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_COMPARED = 50_000


class Reason(msgspec.Struct, frozen=True):
    """A signal that carried the verdict, and the claim that it made about the account's set, where it made one."""

    signal: SignalText
    claim: Claim | None
    innocent: tuple[str, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer about one account."""

    account_id: str
    decision: Decision
    headline: str
    why: str
    verdict: Verdict
    set_id: str | None = None
    set_summary: str = ""
    evidence: float | None = None
    needed: float | None = None
    reasons: tuple[Reason, ...] = ()
    links: tuple[Edge, ...] = ()
    considered: tuple[Alternative, ...] = ()
    innocent: str | None = None
    guarantee: str = ""
    blind_to: tuple[str, ...] = ()


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Ids that look like ``name``; in a large log only those that begin alike are compared."""
    names = list(known)
    if len(names) > _MOST_COMPARED:
        names = [each for each in names if each[:3] == name[:3]][:_MOST_COMPARED]
    return difflib.get_close_matches(name, names, n=limit, cutoff=0.6)


def find(result: HuntResult, account_id: str) -> Verdict:
    """The verdict on ``account_id``.

    Raises:
        UsageError: No such account in the log; the hint names ids that look alike.
    """
    for verdict in result.verdicts:
        if verdict.account_id == account_id:
            return verdict
    alike = nearest(account_id, (each.account_id for each in result.verdicts))
    hint = f"Nearest ids: {', '.join(alike)}." if alike else "No id looks alike; verdicts.parquet lists them all."
    raise UsageError(f"no account {account_id} in this run", hint=hint)


def _reasons(names: Iterable[str], claims: Iterable[Claim]) -> tuple[Reason, ...]:
    """The verdict's signals, strongest first, then what else was claimed about the set."""
    by_signal = {claim.signal: claim for claim in claims}
    order = list(dict.fromkeys([*names, *by_signal]))
    reasons = []
    for name in order:
        known, claim = signal(name), by_signal.get(name)
        innocent = claim.innocent if claim and claim.innocent else known.innocent
        reasons.append(Reason(known, claim, innocent))
    return tuple(reasons)


def _context_only(reason: Reason) -> bool:
    """A figure about the set that carries no evidence."""
    return reason.claim is not None and reason.claim.log10_e is None


def _links(campaign: Campaign, account_id: str) -> tuple[Edge, ...]:
    mine = (edge for edge in campaign.edges if account_id in (edge.a, edge.b))
    return tuple(sorted(mine, key=lambda edge: (-edge.weight, edge.a, edge.b)))


def _near(result: HuntResult, verdict: Verdict) -> NearMiss | None:
    for miss in result.near:
        if miss.set_id == verdict.nearest_set or verdict.account_id in miss.account_ids:
            return miss
    return None


def _flagged(result: HuntResult, verdict: Verdict, campaign: Campaign | None) -> Explanation:
    kind = verdict.kind.value if verdict.kind else "campaign"
    headline = f"Flagged as part of {kind} campaign {verdict.campaign_id}, by the evidence up to {when(verdict.flagged_at)} UTC."
    if campaign is None:
        return Explanation(
            account_id=verdict.account_id,
            decision=verdict.decision,
            headline=headline,
            why=verdict.why,
            verdict=verdict,
            set_id=verdict.campaign_id,
            reasons=_reasons(verdict.reasons, ()),
            innocent=verdict.innocent,
            guarantee=result.guarantee.statement,
        )
    standing = [each.name for each in campaign.considered if not each.rejected]
    return Explanation(
        account_id=verdict.account_id,
        decision=verdict.decision,
        headline=headline,
        why=verdict.why or "The account inherits the verdict of its set, by the links and the behaviour below.",
        verdict=verdict,
        set_id=campaign.campaign_id,
        set_summary=campaign.summary,
        evidence=campaign.evidence,
        reasons=_reasons(verdict.reasons, campaign.claims),
        links=_links(campaign, verdict.account_id),
        considered=campaign.considered or tuple(Alternative(name, "", rejected=True) for name in campaign.alternatives),
        innocent=verdict.innocent or next(iter(standing), None),
        guarantee=campaign.guarantee or result.guarantee.statement,
    )


def _unflagged(result: HuntResult, verdict: Verdict) -> Explanation:
    miss = _near(result, verdict)
    if verdict.decision is Decision.NOT_DECIDABLE:
        headline = "Not decidable: too little to say, at any score. That is no finding of innocence."
    elif miss is not None:
        headline = f"Not flagged. Its set {miss.set_id} came near."
    else:
        headline = "Not flagged."
    return Explanation(
        account_id=verdict.account_id,
        decision=verdict.decision,
        headline=headline,
        why=verdict.why
        or (miss.why_not if miss else "No set that it belongs to reached the evidence that a report needs."),
        verdict=verdict,
        set_id=miss.set_id if miss else verdict.nearest_set,
        set_summary=miss.why_not if miss and miss.why_not != verdict.why else "",
        evidence=miss.evidence if miss else None,
        needed=miss.needed if miss else None,
        reasons=_reasons(verdict.reasons, miss.claims if miss else ()),
        innocent=verdict.innocent or (miss.innocent if miss else None),
        guarantee=result.guarantee.statement,
        blind_to=result.guarantee.blind_to,
    )


def explain(result: HuntResult, account_id: str) -> Explanation:
    """Explain the verdict on ``account_id``.

    Raises:
        UsageError: No such account in the log.
    """
    verdict = find(result, account_id)
    if not verdict.flagged:
        return _unflagged(result, verdict)
    campaign = next((each for each in result.campaigns if each.campaign_id == verdict.campaign_id), None)
    return _flagged(result, verdict, campaign)


def _reason_lines(reason: Reason) -> list[str]:
    claim = reason.claim
    strength = f" (log10 e {number(claim.log10_e)})" if claim and claim.log10_e is not None else ""
    lines = [f"  * {reason.signal.title}{strength}"]
    if claim:
        lines.append(f"      {claim.statement}")
        measured = f"observed {number(claim.statistic)}, expected {number(claim.reference)}"
        context = claim.log10_e is None
        lines.append(f"      {measured} (context, no evidence)" if context else f"      {measured} if: {claim.null}")
    elif reason.signal.sees:
        lines.append(f"      sees: {reason.signal.sees}")
    if reason.innocent:
        lines.append(f"      innocent causes: {'; '.join(reason.innocent)}")
    return lines


def _link_lines(explanation: Explanation) -> list[str]:
    """Links with the same reason in one line, the strongest reason first."""
    groups: dict[str, list[Edge]] = {}
    for edge in explanation.links:
        groups.setdefault(edge.words, []).append(edge)
    lines = ["", "Links that hold it:"]
    for words, edges in list(groups.items())[:8]:
        first = edges[0].b if edges[0].a == explanation.account_id else edges[0].a
        others = f" and {plural(len(edges) - 1, 'other')}" if len(edges) > 1 else ""
        lines.append(f"  * to {first}{others}: {words} (weight {number(edges[0].weight)})")
    if len(groups) > 8:
        lines.append(f"  and {plural(len(groups) - 8, 'weaker reason')}")
    kinds = {edge.kind for edge in explanation.links}
    if len(kinds) == 1:
        lines.append(
            f"  All are of one kind, {kinds.pop()}: whoever distrusts it distrusts this account's place in the set."
        )
    return lines


def _innocent_lines(explanation: Explanation) -> list[str]:
    lines = ["", f"Best innocent explanation: {explanation.innocent or 'none was found to fit'}."]
    for each in explanation.considered:
        outcome = "rejected" if each.rejected else "not ruled out"
        lines.append(f"  * {each.name}, {outcome}: {each.finding}" if each.finding else f"  * {each.name}, {outcome}")
    return lines


def text(explanation: Explanation) -> str:
    """The explanation as lines for a terminal; every control character of the data is written out."""
    verdict = explanation.verdict
    lines = [f"Account {explanation.account_id}", explanation.headline, explanation.why]
    facts = [plural(verdict.exchanges, "exchange"), f"score {number(verdict.score)}"]
    if verdict.flagged:
        part = verdict.extraction_exchanges / verdict.exchanges if verdict.exchanges else 0.0
        facts.append(f"about {count(verdict.extraction_exchanges)} of them extraction ({share(part)})")
    lines.append(", ".join(facts) + ".")
    if explanation.set_id:
        measured = f", log10 e {number(explanation.evidence)}" if explanation.evidence is not None else ""
        needed = f" (needed {number(explanation.needed)})" if explanation.needed is not None else ""
        lines += [
            "",
            f"Set {explanation.set_id}{measured}{needed}",
            *([explanation.set_summary] if explanation.set_summary else []),
        ]
    if explanation.reasons:
        lines += ["", "Reasons, strongest first:" if verdict.flagged else "What was measured:"]
        carried = [r for r in explanation.reasons if not _context_only(r)]
        lines += [line for reason in carried for line in _reason_lines(reason)]
        context = [r for r in explanation.reasons if _context_only(r)]
        if context:
            lines += ["", "Seen besides (context, no evidence):"]
            lines += [line for reason in context for line in _reason_lines(reason)]
    if explanation.links:
        lines += _link_lines(explanation)
    lines += _innocent_lines(explanation)
    if explanation.guarantee:
        lines += ["", f"Guarantee: {explanation.guarantee}"]
    if explanation.blind_to:
        lines.append(f"This run is blind to: {' '.join(explanation.blind_to)}")
    return "".join(terminal_safe(line) + "\n" for line in lines)


def campaign_text(campaign: Campaign) -> str:
    """A campaign as lines for a terminal."""
    estimate = interval(
        campaign.extraction_exchanges, campaign.extraction_exchanges_low, campaign.extraction_exchanges_high
    )
    state = f"running, {number(campaign.leaking_per_hour)} extraction exchanges an hour" if campaign.active else "ended"
    lines = [
        f"Campaign {campaign.campaign_id} ({campaign.kind.value})",
        campaign.summary,
        "",
        f"Accounts    {count(campaign.accounts)}",
        f"Exchanges   {count(campaign.exchanges)}, extraction {estimate}",
        f"Time        {when(campaign.first_seen)} to {when(campaign.last_seen)} UTC, {state}",
        f"Flagged     {when(campaign.flagged_at)} UTC, {share(campaign.leaked_before_flag)} leaked before",
        f"Evidence    log10 e {number(campaign.evidence)}: {campaign.guarantee}",
    ]
    if campaign.rides_on:
        lines.append(f"Rides on    {campaign.rides_on}")
    for title, parts in (
        ("Takes", campaign.capabilities),
        ("Asks by", campaign.elicitation),
        ("Models", campaign.models),
    ):
        if parts:
            lines.append(f"{title:<11} {', '.join(f'{part.name} {share(part.share)}' for part in parts[:6])}")
    lines += [
        "",
        "Held together by:",
        *(f"  * {link.kind}: {plural(link.accounts, 'account')}" for link in campaign.links),
    ]
    if campaign.claims:
        lines += ["", "Evidence, with innocent causes:"]
        lines += [line for reason in _reasons((), campaign.claims) for line in _reason_lines(reason)]
    lines += ["", "Innocent explanations considered:"]
    lines += [
        f"  * {each.name}, {'rejected' if each.rejected else 'not ruled out'}: {each.finding}"
        for each in campaign.considered
    ]
    if not campaign.considered:
        lines += [f"  * {name}" for name in campaign.alternatives] or ["  * none"]
    if campaign.effects:
        lines += ["", "If you act (exchanges an hour):"]
        for effect in campaign.effects:
            figures = (
                f"stops {number(effect.extraction_stopped)} extraction, hits {number(effect.ordinary_hit)} ordinary"
            )
            lines.append(f"  * {effect.action}: {figures}. {effect.words}")
    return "".join(terminal_safe(line) + "\n" for line in lines)
