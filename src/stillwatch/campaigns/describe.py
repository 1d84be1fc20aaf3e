"""Describing: from what the looks found to campaigns that a reader can check. Computes, never decides who is flagged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from stillwatch._internal.times import moment
from stillwatch.campaigns import evidence_shown
from stillwatch.campaigns.candidates import View
from stillwatch.campaigns.claims import claims_of, shares_claims_of
from stillwatch.campaigns.context import Scene, context_claims
from stillwatch.campaigns.counting import Conversations, Estimate
from stillwatch.campaigns.found import Found
from stillwatch.campaigns.labels import Labels
from stillwatch.campaigns.links import Incidence, LinkKind
from stillwatch.campaigns.model import (
    Alternative,
    Bin,
    Campaign,
    Effect,
    Infrastructure,
    Kind,
    Share,
    Slice,
)
from stillwatch.campaigns.model import (
    LinkKind as LinkCount,
)
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.families import Family
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, Accounts, Bools, Floats, Ints, Log
from stillwatch.detect.sketch import UNMEASURED_ELICITATIONS
from stillwatch.evidence.claims import Interval

BINS = 84
"""Bins of a timeline at most."""
ACTIVE_WITHIN = 24 * MICROSECONDS_PER_HOUR
SHOWN_VALUES = 10
PLURAL = {
    "payment instrument": "payment instruments",
    "address": "addresses",
    "sign-up address": "sign-up addresses",
    "client fingerprint": "client fingerprints",
    "mail domain": "mail domains",
}


def campaign_name(on_record: Accounts, found: Found) -> str:
    """A name that a rerun over the same state gives again: a digest of the accounts that founded the campaign."""
    ids = on_record.ids.to_pylist()
    founders = np.isin(on_record.party, found.founders)
    names = sorted(str(ids[i]) for i in np.flatnonzero(founders))
    return "cmp-" + hashlib.blake2b("\n".join(names).encode(), digest_size=6).hexdigest()


@dataclass(frozen=True)
class Material:
    """Everything a description draws on.

    ``log``: the exchanges at hand, all those of the ``suspects`` (parties,) among them; ``beside`` marks those that stand for
    everybody else, who are ``whose`` in words. ``elsewhere``: texts that somebody who is no suspect has sent.
    """

    log: Log
    traffic: Traffic
    view: View
    kinds: dict[LinkKind, Incidence]
    talk: Conversations
    suspects: Bools
    beside: Bools
    whose: str
    elsewhere: Ints
    redacted: bool
    guarantee: str


@dataclass(frozen=True)
class Part:
    """One campaign's rows and estimates."""

    found: Found
    kind: Kind
    estimate: Estimate
    accounts: Ints
    rows: Ints
    extraction: Floats
    labels: Labels


