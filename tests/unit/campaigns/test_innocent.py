"""Innocent explanations: each holds where it should and fails just beside."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.campaigns.innocent import ASSIGNMENT, COPIES, OPEN_USES, Facts, equal_pairs, examine, holding
from stillwatch.campaigns.model import Alternative
from stillwatch.detect.log import Log
from stillwatch.detect.openings import openings
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, START, exchange

LATER = 2**62
BENCHMARK = "benchmark run split over accounts"
CUSTOMER = "one customer's own keys"
DECLARED = "declared and verified use"
SET = 10
"""Accounts of the set that is examined: a0 to a9."""


class Items:
    """A matcher for which a text is a benchmark item if it says so."""

    def match(self, texts, *, ambiguous):
        assert not ambiguous
        return np.array([text.startswith("item") for text in texts], bool)


def facts_of(rows, records=(), matcher=None):
    """Facts of a log with these exchanges, numbered in order of time."""
    rows = [exchange(i, **row) for i, row in enumerate(rows)]
    accounts = pa.Table.from_pylist(list(records), schema=ACCOUNT_SCHEMA)
    log = Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), accounts)
    every = np.flatnonzero((log.turn <= 1) & (log.status < 400))
    return Facts.build(log, every, openings(log), matcher or Items())


def examined(facts, ts=LATER, size=SET):
    """The explanations of the set of accounts a0, a1, ... by name."""
    wanted = {f"a{i}" for i in range(size)}
    ids = facts.accounts.ids.to_pylist()
    core = np.unique(facts.accounts.party[[at for at, name in enumerate(ids) if name in wanted]])
    return {alternative.name: alternative for alternative in examine(facts, core, ts)}


def talk(texts, accounts=SET, name="a"):
    """Every account sends ``texts`` openings; ``texts`` may be a function of account and number."""
    say = texts if callable(texts) else (lambda account, number: f"text {account}.{number}")
    count = 30 if callable(texts) else texts
    return [{"account_id": f"{name}{a}", "prompt": say(a, n)} for n in range(count) for a in range(accounts)]


def records(number=SET, name="a", **columns):
    """Records of accounts; a column may be a function of the account's number."""
    return [
        {"account_id": f"{name}{i}"} | {k: v(i) if callable(v) else v for k, v in columns.items()}
        for i in range(number)
    ]


class TestAssignment:
    def test_a_class_with_one_list_of_tasks_is_explained(self):
        rng = np.random.default_rng(1)
        found = examined(facts_of(talk(lambda a, n: f"task {rng.integers(300)}")))[ASSIGNMENT]
        assert not found.rejected

    def test_a_corpus_that_hardly_repeats_is_not(self):
        rng = np.random.default_rng(1)
        found = examined(facts_of(talk(lambda a, n: f"task {rng.integers(30_000)}")))[ASSIGNMENT]
        assert found.rejected

    def test_a_pool_that_opens_with_one_greeting_is_not_cleared_by_it(self):
        found = examined(facts_of(talk(lambda a, n: "hello" if n == 0 else f"{a}.{n}")))[ASSIGNMENT]
        assert found.rejected

    def test_one_account_that_repeats_itself_shares_nothing(self):
        found = examined(facts_of(talk(lambda a, n: f"{a}.{n % 25}")))[ASSIGNMENT]
        assert found.rejected
        assert found.finding.startswith("0 equal pairs")

    def test_too_little_to_tell_is_not_a_rejection(self):
        found = examined(facts_of(talk(5)))[ASSIGNMENT]
        assert not found.rejected

    def test_accounts_outside_the_set_do_not_count(self):
        rows = talk(30) + [{"account_id": f"b{i}", "prompt": f"text {i}.{n}"} for i in range(10) for n in range(30)]
        assert examined(facts_of(rows))[ASSIGNMENT].rejected

    def test_only_what_was_asked_by_then_counts(self):
        rng = np.random.default_rng(2)
        rows = talk(30) + talk(lambda a, n: f"task {rng.integers(100)}")
        facts = facts_of(rows)
        half = int(facts.asked.since[len(rows) // 2 - 1])
        assert examined(facts, half)[ASSIGNMENT].rejected
        assert not examined(facts)[ASSIGNMENT].rejected

    def test_without_text_it_is_said_to_be_untested(self):
        found = examined(facts_of(talk(lambda a, n: None)))[ASSIGNMENT]
        assert found.rejected
        assert "without text" in found.finding


class TestEqualPairs:
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=20))
    def test_are_counted_as_by_hand(self, sent):
        once = sorted(set(sent))
        text, party = (np.array([s[i] for s in sent], np.int64) for i in (0, 1))
        possible = sum(p != q for i, (_, p) in enumerate(once) for _, q in once[:i])
        copies = [min(sum(t == text for t, _ in once), COPIES) for text in range(5)]
        assert equal_pairs(text, party) == (sum(c * (c - 1) / 2 for c in copies), possible)

    def test_a_text_that_all_share_counts_for_few(self):
        everybody = np.arange(50)
        assert equal_pairs(np.zeros(50, np.int64), everybody)[0] == COPIES * (COPIES - 1) / 2


