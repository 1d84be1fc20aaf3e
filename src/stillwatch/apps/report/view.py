"""What the templates show, worked out beforehand: charts, tables and sentences for each campaign and for the run.

Values are arranged here, not judged: every figure comes from the result of the hunt.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup

from stillwatch.apps.report import layout, svg
from stillwatch.apps.wording import SignalText, count, ordered, plural, short, signal
from stillwatch.campaigns.model import Alternative, Bin, Campaign, Decision, Edge, HuntResult, Share, Slice, Verdict
from stillwatch.evidence.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a large result is drawn or listed; what is left out is always counted on the page."""

    graph_nodes: int = 150
    graph_links: int = 600
    link_rows: int = 40
    accounts: int = 500
    bins: int = 120
    slices: int = 48
    near: int = 20
    undecided: int = 200
    rejected: int = 200


class ClaimView(msgspec.Struct, frozen=True):
    """A claim with what the signal catalogue says of its signal, and the innocent explanations to put beside it."""

    claim: Claim
    signal: SignalText
    innocent: tuple[str, ...]
    bar: Markup


class MemberView(msgspec.Struct, frozen=True):
    """One account of a campaign and the strongest link that holds it."""

    account_id: str
    verdict: Verdict | None
    edge: Edge | None


class CampaignView(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign, arranged."""

    anchor: str
    rank: int
    campaign: Campaign
    rides_on: str | None
    spark: Markup
    timeline: Markup | None
    bins: tuple[Bin, ...]
    coverage: Markup | None
    slices: tuple[tuple[datetime, tuple[str, ...]], ...]
    slice_names: tuple[str, ...]
    elicitation: Markup | None
    network: Markup | None
    drawn: layout.Drawn
    legend: tuple[tuple[Markup, str], ...]
    held: tuple[layout.Held, ...]
    strongest: tuple[Edge, ...]
    claims: tuple[ClaimView, ...]
    best_innocent: Alternative | None
    trend: str
    members: tuple[MemberView, ...]
    members_left_out: int


class Undecided(msgspec.Struct, frozen=True):
    """Accounts about which nothing can be said, for one reason."""

    reason: str
    accounts: int
    ids: tuple[str, ...]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page, arranged."""

    campaigns: tuple[CampaignView, ...]
    lanes: Markup | None
    needed: float
    undecided: tuple[Undecided, ...]
    top_unflagged: tuple[Verdict, ...]
    near_claims: dict[str, tuple[ClaimView, ...]]


def needed_evidence(result: HuntResult) -> float:
    """The log10 e-value that a set had to reach: as the near misses state it, or one over alpha."""
    stated = [each.needed for each in result.near if math.isfinite(each.needed) and each.needed > 0]
    return min(stated) if stated else -math.log10(max(result.guarantee.alpha, 1e-12))


def claim_views(claims: Sequence[Claim], needed: float) -> tuple[ClaimView, ...]:
    """Claims, the strongest first, those without an e-value (context) last."""
    order = sorted(claims, key=lambda claim: (claim.log10_e is None, -(claim.log10_e or 0.0)))
    views = []
    for claim in order:
        known = signal(claim.signal)
        views.append(ClaimView(claim, known, claim.innocent or known.innocent, svg.strength(claim.log10_e, needed)))
    return tuple(views)


def trend_of(campaign: Campaign) -> str:
    """Extraction of the last full day of the timeline beside the day before, in words."""
    if not campaign.timeline:
        return ""
    step = svg.step_of(campaign.timeline)
    end = campaign.timeline[-1].start + step
    day = timedelta(hours=24)
    last = sum(each.extraction for each in campaign.timeline if each.start >= end - day)
    if end - 2 * day < campaign.timeline[0].start:
        return f"{short(last)} extraction exchanges in its last 24 hours"
    before = sum(each.extraction for each in campaign.timeline if end - 2 * day <= each.start < end - day)
    return f"{short(last)} extraction exchanges in its last 24 hours, {short(before)} in the 24 hours before"


def _merged_slices(slices: Sequence[Slice], limit: int) -> list[Slice]:
    """At most ``limit`` slices: of neighbours that are merged, the mean share."""
    size = max(1, math.ceil(len(slices) / max(1, limit)))
    merged = []
    for at in range(0, len(slices), size):
        group = slices[at : at + size]
        totals: dict[str, float] = defaultdict(float)
        for each in group:
            for part in each.capabilities:
                totals[part.name] += part.share / len(group)
        merged.append(Slice(group[0].start, tuple(Share(name, value) for name, value in totals.items())))
    return merged


def _coverage(campaign: Campaign, limits: Limits) -> tuple[Markup | None, tuple[str, ...], list[Slice]]:
    slices = _merged_slices(campaign.slices, limits.slices)
    overall = {part.name: part.share for part in campaign.capabilities}
    seen = [name for each in slices for name in (part.name for part in each.capabilities)]
    names = sorted({*overall, *seen}, key=lambda name: (-overall.get(name, 0.0), name))[:12]
    if not names or not slices:
        return None, tuple(names), slices
    table = [{part.name: part.share for part in each.capabilities} for each in slices]
    values = [[row.get(name, 0.0) for row in table] for name in names]
    title = f"Share of each capability in the traffic of {campaign.campaign_id} over time"
    chart = svg.coverage(
        names, [each.start for each in slices], values, [overall.get(name, 0.0) for name in names], title
    )
    return chart, tuple(names), slices


def _members(campaign: Campaign, verdicts: dict[str, Verdict], limit: int) -> tuple[MemberView, ...]:
    strongest: dict[str, Edge] = {}
    for edge in sorted(campaign.edges, key=lambda each: -each.weight):
        strongest.setdefault(edge.a, edge)
        strongest.setdefault(edge.b, edge)
    order = sorted(campaign.account_ids, key=lambda name: (-(verdicts[name].score if name in verdicts else 0.0), name))
    return tuple(MemberView(name, verdicts.get(name), strongest.get(name)) for name in order[:limit])


def _best_innocent(campaign: Campaign) -> Alternative | None:
    """The innocent explanation to show first: one that was not rejected, else the first considered."""
    standing = [each for each in campaign.considered if not each.rejected]
    return next(iter(standing or campaign.considered), None)


def campaign_view(
    campaign: Campaign, rank: int, anchors: dict[str, str], verdicts: dict[str, Verdict], needed: float, limits: Limits
) -> CampaignView:
    """Arrange one campaign."""
    drawn = layout.select(campaign.account_ids, campaign.edges, nodes=limits.graph_nodes, links=limits.graph_links)
    bins = tuple(svg.merged(campaign.timeline, limits.bins))
    name = campaign.campaign_id
    coverage, slice_names, slices = _coverage(campaign, limits)
    network: Markup | None = None
    legend: tuple[tuple[Markup, str], ...] = ()
    if drawn.edges:
        places = layout.force_layout(drawn, seed=rank)
        network = svg.network(
            drawn,
            places,
            f"{plural(len(drawn.nodes), 'account')} of {name} and {plural(len(drawn.edges), 'link')} between them",
        )
        legend = tuple((svg.swatch(at), kind) for at, kind in enumerate(svg.kinds_of(drawn)))
    parts = tuple(sorted(campaign.elicitation, key=lambda part: -part.share))
    table = [{part.name: part.share for part in each.capabilities} for each in slices]
    return CampaignView(
        anchor=anchors[name],
        rank=rank,
        campaign=campaign,
        rides_on=anchors.get(campaign.rides_on or ""),
        spark=svg.spark([each.extraction for each in svg.merged(campaign.timeline, 40)]),
        timeline=svg.timeline(bins, campaign.flagged_at, f"Exchanges and extraction of {name} over time")
        if bins
        else None,
        bins=bins,
        coverage=coverage,
        slices=tuple(
            (each.start, tuple(f"{row.get(key, 0.0) * 100:.0f}" for key in slice_names))
            for each, row in zip(slices, table, strict=True)
        ),
        slice_names=slice_names,
        elicitation=svg.bars(
            parts, f"How {name} asks, by share of its extraction", unmeasured=campaign.elicitation_unmeasured
        )
        if parts
        else None,
        network=network,
        drawn=drawn,
        legend=legend,
        held=layout.held_by(campaign.account_ids, campaign.edges),
        strongest=tuple(sorted(campaign.edges, key=lambda edge: (-edge.weight, edge.a, edge.b)))[: limits.link_rows],
        claims=claim_views(campaign.claims, needed),
        best_innocent=_best_innocent(campaign),
        trend=trend_of(campaign),
        members=_members(campaign, verdicts, limits.accounts),
        members_left_out=max(0, len(campaign.account_ids) - limits.accounts),
    )


def undecided(verdicts: Sequence[Verdict], limit: int) -> tuple[Undecided, ...]:
    """Accounts not decidable, by reason, the most frequent reason first; at most ``limit`` ids in all."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for each in verdicts:
        if each.decision is Decision.NOT_DECIDABLE:
            by_reason[each.why or each.innocent or "too little to say"].append(each.account_id)
    counts = Counter({reason: len(ids) for reason, ids in by_reason.items()})
    part = max(1, limit // max(1, len(by_reason)))
    return tuple(
        Undecided(reason, total, tuple(sorted(by_reason[reason])[:part])) for reason, total in counts.most_common(30)
    )


def report_view(result: HuntResult, limits: Limits) -> ReportView:
    """Arrange the whole page."""
    campaigns = ordered(result.campaigns)
    verdicts = {each.account_id: each for each in result.verdicts}
    needed = needed_evidence(result)
    anchors = {each.campaign_id: f"campaign-{rank}" for rank, each in enumerate(campaigns, 1)}
    views = tuple(
        campaign_view(each, rank, anchors, verdicts, needed, limits) for rank, each in enumerate(campaigns, 1)
    )
    chart = None
    if campaigns:
        first = result.log.first or min(each.first_seen for each in campaigns)
        last = result.log.last or max(each.last_seen for each in campaigns)
        chart = svg.lanes(campaigns, first, last, f"{count(len(campaigns))} campaigns over the time of the log")
    unflagged = sorted(
        (each for each in result.verdicts if not each.flagged), key=lambda each: (-each.score, each.account_id)
    )
    return ReportView(
        campaigns=views,
        lanes=chart,
        needed=needed,
        undecided=undecided(result.verdicts, limits.undecided),
        top_unflagged=tuple(unflagged[:12]),
        near_claims={each.set_id: claim_views(each.claims, needed) for each in result.near[: limits.near]},
    )
