from __future__ import annotations

import msgspec
import pytest

from stillwatch.apps.explain import Explanation, campaign_text, explain, nearest, text
from stillwatch.campaigns.model import Decision
from stillwatch.errors import UsageError
from stillwatch.testing import HOSTILE_TEXTS, make_result, make_verdict, with_text_everywhere


@pytest.fixture(scope="module")
def result():
    return make_result()


def test_a_flagged_account_gets_reasons_links_and_the_counter_hypothesis(result):
    answer = explain(result, "acct-01203")
    assert answer.decision is Decision.FLAGGED
    assert answer.set_id == "c-7f3a91"
    assert [each.signal.name for each in answer.reasons[:3]] == [
        "individuality_content",
        "conversation_handoff",
        "payment",
    ]
    assert answer.reasons[0].claim.statistic == 0.004
    assert all("acct-01203" in (edge.a, edge.b) for edge in answer.links)
    assert answer.innocent == "declared synthetic data"
    words = text(answer)
    for part in (
        "Flagged as part of extraction campaign c-7f3a91, by the evidence up to 2026-10-09 10:00 UTC.",
        "The accounts draw from one common mix of topics",
        "innocent causes: a classroom working through one sheet; a benchmark run split over several keys",
        "payment token",
        "Best innocent explanation: declared synthetic data.",
        "benchmark run, rejected:",
        "declared synthetic data, not ruled out:",
        "Guarantee: e-value",
        "(context, no evidence)",
    ):
        assert part in words, part


def test_an_account_held_by_one_kind_of_link_is_told_so(result):
    campaign = result.campaigns[0]
    only = tuple(edge for edge in campaign.edges if edge.kind == "payment")
    lone = msgspec.structs.replace(
        result, campaigns=(msgspec.structs.replace(campaign, edges=only), *result.campaigns[1:])
    )
    assert "All are of one kind, payment" in text(explain(lone, "acct-01203"))


def test_an_account_near_a_set_is_told_what_kept_it(result):
    answer = explain(result, "acct-06001")
    assert answer.decision is Decision.NOT_FLAGGED
    assert (answer.set_id, answer.evidence, answer.needed, answer.innocent) == ("s-0031", 2.2, 2.9, "classroom")
    words = text(answer)
    assert "Its set s-0031 came near." in words
    assert "one campus network explains the link" in words
    assert "(needed 2.9)" in words
    assert words.count("one campus network") == 1


def test_an_undecidable_account_is_not_called_innocent(result):
    words = text(explain(result, "acct-08000"))
    assert "Not decidable" in words
    assert "no finding of innocence" in words
    assert "fewer than 20 exchanges" in words
    assert "blind to" in words


def test_an_ordinary_account_gets_an_answer(result):
    words = text(explain(result, "acct-08001"))
    assert "Not flagged." in words
    assert "linked to nobody by anything rare" in words


def test_a_flagged_account_whose_campaign_is_gone_still_gets_one(result):
    stray = make_verdict("stray")
    alone = msgspec.structs.replace(result, campaigns=(), verdicts=(stray,))
    assert "c-7f3a91" in explain(alone, "stray").headline


def test_an_unknown_account_is_a_usage_error_with_near_ids(result):
    with pytest.raises(UsageError, match="no account acct-0120 ") as caught:
        explain(result, "acct-0120")
    assert "acct-01200" in caught.value.hint or "acct-01" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        explain(result, "zzz")
    assert "No id looks alike" in caught.value.hint


def test_nearest_stays_bounded_in_a_large_log():
    names = [f"{at % 10}-{at:06d}" for at in range(120_000)]
    assert nearest("3-000013x", names)[0] == "3-000013"


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_no_control_character_reaches_the_terminal(result, hostile):
    attacked = with_text_everywhere(result, hostile)
    for name in ("acct-01203", "acct-06001", "acct-08000"):
        words = text(explain(attacked, hostile + name))
        assert not [each for each in words if (ord(each) < 32 and each != "\n") or each in "\u202e\u2066\u200b\x7f"]
    assert "\x1b" not in campaign_text(attacked.campaigns[0])


def test_an_explanation_survives_json(result):
    answer = explain(result, "acct-01203")
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Explanation) == answer


def test_a_campaign_in_words(result):
    words = campaign_text(result.campaigns[0]).replace("\N{NARROW NO-BREAK SPACE}", " ")
    for part in (
        "Campaign c-7f3a91 (extraction)",
        "extraction 4 895 (4 454 to 5 237)",
        "Rides on    c-pool01",
        "throttle to 5 an hour",
        "not ruled out",
    ):
        assert part in words, part
