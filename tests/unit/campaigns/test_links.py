"""Links: rare attributes that parties share, as of a moment; common ones link nobody and cost nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.campaigns import links
from stillwatch.campaigns.links import (
    DISCOUNT,
    LIMIT,
    MOST_SHARED,
    Incidence,
    LinkKind,
    address_block,
    graph_at,
    incidences,
)
from stillwatch.detect.log import Log
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA, exchange

ALWAYS = 2**62


def log_of(rows, accounts=()):
    """A log without shared attributes other than those given."""
    rows = [exchange(i, **({"ip": None, "client": None} | row)) for i, row in enumerate(rows)]
    records = pa.Table.from_pylist(list(accounts), schema=ACCOUNT_SCHEMA)
    return Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), records)


def graph_of(log, ts=ALWAYS, active=1000):
    return graph_at(log, incidences(log), ts, active)


def many(count, **row):
    return [{"account_id": f"a{i:03d}", **row} for i in range(count)]


def part(log, kind, **options):
    found = graph_of(log, **options).by_kind.get(kind)
    return np.zeros((log.parties, log.parties)) if found is None else found.toarray()


class TestWeight:
    @pytest.mark.parametrize("sharers", [2, 3, 10])
    @pytest.mark.parametrize("active", [100, 10_000])
    def test_is_the_surprise_of_a_coincidence_less_what_the_kind_means_anyway(self, sharers, active):
        weight = part(log_of(many(sharers, ip="192.0.2.1")), LinkKind.ADDRESS, active=active)
        expected = max(np.log(active / sharers) - DISCOUNT[LinkKind.ADDRESS], 0)
        assert weight == pytest.approx(expected * (1 - np.eye(sharers)))

    def test_values_add_up(self):
        rows = [{"account_id": a, "ip": ip} for a in "ab" for ip in ("192.0.2.1", "192.0.2.2")]
        once, twice = part(log_of(rows[::2]), LinkKind.ADDRESS), part(log_of(rows), LinkKind.ADDRESS)
        assert twice == pytest.approx(2 * once)

    def test_repeating_a_value_adds_nothing(self):
        rows = [{"account_id": a, "ip": "192.0.2.1"} for a in "abababbb"]
        assert part(log_of(rows), LinkKind.ADDRESS) == pytest.approx(part(log_of(rows[:2]), LinkKind.ADDRESS))

    def test_kinds_add_up_to_the_whole(self):
        records = [{"account_id": a, "payment_fingerprint": "p"} for a in "ab"]
        graph = graph_of(log_of([{"account_id": a, "ip": "192.0.2.1"} for a in "ab"], records))
        total = sum(p.toarray() for p in graph.by_kind.values())
        assert graph.weight.toarray() == pytest.approx(total)
        assert set(graph.by_kind) >= {LinkKind.PAYMENT, LinkKind.ADDRESS}

    def test_is_symmetric_and_links_nobody_to_itself(self):
        rng = np.random.default_rng(1)
        rows = [{"account_id": f"a{rng.integers(30)}", "ip": f"192.0.2.{rng.integers(20)}"} for _ in range(200)]
        weight = graph_of(log_of(rows)).weight.toarray()
        assert weight == pytest.approx(weight.T)
        assert (np.diag(weight) == 0).all()
        assert weight.any()

    def test_faint_links_are_not_kept(self):
        """In a small log two that share an address are no surprise."""
        log = log_of(many(2, ip="192.0.2.1"))
        assert graph_of(log, active=20).by_kind[LinkKind.ADDRESS].nnz
        assert graph_of(log, active=20).weight.nnz == 0


class TestCommonValues:
    @pytest.mark.parametrize(("sharers", "linked"), [(MOST_SHARED, True), (MOST_SHARED + 1, False)])
    def test_link_nobody(self, sharers, linked):
        graph = graph_of(log_of(many(sharers, ip="192.0.2.1")), active=100_000)
        assert bool(graph.weight.nnz) is linked

    @pytest.mark.parametrize("kind", list(LIMIT), ids=lambda kind: kind.value)
    def test_some_kinds_are_common_sooner(self, kind):
        def linked(count):
            names = [f"a{i:03d}" for i in range(count)]
            records = [{"account_id": a, "signup_ip": "192.0.2.1", "email_domain": "x.example"} for a in names]
            rows = [{"account_id": a, "client": "sdk/1", "ja4": "t13"} for a in names]
            return part(log_of(rows, records), kind, active=100_000).any()

        assert linked(LIMIT[kind])
        assert not linked(LIMIT[kind] + 1)

    def test_beyond_so_many_pairs_the_rarest_values_count_first(self, monkeypatch):
        """Ten pairs that share an address of their own, and thirty parties behind one exit: 10 and 435 pairs."""
        pairs = [{"account_id": f"p{i}", "ip": f"192.0.2.{i // 2}"} for i in range(20)]
        log = log_of(pairs + [{"account_id": f"c{i}", "ip": "198.51.100.1"} for i in range(30)])
        both = part(log, LinkKind.ADDRESS)
        monkeypatch.setattr(links, "MOST_PAIRS", 444)
        rare = part(log, LinkKind.ADDRESS)
        monkeypatch.setattr(links, "MOST_PAIRS", 445)
        assert part(log, LinkKind.ADDRESS) == pytest.approx(both)
        assert (both > 0).sum() == 2 * 445
        assert (rare > 0).sum() == 2 * 10
        assert rare[:20, :20] == pytest.approx(both[:20, :20])

    def test_a_value_that_everybody_shares_costs_no_quadratic_memory(self):
        """100,000 parties behind one address: their pairs would be 80 GB."""
        size = 100_000
        party = np.r_[np.arange(size), np.arange(size)]
        value = np.r_[np.zeros(size, np.int64), 1 + np.arange(size) // 2]
        shared = Incidence(LinkKind.ADDRESS, party, value, np.arange(2 * size), None)

        class Crowd:
            parties = size

        graph = graph_at(Crowd(), {LinkKind.ADDRESS: shared}, ALWAYS, size)
        assert graph.weight.nnz == size
        assert graph.weight.data.nbytes < 2**24
        assert graph.weight[0, 1] == pytest.approx(np.log(size / 2) - DISCOUNT[LinkKind.ADDRESS])

    def test_incidences_of_many_exchanges_are_built_once_for_each_party_and_value(self):
        rows = 200_000
        rng = np.random.default_rng(2)
        table = pa.table(
            {
                "exchange_id": np.arange(rows).astype(str),
                "ts": pa.array(np.arange(rows) * 1000, pa.timestamp("us", "UTC")),
                "account_id": np.char.add("a", rng.integers(0, 50_000, rows).astype(str)),
                "ip": np.char.add("192.0.2.", rng.integers(0, 200, rows).astype(str)),
            }
        )
        log = Log.build(table, None)
        found = incidences(log)[LinkKind.ADDRESS]
        assert len(found.party) == len(np.unique(log.party * 1000 + log.ip.codes))
        assert graph_of(log).weight.nnz == 0


class TestPayment:
    def test_links(self):
        records = [{"account_id": a, "payment_fingerprint": "p" if a != "c" else "q"} for a in "abc"]
        weight = part(log_of([{"account_id": a} for a in "abc"], records), LinkKind.PAYMENT)
        assert weight[0, 1] == pytest.approx(np.log(1000 / 2))
        assert not weight[2].any()

    @pytest.mark.parametrize("value", ["promo_spring", "promo_", None])
    def test_promotion_codes_and_nothing_do_not(self, value):
        records = [{"account_id": a, "payment_fingerprint": value} for a in "ab"]
        assert graph_of(log_of([{"account_id": a} for a in "ab"], records)).weight.nnz == 0

    def test_accounts_of_one_party_are_not_linked_to_it(self):
        records = [{"account_id": a, "payment_fingerprint": "p", "owner_id": "o"} for a in "ab"]
        log = log_of([{"account_id": a} for a in "ab"], records)
        assert log.parties == 1
        assert graph_of(log).weight.nnz == 0


class TestAddress:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
            ("2001:db8::1", "2001:DB8:0:0:ffff::2", True),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
            ("not an address", "not an address", True),
        ],
    )
    def test_counts_by_the_subscribers_network(self, one, other, same):
        assert (address_block(one) == address_block(other)) is same
        linked = part(log_of([{"account_id": "a", "ip": one}, {"account_id": "b", "ip": other}]), LinkKind.ADDRESS)
        assert linked.any() == same

    @given(st.text(max_size=40))
    def test_any_text_has_a_block(self, text):
        assert isinstance(address_block(text), str)

    def test_no_address_is_not_a_shared_one(self):
        assert not part(log_of([{"account_id": a} for a in "ab"]), LinkKind.ADDRESS).any()

    def test_sign_up_addresses_are_a_kind_of_their_own(self):
        records = [{"account_id": a, "signup_ip": ip} for a, ip in (("a", "2001:db8::1"), ("b", "2001:db8::2"))]
        graph = graph_of(log_of([{"account_id": a} for a in "ab"], records))
        assert set(graph.by_kind) == {LinkKind.SIGNUP_ADDRESS}


class TestClient:
    @pytest.mark.parametrize("missing", ["client", "ja4"])
    def test_needs_headers_and_tls_fingerprint_together(self, missing):
        whole = {"client": "odd-sdk/0.1", "ja4": "t13d"}
        assert part(log_of(many(2, **whole)), LinkKind.CLIENT).any()
        assert not part(log_of(many(2, **(whole | {missing: None}))), LinkKind.CLIENT).any()
        assert not part(
            log_of([{"account_id": "a", **whole}, {"account_id": "b", **whole, missing: "other"}]), LinkKind.CLIENT
        ).any()


class TestHandoff:
    @staticmethod
    def linked(*rows):
        """Pairs of accounts linked by exchanges (account, context in, context out)."""
        log = log_of([{"account_id": a, "context_in": i, "context_out": o} for a, i, o in rows])
        weight = part(log, LinkKind.HANDOFF)
        ids = log.accounts.ids.to_pylist()
        return {ids[i] + ids[j] for i, j in zip(*np.nonzero(np.triu(weight)), strict=True)}

    def test_a_conversation_begun_by_one_and_continued_by_another_links_them(self):
        assert self.linked(("a", None, "h1"), ("b", "h1", "h2"), ("c", None, "h9")) == {"ab"}

    def test_ones_own_continuation_does_not(self):
        assert self.linked(("a", None, "h1"), ("a", "h1", "h2"), ("a", "h2", "h3")) == set()

    def test_accounts_of_one_party_do_not_hand_over_to_each_other(self):
        rows = [{"account_id": "a", "context_out": "h"}, {"account_id": "b", "context_in": "h"}]
        records = [{"account_id": a, "owner_id": "o"} for a in "ab"]
        assert graph_of(log_of(rows, records)).weight.nnz == 0

    def test_what_comes_before_is_not_continued(self):
        assert self.linked(("b", "h1", "h2"), ("a", None, "h1")) == set()

    def test_a_context_that_several_produced_is_popular(self):
        assert self.linked(("a", None, "hello"), ("b", None, "hello"), ("c", "hello", "x")) == set()

    def test_a_context_that_one_produced_twice_is_not(self):
        assert self.linked(("a", None, "h1"), ("a", None, "h1"), ("b", "h1", "x")) == {"ab"}

    def test_two_who_continue_one_conversation_are_linked_as_well(self):
        assert self.linked(("a", None, "h1"), ("b", "h1", "x"), ("c", "h1", "y")) == {"ab", "ac", "bc"}

    def test_two_who_continue_what_nobody_began_are_not(self):
        assert self.linked(("b", "h1", "x"), ("c", "h1", "y")) == set()

    def test_the_link_exists_from_the_moment_of_the_continuation(self):
        rows = [{"account_id": "a", "context_out": "h"}, {"account_id": "c"}, {"account_id": "b", "context_in": "h"}]
        log = log_of(rows)
        assert not part(log, LinkKind.HANDOFF, ts=int(log.ts[2]) - 1).any()
        assert part(log, LinkKind.HANDOFF, ts=int(log.ts[2])).any()

    def test_has_a_name_for_readers(self):
        log = log_of([{"account_id": "a", "context_out": "h"}, {"account_id": "b", "context_in": "h"}])
        assert incidences(log)[LinkKind.HANDOFF].name(0) == "a conversation"


class TestAsOfTime:
    def test_a_link_exists_once_both_have_shown_the_value(self):
        log = log_of(
            [{"account_id": "a", "ip": "192.0.2.1"}, {"account_id": "b"}, {"account_id": "b", "ip": "192.0.2.1"}]
        )
        for row, linked in ((0, False), (1, False), (2, True)):
            assert part(log, LinkKind.ADDRESS, ts=int(log.ts[row])).any() == linked

    def test_what_is_on_record_counts_from_an_accounts_first_exchange(self):
        """Also where the account was created long before."""
        created = datetime(2020, 1, 1, tzinfo=UTC)
        records = [{"account_id": a, "payment_fingerprint": "p", "created_at": created} for a in "ab"]
        log = log_of([{"account_id": "a"}, {"account_id": "b"}], records)
        assert not part(log, LinkKind.PAYMENT, ts=int(log.ts[0])).any()
        assert part(log, LinkKind.PAYMENT, ts=int(log.ts[1])).any()

    def test_a_value_stops_linking_once_it_has_become_common(self):
        log = log_of(many(MOST_SHARED + 1, ip="192.0.2.1"))
        assert part(log, LinkKind.ADDRESS, ts=int(log.ts[-2]), active=10_000).any()
        assert not part(log, LinkKind.ADDRESS, ts=int(log.ts[-1]), active=10_000).any()

    @settings(max_examples=25)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 40))
    def test_what_comes_later_changes_nothing(self, seed, cut):
        rng = np.random.default_rng(seed)
        names = [f"a{i}" for i in range(8)]
        rows = [
            {
                "account_id": str(rng.choice(names)),
                "ip": f"192.0.2.{rng.integers(6)}",
                "client": f"sdk{rng.integers(3)}",
                "ja4": f"t{rng.integers(3)}",
                "context_in": f"h{rng.integers(40)}" if rng.random() < 0.7 else None,
                "context_out": f"h{i}",
            }
            for i in range(40)
        ]
        records = [{"account_id": n, "payment_fingerprint": f"p{rng.integers(4)}"} for n in names]
        whole, before = log_of(rows, records), log_of(rows[:cut], records)
        ts, size = int(before.ts[-1]), before.parties
        for kind in LinkKind:
            wide = part(whole, kind, ts=ts)
            assert wide[:size, :size] == pytest.approx(part(before, kind, ts=ts)), kind
            assert not wide[size:].any()

    def test_a_context_that_becomes_popular_later_has_linked_before(self):
        rows = [("a", None, "h"), ("b", "h", "x"), ("c", None, "h"), ("d", "h", "y")]
        log = log_of([{"account_id": a, "context_in": i, "context_out": o} for a, i, o in rows])
        assert part(log, LinkKind.HANDOFF, ts=int(log.ts[1]))[0, 1] > 0
        assert not part(log, LinkKind.HANDOFF, ts=int(log.ts[3]))[3].any()
