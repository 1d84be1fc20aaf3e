"""Context: what else a campaign shows, each figure beside the same figure of everybody else.

None of it is evidence: large honest customers work round the clock, evaluators move to a new model on its first day, and
fleets have one client. It helps an analyst to tell a relay from a script and to ask the right question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from stillwatch.campaigns.counting import Conversations
from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, NONE, Bools, Floats, Ints, Log
from stillwatch.detect.signals import CATALOGUE
from stillwatch.evidence.claims import Claim

SECOND = 1_000_000
COOL_DOWNS = (300, 600, 1800)
SLACK = 2.0
REFUSED = 429
QUIET = 6
WEEK = 7 * HOURS_PER_DAY * MICROSECONDS_PER_HOUR
PIVOT_AFTER = HOURS_PER_DAY * MICROSECONDS_PER_HOUR
TEMPLATE_PARTIES = 3
EVERYBODY = "everybody else's"
MOST_TEXTS = 4000


@dataclass(frozen=True)
class Scene:
    """A campaign's rows (``mine``) and those it is held beside (``others``), as masks over the exchanges.

    ``talk``: the conversations. ``whose``: in words, whom the others' figures stand for.
    """

    log: Log
    mine: Bools
    talk: Conversations
    others: Bools
    whose: str = EVERYBODY


def context_claims(scene: Scene) -> tuple[Claim, ...]:
    """All context figures that the log's columns allow."""
    found: list[Claim] = []
    for name, measure in MEASURES.items():
        for words, mine, others, sample in measure(scene):
            found.append(
                Claim(
                    signal=name,
                    statement=words,
                    null=CATALOGUE[name].null,
                    statistic=round(mine, 4),
                    reference=round(others, 4),
                    sample=sample,
                    method=f"share in the campaign, beside {scene.whose}",
                    innocent=CATALOGUE[name].innocent,
                )
            )
    return tuple(found)


Measured = Iterator[tuple[str, float, float, int]]
"""(words, figure of the campaign, figure of everybody else, how many it rests on)."""


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if len(values) else 0.0


def _frozen_client(scene: Scene) -> Measured:
    log = scene.log
    known = log.client.codes != NONE
    mine = log.client.codes[scene.mine & known]
    if not len(mine):
        return
    counts = np.bincount(mine)
    top = int(counts.argmax())
    others = _mean(log.client.codes[scene.others & known] == top)
    share = float(counts[top] / len(mine))
    yield f"{share:.0%} of its requests show one client fingerprint", share, others, len(mine)


def _cool_downs(scene: Scene) -> Measured:
    log = scene.log
    order = np.lexsort((log.ts, log.account))
    same = log.account[order][1:] == log.account[order][:-1]
    refused = (log.status[order][:-1] >= REFUSED) & same
    gap = (log.ts[order][1:] - log.ts[order][:-1])[refused] / SECOND
    near = np.min([np.abs(gap - c) for c in COOL_DOWNS], axis=0) <= SLACK if len(gap) else np.zeros(0, bool)
    inside, outside = (mask[order][:-1][refused] for mask in (scene.mine, scene.others))
    if inside.any():
        share = _mean(near[inside])
        words = f"{share:.0%} of the silences after a refused request end at 300, 600 or 1800 seconds"
        yield words, share, _mean(near[outside]), int(inside.sum())


def _personas(scene: Scene) -> Measured:
    log, talk = scene.log, scene.talk
    start = log.ts[talk.opening]
    last = np.zeros(len(talk.opening), np.int64)
    np.maximum.at(last, talk.of_exchange, log.ts)
    order = np.lexsort((start, talk.party))
    party, begin, end = talk.party[order], start[order], last[order]
    before = np.r_[False, (party[1:] == party[:-1]) & (begin[1:] < end[:-1])]
    inside, outside = (mask[talk.opening[order]] for mask in (scene.mine, scene.others))
    if inside.any():
        share = _mean(before[inside])
        words = f"{share:.0%} of its conversations begin while the account's previous one is still going on"
        yield words, share, _mean(before[outside]), int(inside.sum())


def _signup_burst(scene: Scene) -> Measured:
    accounts = scene.log.accounts
    inside = np.zeros(len(accounts), bool)
    inside[scene.log.account[scene.mine]] = True
    created = np.sort(accounts.created_us[inside & np.isfinite(accounts.created_us)])
    if len(created) < 2:
        return
    ends = np.searchsorted(created, created + WEEK, side="right")
    most = int((ends - np.arange(len(created))).argmax())
    share = float((ends[most] - most) / len(created))
    rest = accounts.created_us[~inside & np.isfinite(accounts.created_us)]
    others = _mean((rest >= created[most]) & (rest <= created[most] + WEEK))
    yield f"{share:.0%} of its accounts were created within one week", share, others, len(created)