def describe(material: Material, part: Part, name: str, rides_on: str | None, previous: tuple[str, ...]) -> Campaign:
    """The campaign as a value."""
    log, rows, found = material.log, part.rows, part.found
    total, ts = len(rows), log.ts[rows]
    since = found.since[log.party[rows]]
    before = ts <= since
    last = material.traffic.last_us
    hour = _last_day(last, ts, part.extraction)
    extraction = scaled(part.estimate.extraction, part.extraction, total)
    people = {f: float(np.median(sp.people)) for f, (_, sp, _) in material.view.families.items()}
    infrastructure, links = shared_values(material.view, material.kinds, found.members)
    inside = np.zeros(len(log), bool)
    inside[rows] = True
    scene = Scene(log, inside, material.talk, material.beside & ~inside, material.whose)
    tokens = float((log.input_tokens[rows] + log.output_tokens[rows]) @ part.extraction)
    ratio = extraction.low / max(extraction.value, 1e-9), extraction.high / max(extraction.value, 1e-9)
    ids = log.accounts.ids
    return Campaign(
        campaign_id=name,
        previous_ids=previous,
        kind=part.kind,
        rides_on=rides_on,
        accounts=len(part.accounts),
        exchanges=total,
        extraction_exchanges=extraction.value,
        extraction_exchanges_low=extraction.low,
        extraction_exchanges_high=extraction.high,
        first_seen=moment(ts[0]),
        last_seen=moment(ts[-1]),
        flagged_at=moment(int(found.since[found.members].min())),
        active=bool(ts[-1] >= last - ACTIVE_WITHIN),
        capabilities=part.labels.capabilities(),
        elicitation=part.labels.elicitations(),
        models=_models(log, rows),
        infrastructure=infrastructure,
        links=links,
        evidence=round(found.log10_e, 2),
        guarantee=material.guarantee,
        alternatives=tuple(f"{a.name}: {a.finding}" for a in found.tried),
        summary=summary(part, extraction, hour, ts, infrastructure),
        account_ids=tuple(str(ids[int(a)].as_py()) for a in part.accounts),
        conversations=part.estimate.conversations,
        tokens=Interval(tokens, tokens * ratio[0], tokens * ratio[1]),
        novel_prompts=_novel(material, part, ratio),
        leaked_before_flag=float(part.extraction[before].sum() / max(part.extraction.sum(), 1e-9)),
        leaking_per_hour=hour,
        claims=(
            *claims_of(found.evidence, people),
            *shares_claims_of(found.tried, 1 - extraction.value / max(total, 1), total),
            *context_claims(scene),
        ),
        considered=(_people(found), *found.tried),
        edges=evidence_shown.edges(material.log, material.view, material.kinds, found.members),
        timeline=_timeline(log, part),
        slices=_slices(log, part.labels),
        examples=evidence_shown.examples(log, part.labels, redacted=material.redacted),
        neighbours=evidence_shown.neighbours(
            log, material.traffic.sent_by_party(), material.view, found, material.suspects, redacted=material.redacted
        ),
        effects=_effects(part, hour, _last_day(last, ts, 1 - part.extraction)),
        elicitation_unmeasured=tuple(e.name.lower().replace("_", " ") for e in UNMEASURED_ELICITATIONS),
    )


def scaled(interval: Interval, extraction: Floats, total: int) -> Interval:
    """The interval of conversations' exchanges, moved to the accounts' own exchanges."""
    value = float(extraction.sum())
    factor = value / max(interval.value, 1e-9)
    if value >= 0.995 * total:
        return Interval(float(total), interval.low * factor, float(total), interval.level)
    return Interval(value, interval.low * factor, min(interval.high * factor, float(total)), interval.level)


def _people(found: Found) -> Alternative:
    """The first null hypothesis, as an explanation considered."""
    e = found.evidence
    text = e.by_family.get(Family.TEXT, e.by_family.get(Family.RHYTHM, 0.0))
    finding = f"a set of separate people would look this alike with an e-value of 10^{text:.1f} against it"
    return Alternative("separate people who share infrastructure", finding, rejected=True)


def _last_day(last: int, ts: Ints, weight: Floats) -> float:
    """Weighted exchanges per hour over the last active day of the campaign, 0 where it has ended."""
    if ts[-1] < last - ACTIVE_WITHIN:
        return 0.0
    recent = ts > ts[-1] - ACTIVE_WITHIN
    return float(weight[recent].sum()) / 24


def _models(log: Log, rows: Ints) -> tuple[Share, ...]:
    count = np.bincount(log.model.codes[rows] + 1, minlength=len(log.model) + 1)[1:]
    order = np.argsort(-count, kind="stable")
    return tuple(Share(log.model.text(int(m)) or "", float(count[m] / max(count.sum(), 1))) for m in order if count[m])


def _novel(material: Material, part: Part, ratio: tuple[float, float]) -> Interval | None:
    """Different openings that nobody outside the campaigns has sent."""
    log = material.log
    if not log.with_text:
        return None
    codes, first = np.unique(log.prompt.codes[part.rows], return_index=True)
    new = ~np.isin(codes, material.elsewhere) & (codes >= 0)
    value = float(part.extraction[first[new]].sum())
    return Interval(value, value * min(ratio[0], 1.0), min(value * ratio[1], float(new.sum())))