class TestBenchmark:
    @pytest.mark.parametrize(("items", "holds"), [(30, True), (15, True), (14, False), (0, False)])
    def test_half_of_the_openings_must_be_items(self, items, holds):
        found = examined(facts_of(talk(lambda a, n: f"{'item' if n < items else 'text'} {a}.{n}")))[BENCHMARK]
        assert found.rejected is not holds

    def test_follow_ups_do_not_dilute_it(self):
        rows = talk(lambda a, n: f"item {a}.{n}")
        more = [row | {"prompt": f"why {i}", "turn": 2} for i, row in enumerate(rows * 2)]
        assert not examined(facts_of(rows + more))[BENCHMARK].rejected

    def test_without_text_it_is_said_to_be_untested(self):
        found = examined(facts_of(talk(lambda a, n: None)))[BENCHMARK]
        assert found.rejected
        assert "without text" in found.finding


class TestOneCustomer:
    @pytest.mark.parametrize(("cards", "holds"), [(10, True), (8, True), (7, False), (1, False)])
    def test_one_instrument_must_pay_for_nearly_all(self, cards, holds):
        people = records(payment_fingerprint=lambda i: "card" if i < cards else f"own{i}")
        assert examined(facts_of(talk(3), people))[CUSTOMER].rejected is not holds

    @pytest.mark.parametrize(("providers", "holds"), [(1, True), (4, False)])
    def test_one_instrument_under_several_mail_providers_hides(self, providers, holds):
        people = records(payment_fingerprint="card", email_domain=lambda i: f"mail{i % providers}.example")
        assert examined(facts_of(talk(3), people))[CUSTOMER].rejected is not holds

    def test_a_few_instruments_in_turn_are_not_one_customer(self):
        people = records(payment_fingerprint=lambda i: f"card{i % 3}")
        assert examined(facts_of(talk(3), people))[CUSTOMER].rejected

    def test_one_promotion_code_is_no_instrument(self):
        """Whoever farms accounts redeems one code on all of them; nobody paid for anything."""
        people = records(payment_fingerprint="promo_spring")
        assert examined(facts_of(talk(3), people))[CUSTOMER].rejected

    def test_none_on_record_is_no_customer(self):
        found = examined(facts_of(talk(3), records()))[CUSTOMER]
        assert found.rejected
        assert found.finding.startswith("0%")

    @pytest.mark.parametrize(("users", "holds"), [(8, True), (7, False)])
    def test_a_private_mail_domain_is_a_customer(self, users, holds):
        people = records(email_domain=lambda i: "firm.example" if i < users else "mail.example")
        rest = records(1200, "b", email_domain="mail.example")
        found = examined(facts_of(talk(3) + talk(1, 1200, "b"), people + rest))[CUSTOMER]
        assert found.rejected is not holds

    def test_a_public_provider_is_none(self):
        people = records(email_domain="mail.example") + records(100, "b", email_domain="mail.example")
        assert examined(facts_of(talk(3) + talk(1, 100, "b"), people))[CUSTOMER].rejected

    @pytest.mark.parametrize(("elsewhere", "holds"), [(0, True), (10, True), (11, False)])
    def test_a_school_in_a_small_log_is_a_customer_though_many_use_its_domain(self, elsewhere, holds):
        """Ten of the set and ``elsewhere`` others: from more others than members on, it is a provider's."""
        people = records(email_domain="school.example")
        rest = records(100, "b", email_domain=lambda i: "school.example" if i < elsewhere else f"own{i}.example")
        found = examined(facts_of(talk(3) + talk(1, 100, "b"), people + rest))[CUSTOMER]
        assert found.rejected is not holds

    def test_accounts_on_record_as_one_owners_are_one_party(self):
        people = records(owner_id="o", payment_fingerprint=lambda i: f"card{i}")
        assert facts_of(talk(3), people).parties == 1


