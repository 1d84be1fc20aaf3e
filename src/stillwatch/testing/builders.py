"""Made-up results of a hunt, the same on every call with the same arguments."""

from __future__ import annotations

import random
from datetime import timedelta

from stillwatch.campaigns.model import (
    Alternative,
    Campaign,
    Decision,
    Effect,
    HuntResult,
    Kind,
    LinkKind,
    LogSummary,
    NearMiss,
    RejectCount,
    Share,
    Verdict,
)
from stillwatch.events.model import Reject
from stillwatch.evidence.claims import Guarantee, Interval
from stillwatch.testing.parts import (
    CAPABILITIES,
    ELICITATIONS,
    GUARANTEE,
    START,
    claims,
    edges,
    examples,
    infrastructure,
    make_claim,
    neighbours,
    slices,
    timeline,
)


def make_campaign(
    campaign_id: str = "c-7f3a91",
    *,
    kind: Kind = Kind.EXTRACTION,
    accounts: int = 38,
    days: int = 9,
    seed: int = 7,
    base: int = 1200,
    active: bool = True,
) -> Campaign:
    """One campaign of made-up accounts, with everything that a report shows."""
    rng = random.Random(seed)  # noqa: S311 - made-up values
    ids = tuple(f"acct-{base + 3 * index:05d}" for index in range(accounts))
    first = START + timedelta(days=2, hours=7)
    part = 0.86 if kind is Kind.EXTRACTION else 0.04
    bins = timeline(first, days, accounts, 28.0, part, rng)
    exchanges = sum(each.exchanges for each in bins)
    extraction = sum(each.extraction for each in bins)
    links = (
        LinkKind("payment", accounts),
        LinkKind("conversation hand-off", round(accounts * 0.9)),
        LinkKind("client tuple", round(accounts * 0.8)),
    )
    rate = bins[-1].extraction / 6
    return Campaign(
        campaign_id=campaign_id,
        previous_ids=("c-02d4e8",) if seed % 2 else (),
        kind=kind,
        rides_on="c-pool01" if kind is Kind.EXTRACTION and seed % 2 else None,
        accounts=accounts,
        exchanges=exchanges,
        extraction_exchanges=extraction,
        extraction_exchanges_low=extraction * 0.91,
        extraction_exchanges_high=extraction * 1.07,
        first_seen=first,
        last_seen=first + timedelta(days=days),
        flagged_at=first + timedelta(days=2, hours=3),
        active=active,
        capabilities=tuple(
            Share(name, value) for name, value in zip(CAPABILITIES, (0.38, 0.27, 0.15, 0.1, 0.06, 0.04), strict=True)
        ),
        elicitation=tuple(
            Share(name, value) for name, value in zip(ELICITATIONS, (0.34, 0.33, 0.17, 0.1, 0.06), strict=True)
        ),
        models=(Share("atlas-4-large", 0.82), Share("atlas-4-small", 0.18)),
        infrastructure=infrastructure(accounts),
        links=links,
        evidence=17.7 - seed / 3,
        guarantee=GUARANTEE,
        alternatives=("benchmark run", "classroom", "one owner balancing keys"),
        summary=(
            f"{accounts} accounts paid with a handful of cards take reasoning traces in turns and hand conversations to each other; "
            "together they behave as one buyer, singly as nobody in particular."
        ),
        account_ids=ids,
        conversations=Interval(exchanges * 0.93, exchanges * 0.9, exchanges * 0.96),
        tokens=Interval(exchanges * 3_100.0, exchanges * 2_900.0, exchanges * 3_350.0),
        novel_prompts=Interval(extraction * 0.97, extraction * 0.95, extraction * 0.99),
        leaked_before_flag=0.11,
        leaking_per_hour=rate if active else 0.0,
        claims=claims(),
        considered=(
            Alternative(
                "benchmark run",
                "1.3 % of prompts are public benchmark items; evaluators show 60 % and more.",
                rejected=True,
            ),
            Alternative(
                "classroom",
                "No common start and end of the day; prompts do not repeat between accounts.",
                rejected=True,
            ),
            Alternative(
                "one owner balancing keys",
                "No owner or organisation on record joins the accounts; 5 payment tokens.",
                rejected=True,
            ),
            Alternative(
                "declared synthetic data", "Two accounts declare research; neither is verified.", rejected=False
            ),
        ),
        edges=edges(ids, rng, 7_275),
        timeline=bins,
        slices=slices(first, days, rng),
        examples=examples(ids, first),
        neighbours=neighbours(base + 4_000),
        effects=(
            Effect(
                action="throttle to 5 an hour",
                accounts=accounts,
                extraction_stopped=rate * 0.71,
                ordinary_hit=rate * 0.02,
                words="Slows the harvest; ordinary use stays under the limit.",
            ),
            Effect(
                action="step-up verification",
                accounts=accounts,
                extraction_stopped=rate * 0.9,
                ordinary_hit=rate * 0.05,
                words="Honest owners pass once; farmed accounts do not.",
            ),
            Effect(
                action="block",
                accounts=accounts,
                extraction_stopped=rate,
                ordinary_hit=rate * 0.16,
                words="Stops all of it, ordinary exchanges of the same accounts too.",
            ),
        ),
        elicitation_unmeasured=("trajectory",),
    )


