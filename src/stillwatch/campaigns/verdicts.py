"""Verdicts: one answer for every account of the log, with its reasons and the best innocent explanation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch._internal.times import moment
from stillwatch.campaigns.candidates import Candidate, View
from stillwatch.campaigns.innocent import Facts
from stillwatch.campaigns.looks import Outcome
from stillwatch.campaigns.membership import UNTIED, Membership, membership
from stillwatch.campaigns.model import Campaign, Decision, Verdict
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.families import Family
from stillwatch.detect.log import NONE, Bools, Floats, Ints, Log

FLAGGED_FROM = 50.0
"""Scores of flagged accounts are this plus their log odds, at least 40; nobody else's reaches that."""
FLOOR = -60.0
TOO_FEW = 2
"""Openings below which nothing can be said about an account by itself."""
LARGE = 1000
"""Exchanges from which an account that stands alone is worth a word."""
MOSTLY = 0.5
LONE = (
    "One large account that stands alone. Individuality compares accounts, so a single one cannot be told from a customer"
    " who makes data openly; its openings resemble a corpus that a reported campaign deals."
)


@dataclass(frozen=True)
class Scores:
    """Per party: the best campaign's row, log odds there, and the parts of that score."""

    best: Ints
    odds: Floats
    parts: list[Membership]


def score_everybody(view: View, outcome: Outcome) -> Scores:
    """Hold every party against every campaign; without campaigns, against the strongest candidate sets."""
    size = view.infrastructure.shape[0]
    parts = [membership(view, c.members, everybody=True, bound=c.bound) for c in outcome.campaigns]
    if not parts:
        return Scores(np.full(size, NONE), _by_candidates(outcome.near, size), parts)
    odds = np.stack([p.odds for p in parts])
    best = odds.argmax(0)
    return Scores(best, odds[best, np.arange(size)], parts)


def _by_candidates(near: list[Candidate], size: int) -> Floats:
    """An order where nothing was found: the strongest set a party was likely dealt in."""
    odds = np.full(size, UNTIED * 2)
    for candidate in near:
        odds[candidate.members] = np.maximum(odds[candidate.members], UNTIED + candidate.log10_e * candidate.dealt)
    return odds


@dataclass(frozen=True)
class Answers:
    """What the verdicts are made from; ``extraction`` is that of the exchanges of ``log``, the campaigns' among them."""

    log: Log
    traffic: Traffic
    facts: Facts
    view: View
    outcome: Outcome
    campaigns: tuple[Campaign, ...]
    extraction: Floats
    innocent: dict[int, str]
    known: dict[str, str]
    labels: dict[str, str]


def verdicts(answers: Answers) -> tuple[Verdict, ...]:
    """One verdict per account of the log, in order of account id."""
    log, traffic, outcome = answers.log, answers.traffic, answers.outcome
    scores = score_everybody(answers.view, outcome)
    since, holder = np.zeros(traffic.parties, np.int64), np.full(traffic.parties, NONE)
    for row, found in enumerate(outcome.campaigns):
        since[found.members], holder[found.members] = found.since[found.members], row
    extracted = np.bincount(log.account, answers.extraction, len(log.accounts))
    openings = answers.view.families[answers.view.leading][0].n
    lone = lonely(answers, scores)
    ids = [str(i) for i in log.accounts.ids.to_pylist()]
    out = []
    for account in np.argsort(np.array(ids), kind="stable"):
        party = int(log.accounts.party[account])
        row = int(holder[party])
        name = ids[account]
        flagged = row != NONE
        odds = float(scores.odds[party])
        campaign = answers.campaigns[row] if flagged else None
        part = scores.parts[row if flagged else int(scores.best[party])] if scores.parts else None
        decision, why = _decision(flagged, bool(lone[party]), float(openings[party]))
        if name in answers.known:
            why = f"{why} Matches a known indicator: {answers.known[name]}.".strip()
        out.append(
            Verdict(
                account_id=name,
                score=FLAGGED_FROM + float(np.clip(odds, -10, 40))
                if flagged
                else max(min(odds, FLAGGED_FROM - 11), FLOOR),
                flagged=flagged,
                kind=campaign.kind if campaign else None,
                decision=decision,
                campaign_id=campaign.campaign_id if campaign else None,
                flagged_at=moment(int(since[party])) if flagged else None,
                exchanges=int(traffic.sent[account]),
                extraction_exchanges=float(extracted[account]),
                reasons=_reasons(campaign, part, party, name in answers.known) if flagged or odds > 0 else (),
                innocent=answers.labels.get(name) or answers.innocent.get(party) or _usual(campaign),
                why=why,
                nearest_set=answers.campaigns[int(scores.best[party])].campaign_id
                if odds > UNTIED and scores.parts
                else None,
            )
        )
    return tuple(out)


