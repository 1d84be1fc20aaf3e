from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from stillwatch.apps.report.view import (
    Limits,
    claim_views,
    needed_evidence,
    report_view,
    trend_of,
    undecided,
)
from stillwatch.campaigns.model import Alternative, Bin, Decision
from stillwatch.testing import make_campaign, make_claim, make_result, make_verdict


def test_the_needed_evidence_is_the_stated_one_or_one_over_alpha():
    assert needed_evidence(make_result()) == 2.9
    assert needed_evidence(make_result(near=0)) == pytest.approx(2.0)


def test_claims_stand_by_strength_with_context_last():
    claims = [make_claim("a", log10_e=None), make_claim("b", log10_e=1.0), make_claim("c", log10_e=3.0)]
    assert [each.claim.signal for each in claim_views(claims, 2.0)] == ["c", "b", "a"]


def test_the_trend_compares_the_last_two_days():
    start = make_campaign().first_seen
    bins = tuple(Bin(start + timedelta(hours=12 * at), 10, float(at + 1), 1) for at in range(6))
    campaign = msgspec.structs.replace(make_campaign(), timeline=bins)
    assert trend_of(campaign) == "11 extraction exchanges in its last 24 hours, 7 in the 24 hours before"
    assert (
        trend_of(msgspec.structs.replace(campaign, timeline=bins[:2])) == "3 extraction exchanges in its last 24 hours"
    )
    assert trend_of(msgspec.structs.replace(campaign, timeline=())) == ""


def test_an_explanation_that_stands_comes_before_rejected_ones():
    (view, *_) = report_view(make_result(), Limits()).campaigns
    assert view.best_innocent == Alternative(
        "declared synthetic data", "Two accounts declare research; neither is verified.", rejected=False
    )


def test_undecided_accounts_are_grouped_and_all_counted():
    few = [
        make_verdict(f"a{at}", decision=Decision.NOT_DECIDABLE, why="few" if at % 3 else "one day") for at in range(30)
    ]
    groups = undecided([*few, make_verdict("b")], 10)
    assert [(each.reason, each.accounts, len(each.ids)) for each in groups] == [("few", 20, 5), ("one day", 10, 5)]


def test_members_stand_by_score_with_their_strongest_link():
    view = report_view(make_result(), Limits()).campaigns[0]
    scores = [member.verdict.score for member in view.members]
    assert scores == sorted(scores, reverse=True)
    for member in view.members:
        mine = [edge.weight for edge in view.campaign.edges if member.account_id in (edge.a, edge.b)]
        assert member.edge.weight == max(mine)


def test_merged_slices_keep_the_shares():
    view = report_view(make_result(), Limits(slices=3)).campaigns[0]
    assert len(view.slices) == 3
    for _, values in view.slices:
        assert sum(float(each) for each in values) == pytest.approx(100, abs=3)