def shared_values(
    view: View, kinds: dict[LinkKind, Incidence], members: Ints
) -> tuple[tuple[Infrastructure, ...], tuple[LinkCount, ...]]:
    """Values that at least two members share, most used first, and how many members each kind of link holds."""
    values: list[Infrastructure] = []
    held: list[LinkCount] = []
    inside = np.zeros(len(view.first_seen), bool)
    inside[members] = True
    for kind, incidence in kinds.items():
        upto = incidence.upto(view.ts)
        party, value = incidence.party[:upto], incidence.value[:upto]
        everybody = np.bincount(value) if len(value) else np.zeros(1, np.int64)
        mine = inside[party]
        ours = np.bincount(value[mine], minlength=len(everybody))
        common = view.graph.shown.get(kind)
        linkable = everybody <= (common.sum(0).max() if common is not None and common.nnz else 0)
        shared = np.flatnonzero((ours >= 2) & linkable)
        holds = len(np.unique(party[mine & np.isin(value, shared)]))
        if holds:
            held.append(LinkCount(kind.value, holds))
        if kind is LinkKind.HANDOFF:
            continue
        most = shared[np.argsort(-ours[shared], kind="stable")][:SHOWN_VALUES]
        values.extend(Infrastructure(kind.value, incidence.name(int(v)), int(ours[v]), int(everybody[v])) for v in most)
    return tuple(sorted(values, key=lambda i: (-i.accounts, i.kind, i.value))), tuple(held)


def _timeline(log: Log, part: Part) -> tuple[Bin, ...]:
    ts = log.ts[part.rows]
    first, last = (int(t) // MICROSECONDS_PER_HOUR for t in (ts[0], ts[-1]))
    hours = next(s for s in (1, 2, 3, 6, 12, 24, 168, 10**6) if last // s - first // s < BINS)
    step = hours * MICROSECONDS_PER_HOUR
    at = ts // step
    out = []
    for slot in range(int(at[0]), int(at[-1]) + 1):
        here = slice(int(np.searchsorted(at, slot)), int(np.searchsorted(at, slot, side="right")))
        accounts = len(np.unique(log.account[part.rows[here]]))
        out.append(Bin(moment(slot * step), here.stop - here.start, float(part.extraction[here].sum()), accounts))
    return tuple(out)


def _slices(log: Log, labels: Labels) -> tuple[Slice, ...]:
    day = log.ts[labels.rows] // (24 * MICROSECONDS_PER_HOUR)
    out = []
    for d in np.unique(day):
        part = labels.of(np.flatnonzero(day == d))
        out.append(Slice(moment(int(d) * 24 * MICROSECONDS_PER_HOUR), part.capabilities(), part.elicitations()))
    return tuple(out)


def _effects(part: Part, harvest: float, ordinary: float) -> tuple[Effect, ...]:
    count = len(part.accounts)
    words = f"{harvest:,.1f} extraction exchanges an hour end, and {ordinary:,.1f} ordinary ones an hour are hit"
    half = f"half of both goes on: {harvest / 2:,.1f} and {ordinary / 2:,.1f} an hour"
    return (
        Effect(
            action="throttle to half",
            accounts=count,
            extraction_stopped=harvest / 2,
            ordinary_hit=ordinary / 2,
            words=half,
        ),
        Effect(action="block", accounts=count, extraction_stopped=harvest, ordinary_hit=ordinary, words=words),
    )


def summary(part: Part, extraction: Interval, hour: float, ts: Ints, infrastructure: tuple[Infrastructure, ...]) -> str:
    """The campaign in one sentence."""
    days = max((ts[-1] - ts[0]) / (24 * MICROSECONDS_PER_HOUR), 1 / 24)
    what = part.labels.capabilities()
    subject = f", mostly {what[0].name}" if what and what[0].share >= 0.3 else ""
    tie = f"; held together by {PLURAL[infrastructure[0].kind]}" if infrastructure else "; they share nothing rare"
    now = f"now {hour:,.0f} an hour" if hour else "ended"
    if part.kind is Kind.BROKER:
        lead = f"A pool of {len(part.accounts):,} accounts resells access"
        took = f"about {extraction.value:,.0f} of {len(part.rows):,} exchanges over {days:,.1f} days are extraction{subject}"
    else:
        lead = f"{len(part.accounts):,} accounts deal one corpus"
        took = f"about {extraction.value:,.0f} extraction exchanges over {days:,.1f} days{subject}"
    return f"{lead}: {took}, {now}{tie}."
