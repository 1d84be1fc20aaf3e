"""Verdicts: one answer for every account, in the right words, with a score that orders."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns import verdicts as module
from stillwatch.campaigns.innocent import Facts
from stillwatch.campaigns.membership import UNTIED
from stillwatch.campaigns.model import Alternative, Decision, Kind
from stillwatch.campaigns.traffic import Traffic
from stillwatch.campaigns.verdicts import LARGE, TOO_FEW, Answers, Scores, innocents, lonely, score_everybody, verdicts
from stillwatch.detect.families import Family
from stillwatch.detect.individuality import Sums
from stillwatch.detect.log import Log
from stillwatch.detect.openings import openings
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, exchange


def answers(hunted, campaigns, **changes):
    """What the verdicts on the small log are made from."""
    log, outcome = hunted.log, hunted.outcome
    made = Answers(
        log=log,
        traffic=hunted.looker.traffic,
        facts=hunted.looker.facts,
        view=outcome.view,
        outcome=outcome,
        campaigns=campaigns,
        extraction=np.zeros(len(log)),
        innocent={},
        known={},
        labels={},
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def said(hunted, whole):
    return verdicts(answers(hunted, whole.campaigns))


def party_of(hunted, name):
    return int(hunted.log.accounts.party[hunted.names.tolist().index(name)])


class TestEveryAccount:
    def test_has_one_answer_in_the_order_of_ids(self, hunted, said):
        assert [v.account_id for v in said] == sorted(hunted.names.tolist())
        assert sum(v.exchanges for v in said) == len(hunted.log)

    def test_a_flagged_one_says_where_what_and_when(self, hunted, whole, said):
        (campaign,) = whole.campaigns
        flagged = [v for v in said if v.flagged]
        assert {v.account_id for v in flagged} == set(hunted.flagged) == set(campaign.account_ids)
        for verdict in flagged:
            assert verdict.decision is Decision.FLAGGED
            assert (verdict.campaign_id, verdict.kind) == (campaign.campaign_id, campaign.kind)
            assert int(verdict.flagged_at.timestamp() * 1e6) == pytest.approx(hunted.flagged[verdict.account_id], abs=2)
            assert verdict.innocent == campaign.considered[0].name

    def test_another_names_none_of_it(self, said):
        rest = [v for v in said if not v.flagged]
        assert len(rest) == 200
        for verdict in rest:
            assert verdict.decision is Decision.NOT_FLAGGED
            assert verdict.campaign_id is verdict.kind is verdict.flagged_at is verdict.innocent is None

    def test_the_words_are_the_contracts(self):
        assert {d.value for d in Decision} == {"flagged", "not-flagged", "not-decidable"}
        assert {k.value for k in Kind} == {"extraction", "broker"}

    def test_extraction_is_that_of_its_own_exchanges(self, hunted, whole):
        share = np.random.default_rng(1).random(len(hunted.log))
        found = verdicts(answers(hunted, whole.campaigns, extraction=share))
        mine = hunted.log.account == hunted.names.tolist().index(found[0].account_id)
        assert found[0].extraction_exchanges == pytest.approx(share[mine].sum())
        assert sum(v.extraction_exchanges for v in found) == pytest.approx(share.sum())


class TestScore:
    def test_is_there_for_everybody_and_orders_by_log_odds(self, hunted, said):
        odds = score_everybody(hunted.outcome.view, hunted.outcome).odds
        for flagged in (True, False):
            group = [v for v in said if v.flagged is flagged]
            assert np.isfinite([v.score for v in group]).all()
            by_odds = sorted(group, key=lambda v: odds[party_of(hunted, v.account_id)])
            assert [v.score for v in by_odds] == sorted(v.score for v in group)

    @given(st.lists(st.floats(-200, 200), min_size=8, max_size=8))
    def test_no_odds_lift_an_account_that_is_not_flagged_over_one_that_is(self, hunted, whole, values):
        odds = np.resize(np.array(values), len(hunted.names))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "score_everybody", lambda *_: Scores(np.zeros(len(odds), int), odds, []))
            found = verdicts(answers(hunted, whole.campaigns))
        assert min(v.score for v in found if v.flagged) > max(v.score for v in found if not v.flagged)

    def test_where_nothing_was_found_the_strongest_sets_order(self, quiet):
        found = verdicts(answers(quiet, ()))
        assert not any(v.flagged for v in found)
        assert all(v.nearest_set is None and v.reasons == () for v in found)
        assert np.isfinite([v.score for v in found]).all()
        pair = np.array([party_of(quiet, name) for name in ("p000", "p001")])
        near = SimpleNamespace(members=pair, log10_e=3.0, dealt=np.array([1.0, 0.1]))
        outcome = replace(quiet.outcome, near=[near])
        first, second, *rest = verdicts(answers(quiet, (), outcome=outcome))
        assert 0 > first.score > second.score > max(v.score for v in rest)

    @pytest.mark.parametrize(("odds", "near"), [(UNTIED + 0.1, True), (UNTIED, False)])
    def test_a_set_is_near_where_some_link_leads_to_it(self, hunted, whole, monkeypatch, odds, near):
        scores = score_everybody(hunted.outcome.view, hunted.outcome)
        person = party_of(hunted, "p100")
        scores.odds[person] = odds
        monkeypatch.setattr(module, "score_everybody", lambda *_: scores)
        by_name = {v.account_id: v.nearest_set for v in verdicts(answers(hunted, whole.campaigns))}
        assert by_name["p100"] == (whole.campaigns[0].campaign_id if near else None)
        assert by_name["d003"] == whole.campaigns[0].campaign_id


class TestDecision:
    @pytest.mark.parametrize(
        ("openings", "decision"),
        [
            (0, Decision.NOT_DECIDABLE),
            (TOO_FEW - 1, Decision.NOT_DECIDABLE),
            (TOO_FEW, Decision.NOT_FLAGGED),
        ],
    )
    def test_below_the_stated_size_nothing_is_said(self, hunted, whole, openings, decision):
        view, person = hunted.outcome.view, int(hunted.people[50])
        counted, spread, population = view.families[Family.TEXT]
        sums = counted.of(np.arange(len(counted.n)))
        n = sums.n.copy()
        n[person] = openings
        families = {**view.families, Family.TEXT: (Sums(n, sums.s, sums.q), spread, population)}
        found = verdicts(answers(hunted, whole.campaigns, view=replace(view, families=families)))
        verdict = next(v for v in found if v.account_id == str(hunted.names[person]))
        assert verdict.decision is decision
        assert np.isfinite(verdict.score)
        assert (str(TOO_FEW) in verdict.why) is (decision is Decision.NOT_DECIDABLE)

    @pytest.mark.parametrize(
        ("sent", "alike", "declared", "flagged", "lone"),
        [
            (LARGE, 1.1, False, False, True),
            (LARGE - 1, 1.1, False, False, False),
            (LARGE, 0.9, False, False, False),
            (LARGE, 1.1, True, False, False),
            (LARGE, 1.1, False, True, False),
        ],
    )
    def test_a_large_account_that_stands_alone_and_resembles_a_corpus_is_not_decidable(
        self, sent, alike, declared, flagged, lone
    ):
        traffic = SimpleNamespace(sent_by_party=lambda: np.array([sent, 1]), parties=2)
        members = np.array([0, 1] if flagged else [1])
        case = SimpleNamespace(
            traffic=traffic,
            facts=SimpleNamespace(declared=np.array([declared, False])),
            view=SimpleNamespace(families={Family.TEXT: None}),
            outcome=SimpleNamespace(campaigns=[SimpleNamespace(members=members)]),
        )
        scores = Scores(np.zeros(2, int), np.zeros(2), [SimpleNamespace(resemblance=np.array([alike, 5.0]))])
        assert lonely(case, scores).tolist() == [lone, False]

    def test_without_a_campaign_there_is_nothing_to_resemble(self):
        case = SimpleNamespace(
            traffic=SimpleNamespace(sent_by_party=lambda: np.array([5000]), parties=1),
            facts=None,
            view=SimpleNamespace(families={Family.TEXT: None}),
        )
        assert lonely(case, Scores(np.zeros(1, int), np.zeros(1), [])).tolist() == [False]


class TestReasons:
    def test_of_the_flagged_name_links_and_the_campaigns_evidence(self, said):
        flagged = [v for v in said if v.flagged]
        assert all(v.reasons for v in flagged)
        for signal in ("shared-payment", "shared-address", "individuality-text"):
            assert sum(signal in v.reasons for v in flagged) > 0.8 * len(flagged)

    def test_of_people_there_are_none(self, hunted, said):
        odds = score_everybody(hunted.outcome.view, hunted.outcome).odds
        assert not [v for v in said if v.reasons and not v.flagged and odds[party_of(hunted, v.account_id)] <= 0]

    def test_the_strongest_comes_first(self, hunted, said):
        (part,) = score_everybody(hunted.outcome.view, hunted.outcome).parts
        links = {"shared-payment": part.payment, "shared-address": part.address, "same-setup": part.setup}
        for verdict in (v for v in said if v.flagged):
            party = party_of(hunted, verdict.account_id)
            strength = [links[r][party] for r in verdict.reasons if r in links]
            assert strength == sorted(strength, reverse=True)
            assert min(strength, default=1) > 0

    def test_a_known_indicator_is_named_and_changes_nothing_else(self, hunted, whole, said):
        names = "p100", "d003"
        found = verdicts(answers(hunted, whole.campaigns, known=dict.fromkeys(names, "address 192.0.2.7")))
        for before, after in zip(said, found, strict=True):
            if before.account_id not in names:
                assert before == after
                continue
            assert "Matches a known indicator: address 192.0.2.7." in after.why
            assert ("known-indicator" in after.reasons) is after.flagged
            assert (after.score, after.decision) == (before.score, before.decision)


class TestInnocent:
    def test_what_an_analyst_said_comes_before_what_the_log_shows(self, hunted, whole):
        shown = {party_of(hunted, name): "batch job" for name in ("p001", "p002")}
        found = verdicts(answers(hunted, whole.campaigns, innocent=shown, labels={"p001": "cleared by x"}))
        by_name = {v.account_id: v.innocent for v in found}
        assert (by_name["p001"], by_name["p002"], by_name["p003"]) == ("cleared by x", "batch job", None)

    @pytest.mark.parametrize(
        ("record", "change", "expected"),
        [
            ({"declared_use": "research", "verified": True}, {}, "declared research (verified)"),
            ({"declared_use": "research", "verified": False}, {}, "declared research (not verified)"),
            ({"declared_use": "research"}, {"endpoint": "batch"}, "declared research (not verified)"),
            ({}, {"endpoint": "batch"}, "batch job"),
            ({"owner_id": "o"}, {"endpoint": "batch"}, "accounts of one organisation on record"),
            ({"owner_id": "o"}, {}, "accounts of one organisation on record"),
            ({}, {"prompt": "item"}, "benchmark run"),
            ({}, {}, None),
        ],
    )
    def test_explanations_of_one_party(self, record, change, expected):
        text = change.get("prompt", "text")
        rows = [exchange(i, account_id="ab"[i % 2], **change | {"prompt": f"{text} {i}"}) for i in range(24)]
        records = [{"account_id": "a"} | record, {"account_id": "b", "owner_id": record.get("owner_id")}]
        log = Log.build(
            pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), pa.Table.from_pylist(records, schema=ACCOUNT_SCHEMA)
        )
        matcher = SimpleNamespace(match=lambda texts, ambiguous: np.array([t.startswith("item") for t in texts]))
        facts = Facts.build(log, np.arange(len(log)), openings(log), matcher)
        found = innocents(Traffic.of(log, openings(log)), facts, SimpleNamespace(held={}))
        assert found.get(int(log.accounts.party[0])) == expected

    @pytest.mark.parametrize(("batch", "holds"), [(10, True), (9, False)])
    def test_a_batch_job_sends_hardly_anything_else(self, batch, holds):
        rows = [exchange(i, account_id="a", endpoint="batch" if i < batch else "chat") for i in range(10)]
        log = Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)
        facts = Facts.build(log, np.arange(len(log)), openings(log), None)
        assert innocents(Traffic.of(log, openings(log)), facts, SimpleNamespace(held={})) == (
            {0: "batch job"} if holds else {}
        )

    def test_the_explanation_that_kept_a_set_from_being_reported_is_its_members(self, hunted):
        held = {b"": (SimpleNamespace(core=np.array([3, 4])), Alternative("classroom", "", rejected=False))}
        found = innocents(hunted.looker.traffic, hunted.looker.facts, SimpleNamespace(held=held))
        assert found == {3: "classroom", 4: "classroom"}