def make_verdict(
    account_id: str = "acct-01200",
    *,
    decision: Decision = Decision.FLAGGED,
    campaign: Campaign | None = None,
    score: float = 12.0,
    exchanges: int = 120,
    innocent: str | None = None,
    nearest_set: str | None = None,
    why: str = "",
) -> Verdict:
    """The verdict on one account; ``campaign`` where it is flagged."""
    flagged = decision is Decision.FLAGGED
    kind = campaign.kind if campaign else Kind.EXTRACTION
    share = 0.86 if kind is Kind.EXTRACTION else 0.04
    return Verdict(
        account_id=account_id,
        score=score,
        flagged=flagged,
        kind=kind if flagged else None,
        decision=decision,
        campaign_id=(campaign.campaign_id if campaign else "c-7f3a91") if flagged else None,
        flagged_at=(campaign.flagged_at if campaign else START + timedelta(days=4)) if flagged else None,
        exchanges=exchanges,
        extraction_exchanges=exchanges * share if flagged else 0.0,
        reasons=("individuality_content", "conversation_handoff", "payment") if flagged else (),
        innocent=innocent,
        why=why,
        nearest_set=nearest_set,
    )


def make_near_miss(set_id: str = "s-0031", *, base: int = 6_000, accounts: int = 22, evidence: float = 1.6) -> NearMiss:
    """A set that was not reported, with what kept it from it."""
    return NearMiss(
        set_id=set_id,
        accounts=accounts,
        exchanges=accounts * 61,
        evidence=evidence,
        needed=2.9,
        links=(LinkKind("address", accounts), LinkKind("client tuple", accounts // 2)),
        claims=(make_claim("individuality_style", log10_e=evidence),),
        innocent="classroom",
        why_not="The accounts are alike in content, but keep hours, clients and style of their own; one campus network explains the link.",
        account_ids=tuple(f"acct-{base + index:05d}" for index in range(accounts)),
    )


def make_guarantee() -> Guarantee:
    """The promise of a made-up run."""
    return Guarantee(
        statement="Of the sets reported, at most 1 % are expected to be innocent, at whatever time one looks.",
        alpha=0.01,
        reference_sets=1_840,
        floor=5.4e-4,
        assumptions=(
            "Reference sets are formed by the same linking and peeling from accounts of this log.",
            "At most one fifth of the reference sets contain campaign accounts.",
        ),
        blind_to=(
            "A campaign of one account.",
            "Fewer than 5 accounts with fewer than 20 exchanges each.",
            "Replies sold on by an honest customer.",
        ),
    )


def make_log(*, exchanges: int = 581_204, accounts: int = 7_275) -> LogSummary:
    """What a made-up run read."""
    return LogSummary(
        exchanges=exchanges,
        accounts=accounts,
        parties=max(0, accounts - 84),
        first=START,
        last=START + timedelta(days=14),
        with_text=True,
        missing=("ja4",),
        notes=("412 exchange ids occurred twice; the first was kept.",),
    )


def make_result(*, campaigns: int = 3, near: int = 3, benign: int = 120) -> HuntResult:
    """A whole result: up to three campaigns, near misses, verdicts on all their accounts and on some honest ones."""
    found = (
        make_campaign("c-7f3a91", accounts=38, base=1_200, seed=7),
        make_campaign("c-pool01", kind=Kind.BROKER, accounts=64, base=2_000, seed=4, days=11),
        make_campaign("c-5b2210", accounts=12, base=3_000, seed=11, days=6, active=False),
    )[:campaigns]
    misses = tuple(
        make_near_miss(
            f"s-{31 + index:04d}", base=6_000 + 50 * index, accounts=22 - 6 * index, evidence=2.2 - 0.7 * index
        )
        for index in range(near)
    )
    verdicts = [
        make_verdict(
            name,
            campaign=campaign,
            score=campaign.evidence - index / 100,
            exchanges=campaign.exchanges // campaign.accounts,
        )
        for campaign in found
        for index, name in enumerate(campaign.account_ids)
    ]
    for miss in misses:
        verdicts += [
            make_verdict(
                name,
                decision=Decision.NOT_FLAGGED,
                score=miss.evidence,
                exchanges=61,
                innocent=miss.innocent,
                nearest_set=miss.set_id,
                why=miss.why_not,
            )
            for name in miss.account_ids
        ]
    for index in range(benign):
        few = index % 3 == 0
        decision = Decision.NOT_DECIDABLE if few else Decision.NOT_FLAGGED
        why = (
            ("fewer than 5 exchanges" if index % 2 else "linked to nobody, and fewer than 20 exchanges")
            if few
            else "linked to nobody by anything rare"
        )
        verdicts.append(
            make_verdict(
                f"acct-{8_000 + index:05d}",
                decision=decision,
                score=(index % 17) / 20,
                exchanges=3 if few else 40 + index,
                why=why,
            )
        )
    return HuntResult(
        version="0.1.0",
        log=make_log(),
        guarantee=make_guarantee(),
        campaigns=found,
        near=misses,
        verdicts=tuple(verdicts),
        rejected=(
            RejectCount("exchanges-2026-10-09.jsonl.zst", "ts", "not a time: expected RFC 3339", 41),
            RejectCount("exchanges-2026-10-12.jsonl.zst", "ip", "no IPv4 or IPv6 address", 7),
        ),
        reject_samples=(Reject("exchanges-2026-10-09.jsonl.zst", 18_204, "ts", "not a time: expected RFC 3339"),),
        settings={"alpha": "0.01", "accounts": "accounts.parquet", "metadata-only": "no", "until": "end of log"},
        seconds={"read": 9.1, "sketch": 21.4, "link": 6.0, "evidence": 17.3, "campaigns": 3.8, "report": 0.9},
    )
