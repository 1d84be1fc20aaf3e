"""Only changes are told, each with its reasons."""

from __future__ import annotations

import msgspec
import pytest

from stillwatch.apps.watch.changes import Change, Found, changes, flags, message, standing
from stillwatch.campaigns.model import Decision, Kind, Verdict
from stillwatch.testing.builders import make_campaign


def verdict(name, campaign="c-1", *, flagged=True, why=""):
    return Verdict(
        account_id=name,
        score=3.0,
        flagged=flagged,
        kind=Kind.EXTRACTION if flagged else None,
        decision=Decision.FLAGGED if flagged else Decision.NOT_FLAGGED,
        campaign_id=campaign if flagged else None,
        exchanges=9,
        extraction_exchanges=4.0,
        reasons=("shared-address",),
        why=why,
    )


def told(before=(), flagged=(), campaigns=(), verdicts=()):
    old = {each.campaign_id: standing(each) for each in before}
    found = changes(old, flags(flagged), Found(campaigns=tuple(campaigns), verdicts=tuple(verdicts)))
    return [(change.type, change.data) for change in found]


ONE = msgspec.structs.replace(make_campaign("c-1"), previous_ids=(), rides_on=None)


class TestChanges:
    def test_a_new_campaign_and_its_accounts(self):
        found = told(campaigns=[ONE], verdicts=[verdict("a"), verdict("b")])
        assert [kind for kind, _ in found] == ["campaign.found", "account.flagged", "account.flagged"]
        assert found[0][1]["campaign_id"] == "c-1"
        assert found[1][1]["reasons"] == ["shared-address"]

    def test_what_stands_is_not_told_again(self):
        assert told([ONE], [verdict("a")], [ONE], [verdict("a")]) == []

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"account_ids": (*ONE.account_ids, "new")}, "1 accounts joined"),
            ({"account_ids": ONE.account_ids[1:]}, "1 accounts left"),
            ({"kind": Kind.BROKER}, "kind was extraction"),
            ({"rides_on": "c-9"}, "what it rides on changed"),
            ({"active": False}, "it stopped"),
            ({"extraction_exchanges": ONE.extraction_exchanges_high + 1}, "extraction was estimated"),
        ],
    )
    def test_what_changed_is_the_reason(self, change, reason):
        ((kind, data),) = told([ONE], campaigns=[msgspec.structs.replace(ONE, **change)])
        assert kind == "campaign.changed"
        assert len(data["reasons"]) == 1
        assert reason in data["reasons"][0]

    def test_an_estimate_within_its_interval_is_no_change(self):
        assert (
            told([ONE], campaigns=[msgspec.structs.replace(ONE, extraction_exchanges=ONE.extraction_exchanges_low)])
            == []
        )

    def test_merged_and_withdrawn(self):
        two = msgspec.structs.replace(ONE, campaign_id="c-2")
        into = msgspec.structs.replace(ONE, previous_ids=("c-2",))
        assert [(kind, data.get("into")) for kind, data in told([ONE, two], campaigns=[into])] == [
            ("campaign.merged", "c-1")
        ]
        assert [kind for kind, _ in told([ONE])] == ["campaign.withdrawn"]

    def test_released_with_what_speaks_for_it(self):
        ((kind, data),) = told((), [verdict("a")], (), [verdict("a", flagged=False, why="declared use")])
        assert (kind, data["reasons"], data["decision"]) == ("account.released", ["declared use"], "not-flagged")

    def test_an_account_that_left_the_window(self):
        ((_, data),) = told((), [verdict("a")])
        assert "no exchange in the window" in data["reasons"][0]


class TestMessage:
    def test_the_id_is_the_same_at_every_attempt(self):
        change = Change(type="account.released", data={"account_id": "a"})
        first, again = (message(change, state="s", number=3, now_us=0) for _ in range(2))
        assert first == again
        assert message(change, state="s", number=4, now_us=0)[0] != first[0]
        assert message(change, state="t", number=3, now_us=0)[0] != first[0]

    def test_broken_text_does_not_stop_it(self):
        _, body = message(Change(type="x", data={"account_id": "a\ud800"}), state="s", number=1, now_us=0)
        assert msgspec.json.decode(body)["data"]["account_id"] == "a?"
