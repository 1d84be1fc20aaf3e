"""A whole hunt: what goes in as settings comes out in names, verdicts and near misses."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.describe import campaign_name
from stillwatch.campaigns.model import Decision
from stillwatch.campaigns.service import Settings, _names, hunt
from stillwatch.detect.log import Log
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange

EARLIER = frozenset({"d000", "d001", "d002", "gone"})


def owned(hunted, columns, odd=()):
    """The small log with other account records, and with exchanges of odd accounts at its end."""
    world = hunted.world
    last = world.exchanges["ts"][-1].as_py()
    rows = [{"ts": last, "exchange_id": f"z{i}", "context_out": f"z{i}"} | row for i, row in enumerate(odd)]
    more = pa.Table.from_pylist(
        [{k: v for k, v in exchange(0, **row).items() if k in world.exchanges.column_names} for row in rows],
        schema=world.exchanges.schema,
    )
    records = [r | {k: v(r["account_id"]) for k, v in columns.items()} for r in world.accounts.to_pylist()]
    return Log.build(pa.concat_tables([world.exchanges, more]), pa.Table.from_pylist(records))


class Told:
    """Progress as it was told."""

    def __init__(self):
        self.said = []

    def __call__(self, stage, done, every):
        self.said.append((stage, done, every))


@pytest.fixture(scope="module")
def told(hunted):
    """A hunt with every setting, over the small log with accounts that hardly say anything."""
    odd = [
        {"account_id": "z-failed", "status": 503},
        {"account_id": "z-follow", "turn": 4},
        {"account_id": "z-silent", "prompt": None},
        {"account_id": "z-once"},
        {"account_id": "z-twice"},
        {"account_id": "z-twice", "prompt": "another"},
    ]
    progress = Told()
    settings = Settings(
        redacted=False,
        earlier=(("cmp-old", EARLIER), ("cmp-other", frozenset({"p001", "p002"}))),
        known={"d005": "address 192.0.2.7", "p005": "address 192.0.2.7"},
        legitimate={"d003": "cleared by x", "p003": "cleared by y", "nobody": "cleared by z"},
    )
    found = hunt(owned(hunted, {}, odd), settings, progress)
    return SimpleNamespace(found=found, progress=progress.said, by_name={v.account_id: v for v in found.verdicts})


class TestHunt:
    def test_finds_what_the_looks_find(self, hunted, whole):
        (campaign,) = whole.campaigns
        assert set(campaign.account_ids) == set(hunted.flagged)
        assert {v.account_id for v in whole.verdicts if v.flagged} == set(hunted.flagged)
        assert [v.account_id for v in whole.verdicts] == sorted(hunted.names.tolist())
        assert set(whole.seconds) == {"sketch", "looks", "describe"}

    def test_verdicts_add_up_to_the_campaign(self, whole):
        (campaign,) = whole.campaigns
        flagged = [v for v in whole.verdicts if v.flagged]
        assert sum(v.exchanges for v in flagged) == campaign.exchanges
        assert sum(v.extraction_exchanges for v in flagged) == pytest.approx(campaign.extraction_exchanges)
        assert sum(v.extraction_exchanges for v in whole.verdicts if not v.flagged) == 0

    def test_without_a_log_there_is_nothing_but_the_guarantee(self):
        found = hunt(Log.build(pa.Table.from_pylist([], schema=EXCHANGE_SCHEMA), None), Settings())
        assert (found.campaigns, found.near, found.verdicts) == ((), (), ())
        assert found.guarantee.blind_to

    def test_progress_is_told_in_order_to_its_end(self, told):
        stages = [stage for stage, _, _ in told.progress]
        assert list(dict.fromkeys(stages)) == ["sketch", "looks", "describe"]
        for stage in set(stages):
            done = [(d, every) for s, d, every in told.progress if s == stage]
            assert done == sorted(done)
            assert done[-1][0] == done[-1][1]

    def test_texts_are_hidden_unless_asked_for(self, hunted, whole, told):
        prompts = {*hunted.world.exchanges["prompt"].to_pylist(), "question 0", "another"}
        for found, shown in ((whole, False), (told.found, True)):
            (campaign,) = found.campaigns
            texts = [each.text for each in (*campaign.examples, *campaign.neighbours)]
            assert len(texts) > 5
            assert all((text in prompts) is shown for text in texts)


class TestOddAccounts:
    @pytest.mark.parametrize(
        ("name", "decision"),
        [
            ("z-failed", Decision.NOT_DECIDABLE),
            ("z-follow", Decision.NOT_DECIDABLE),
            ("z-silent", Decision.NOT_DECIDABLE),
            ("z-once", Decision.NOT_DECIDABLE),
            ("z-twice", Decision.NOT_FLAGGED),
        ],
    )
    def test_who_hardly_says_anything_still_has_an_answer(self, told, name, decision):
        verdict = told.by_name[name]
        assert verdict.decision is decision
        assert np.isfinite(verdict.score)
        assert verdict.extraction_exchanges == 0


class TestSettings:
    def test_a_cleared_account_is_never_flagged_and_the_verdict_says_who_cleared_it(self, whole, told):
        assert next(v for v in whole.verdicts if v.account_id == "d003").flagged
        assert not told.by_name["d003"].flagged
        assert told.by_name["d003"].innocent == "cleared by x"
        assert told.by_name["p003"].innocent == "cleared by y"
        assert "nobody" not in told.by_name

    def test_an_indicator_flags_nobody(self, told):
        assert not told.by_name["p005"].flagged
        assert told.by_name["p005"].why.endswith("Matches a known indicator: address 192.0.2.7.")
        assert "known-indicator" in told.by_name["d005"].reasons

    def test_a_campaign_keeps_the_name_of_an_earlier_run(self, whole, told):
        (campaign,) = told.found.campaigns
        assert (campaign.campaign_id, campaign.previous_ids) == ("cmp-old", ())
        assert {v.campaign_id for v in told.found.verdicts if v.flagged} == {"cmp-old"}
        assert whole.campaigns[0].campaign_id != "cmp-old"


class TestNearMisses:
    def test_one_customers_own_keys_are_not_reported_and_the_reason_is_given(self, hunted):
        log = owned(hunted, {"payment_fingerprint": lambda a: "card" if a.startswith("d") else f"own {a}"})
        found = hunt(log, Settings())
        assert found.campaigns == ()
        assert not any(v.flagged for v in found.verdicts)
        miss = found.near[0]
        assert miss.innocent == "one customer's own keys"
        assert miss.why_not.startswith("one customer's own keys holds: ")
        assert miss.evidence >= miss.needed
        assert {name[0] for name in miss.account_ids} == {"d"}
        told = {v.account_id: v.innocent for v in found.verdicts}
        assert {told[name] for name in miss.account_ids} == {"one customer's own keys"}

    def test_are_numbered_nearest_first_and_hold_nobody_who_is_flagged(self, whole, told):
        for found in (whole, told.found):
            flagged = {v.account_id for v in found.verdicts if v.flagged}
            assert [miss.set_id for miss in found.near] == [f"set-{i + 1}" for i in range(len(found.near))]
            evidence = [miss.evidence for miss in found.near]
            assert evidence == sorted(evidence, reverse=True)
            assert not any(flagged & set(miss.account_ids) for miss in found.near)


def names(*campaigns, earlier=()):
    """Names of campaigns, each a string of accounts; the first of them founded it."""
    ids = [chr(ord("a") + i) for i in range(20)]
    on_record = SimpleNamespace(ids=pa.array(ids), party=np.arange(20))
    found = [
        SimpleNamespace(members=np.array([ids.index(i) for i in c]), founders=np.array([ids.index(i) for i in c[:3]]))
        for c in campaigns
    ]
    own = [campaign_name(on_record, f) for f in found]
    return _names(on_record, found, tuple((name, frozenset(who)) for name, who in earlier)), own


class TestNames:
    def test_a_new_campaign_has_one_of_its_own(self):
        found, own = names("abc", "def")
        assert found == [(own[0], ()), (own[1], ())]
        assert own[0] != own[1]

    @pytest.mark.parametrize(("shared", "kept"), [("abxy", True), ("axyz", False)])
    def test_half_of_an_earlier_campaigns_accounts_keep_its_name(self, shared, kept):
        ((name, _),), (own,) = names("abcdef", earlier=[("old", shared)])
        assert name == ("old" if kept else own)

    def test_of_several_earlier_ones_the_most_shared_gives_the_name_and_the_others_are_remembered(self):
        (found,), _ = names("abcdef", earlier=[("one", "ab"), ("two", "cdef"), ("three", "xyz")])
        assert found == ("two", ("one",))

    def test_an_earlier_campaign_that_fell_apart_names_one_piece(self):
        found, own = names("abc", "def", earlier=[("old", "abcdef")])
        assert found == [("old", ()), (own[1], ())]

    def test_no_two_campaigns_have_one_name(self):
        """The founders left the earlier campaign, whose name the rest of it keeps, and are found again by themselves."""
        _, own = names("abc")
        found, _ = names("ghijklm", "abc", earlier=[(own[0], "abcghijklm")])
        assert found[0][0] == own[0]
        assert len({name for name, _ in found}) == 2

    def test_a_name_that_another_campaign_keeps_is_no_previous_one(self):
        found, _ = names("abcd", "efgh", earlier=[("one", "abce"), ("two", "cdef")])
        assert found == [("one", ()), ("two", ())]