class TestDeclared:
    @pytest.mark.parametrize(("declared", "holds"), [(10, True), (5, True), (4, False), (0, False)])
    def test_half_of_the_accounts_must_be(self, declared, holds):
        people = records(declared_use=lambda i: "research" if i < declared else None, verified=True)
        assert examined(facts_of(talk(3), people))[DECLARED].rejected is not holds

    def test_a_declaration_that_nobody_verified_is_none(self):
        assert examined(facts_of(talk(3), records(declared_use="research", verified=False)))[DECLARED].rejected

    @pytest.mark.parametrize("use", ["chat", "Research ", "", None])
    def test_other_uses_explain_nothing(self, use):
        assert examined(facts_of(talk(3), records(declared_use=use, verified=True)))[DECLARED].rejected

    @pytest.mark.parametrize("use", sorted(OPEN_USES))
    def test_every_use_of_the_contract_does(self, use):
        assert not examined(facts_of(talk(3), records(declared_use=use, verified=True)))[DECLARED].rejected

    def test_the_cleared_count_as_declared_and_the_facts_given_stay_as_they_were(self):
        facts = facts_of(talk(3), records())
        cleared = facts.with_legitimate(np.arange(5))
        assert not examined(cleared)[DECLARED].rejected
        assert examined(facts)[DECLARED].rejected


class TestAll:
    def test_a_dealt_corpus_over_farmed_accounts_has_no_excuse(self):
        people = records(payment_fingerprint=lambda i: f"card{i % 4}", email_domain="mail.example", verified=False)
        rest = records(100, "b", email_domain="mail.example")
        tried = tuple(examined(facts_of(talk(40) + talk(1, 100, "b"), people + rest)).values())
        assert holding(tried) is None
        assert len(tried) == 4
        assert all(alternative.finding for alternative in tried)

    def test_the_first_that_holds_is_named(self):
        tried = tuple(Alternative(name, "", rejected=name == "a") for name in "abc")
        assert holding(tried) == tried[1]
        assert holding(()) is None

    def test_when_a_party_was_first_seen_is_its_first_exchange_of_any_account(self):
        people = [{"account_id": name, "owner_id": "o"} for name in ("a1", "a0")]
        facts = facts_of([{"account_id": "b"}, {"account_id": "a1"}, {"account_id": "a0"}], people)
        first = int((START + timedelta(minutes=1)).timestamp() * 1e6)
        assert sorted(facts.first_seen.tolist()) == [first - 60_000_000, first]


class TestEvaluators:
    @settings(deadline=None)
    @given(st.lists(st.lists(st.booleans(), max_size=26), min_size=1, max_size=5), st.sampled_from([0.3, 0.5, 1.0]))
    def test_are_the_parties_most_of_whose_openings_are_items(self, sent, share):
        rows = [
            {"account_id": f"a{a}", "prompt": f"{'item' if item else 'text'} {a}.{n}"}
            for a, items in enumerate(sent)
            for n, item in enumerate(items)
        ]
        facts = facts_of(rows)
        ids = facts.accounts.ids.to_pylist()
        expected = [f"a{a}" for a, items in enumerate(sent) if len(items) >= 10 and sum(items) >= share * len(items)]
        found = facts.evaluators(share, least=10)
        assert sorted(ids[at] for at, p in enumerate(facts.accounts.party) if p in found) == expected

    def test_no_more_texts_are_compared_than_it_takes_to_know(self):
        asked = []

        class Counting(Items):
            def match(self, texts, *, ambiguous):
                asked.extend(texts)
                return super().match(texts, ambiguous=ambiguous)

        facts = facts_of(talk(30, accounts=3), matcher=Counting())
        assert asked == []
        assert facts.evaluators(0.5, least=10).tolist() == []
        assert len(asked) == 3 * 16
        facts.evaluators(0.5, least=10)
        assert len(asked) == 3 * 16