def _release_pivot(scene: Scene) -> Measured:
    log = scene.log
    for model in range(len(log.model)):
        rows = np.flatnonzero(log.model.codes == model)
        if not len(rows) or log.ts[rows[0]] < log.ts[0] + PIVOT_AFTER:
            continue
        day = (log.ts >= log.ts[rows[0]]) & (log.ts < log.ts[rows[0]] + PIVOT_AFTER)
        mine = log.model.codes[day & scene.mine] == model
        if len(mine):
            share = _mean(mine)
            others = _mean(log.model.codes[day & scene.others] == model)
            words = f"{share:.0%} of its traffic asked for {log.model.text(model)} within a day of its first appearance"
            yield words, share, others, len(mine)


def _hours(ts: Ints) -> Floats:
    return np.bincount((ts // MICROSECONDS_PER_HOUR) % HOURS_PER_DAY, minlength=HOURS_PER_DAY) / max(len(ts), 1)


def _quietest(hours: Floats) -> float:
    twice = np.r_[hours, hours]
    return float(min(twice[h : h + QUIET].sum() for h in range(HOURS_PER_DAY)))


def _round_the_clock(scene: Scene) -> Measured:
    mine, others = (_quietest(_hours(scene.log.ts[m])) for m in (scene.mine, scene.others))
    words = f"{mine:.0%} of its traffic falls into its six quietest hours (a quarter would be even)"
    yield words, mine, others, int(scene.mine.sum())


def _co_silence(scene: Scene) -> Measured:
    ts = scene.log.ts[scene.mine]
    span = int((ts[-1] - ts[0]) // MICROSECONDS_PER_HOUR) + 1
    if span < HOURS_PER_DAY:
        return
    active = len(np.unique((ts - ts[0]) // MICROSECONDS_PER_HOUR))
    silent = 1 - active / span
    expected = float(np.exp(-len(ts) / span))
    yield f"the whole set is silent in {silent:.0%} of its hours", silent, expected, span


def _novelty(scene: Scene) -> Measured:
    log, talk = scene.log, scene.talk
    if not log.with_text:
        return
    text = log.prompt.codes[talk.opening]
    inside = scene.mine[talk.opening] & (text != NONE)
    outside = scene.others[talk.opening] & (text != NONE)
    if inside.any() and outside.any():
        shares = [len(np.unique(text[m])) / int(m.sum()) for m in (inside, outside)]
        yield f"{shares[0]:.0%} of its openings are different texts", shares[0], shares[1], int(inside.sum())


def _templates(scene: Scene) -> Measured:
    log, talk = scene.log, scene.talk
    if not log.with_text:
        return
    rows = talk.opening[scene.mine[talk.opening]]
    rows = rows[log.prompt.codes[rows] != NONE]
    rest = talk.opening[scene.others[talk.opening]]
    rest = rest[log.prompt.codes[rest] != NONE]
    if not len(rows):
        return
    rows, rest = (
        r[np.unique(np.linspace(0, len(r) - 1, MOST_TEXTS).astype(int))] if len(r) else r for r in (rows, rest)
    )
    mine, theirs = (log.texts.skeleton(log.prompt.codes[r]) for r in (rows, rest))
    skeletons, which = np.unique(mine, return_inverse=True)
    users = np.bincount(np.unique(np.stack([which, log.party[rows]]), axis=1)[0], minlength=len(skeletons))
    rare = (users >= TEMPLATE_PARTIES) & ~np.isin(skeletons, theirs)
    share = _mean(rare[which])
    yield f"{share:.0%} of its openings follow templates of its own, seen nowhere else", share, 0.0, len(mine)


MEASURES: dict[str, Callable[[Scene], Measured]] = {
    "frozen-client": _frozen_client,
    "cool-down-gaps": _cool_downs,
    "persona-multiplicity": _personas,
    "signup-burst": _signup_burst,
    "release-pivot": _release_pivot,
    "round-the-clock": _round_the_clock,
    "co-silence": _co_silence,
    "coverage-novelty": _novelty,
    "rare-skeleton": _templates,
}
"""Measures by the name of their signal."""