def _decision(flagged: bool, lone: bool, openings: float) -> tuple[Decision, str]:  # noqa: FBT001
    if flagged:
        return Decision.FLAGGED, ""
    if lone:
        return Decision.NOT_DECIDABLE, LONE
    if openings < TOO_FEW:
        return Decision.NOT_DECIDABLE, f"Fewer than {TOO_FEW} conversations opened: too little to say anything."
    return Decision.NOT_FLAGGED, ""


def _usual(campaign: Campaign | None) -> str | None:
    """For a flagged account: the explanation that came nearest to holding."""
    return campaign.considered[0].name if campaign and campaign.considered else None


def _reasons(campaign: Campaign | None, part: Membership | None, party: int, known: bool) -> tuple[str, ...]:  # noqa: FBT001
    """Signals that carried the verdict, strongest first."""
    if part is None:
        return ()
    at = int(np.searchsorted(part.parties, party))
    strength = {
        "shared-payment": float(part.payment[at]),
        "shared-address": float(part.address[at]),
        "conversation-handoff": float(part.handoff[at]),
        "corpus-resemblance": float(part.resemblance[at]),
        "same-setup": float(part.setup[at]),
    }
    if campaign:
        for claim in campaign.claims:
            if (claim.log10_e or 0) > 0 and claim.signal not in strength:
                strength[claim.signal] = float(part.individuality[at]) + (claim.log10_e or 0.0)
    if known:
        strength["known-indicator"] = 0.5
    return tuple(name for name, value in sorted(strength.items(), key=lambda s: -s[1]) if value > 0)


def lonely(answers: Answers, scores: Scores) -> Bools:
    """Large parties without a link to anybody's campaign whose openings resemble a campaign's corpus."""
    traffic, facts = answers.traffic, answers.facts
    if not scores.parts or Family.TEXT not in answers.view.families:
        return np.zeros(traffic.parties, bool)
    sent = traffic.sent_by_party()
    alike = np.max([p.resemblance for p in scores.parts], axis=0)
    flagged = np.zeros(traffic.parties, bool)
    for found in answers.outcome.campaigns:
        flagged[found.members] = True
    return np.asarray((sent >= LARGE) & (alike > 1) & ~flagged & ~facts.declared)


def innocents(traffic: Traffic, facts: Facts, outcome: Outcome) -> dict[int, str]:
    """The best innocent explanation per party, where one is to be seen."""
    out: dict[int, str] = {}
    for candidate, held in outcome.held.values():
        for party in candidate.core:
            out[int(party)] = held.name
    accounts = traffic.accounts
    size = np.bincount(accounts.party, minlength=traffic.parties)
    for party in np.flatnonzero(size > 1):
        out[int(party)] = "accounts of one organisation on record"
    for party in facts.evaluators(MOSTLY, least=10):
        out[int(party)] = "benchmark run"
    for party in np.flatnonzero(traffic.sent_by_party(traffic.batched) > 0.9 * traffic.sent_by_party()):
        out.setdefault(int(party), "batch job")
    use = accounts.declared_use
    for account in np.flatnonzero(use.codes != NONE):
        stated = "verified" if accounts.verified[account] else "not verified"
        out[int(accounts.party[account])] = f"declared {use.text(int(use.codes[account]))} ({stated})"
    return out
