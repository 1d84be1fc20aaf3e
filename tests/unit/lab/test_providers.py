import math
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.lab.indicators import Indicator, InMemoryExchange
from stillwatch.lab.providers import simulate_split, undisturbed
from stillwatch.lab.split import Detector, Part, Poison, Policy, Split

HOUR = 3600.0
CAREFUL = Policy(corroboration=2)
CREDULOUS = Policy(corroboration=1)


def four(**changes):
    """Four providers, six sets of ten accounts each, four days."""
    parts = tuple(Part(provider=f"p{at}", accounts=60, exchanges_per_hour=120.0) for at in range(4))
    return msgspec.structs.replace(
        Split(name="made-up", title="", hours=96.0, parts=parts, set_accounts=10, ramp_hours=24.0), **changes
    )


DETECTOR = Detector(exchanges_per_account=(4.0, 6.0, 9.0, 14.0), missed=0.2)


class TestByHand:
    """Two providers, one set each of ten accounts, ten exchanges an hour; the second begins six hours later.

    Each needs 80 exchanges, eight hours. Provider a blocks at 8 h, b alone at 14 h.
    """

    detector = Detector(exchanges_per_account=(8.0,))
    split = Split(
        name="by-hand",
        title="",
        hours=48.0,
        set_accounts=10,
        common=1.0,
        ramp_hours=0.0,
        respawn=None,
        parts=(
            Part(provider="a", accounts=10, exchanges_per_hour=10.0),
            Part(provider="b", accounts=10, exchanges_per_hour=10.0, first_hour=6.0),
        ),
    )

    def run(self, policy, delay, **changes):
        return simulate_split(
            msgspec.structs.replace(self.split, **changes), self.detector, policy, seed=1, delay=delay
        )

    def test_without_sharing_each_leaks_what_its_detector_needs(self):
        a, b = self.run(CAREFUL, math.inf).accounts
        assert (a.leaked, b.leaked) == (80, 80)
        assert (a.own, b.own, a.shared, b.shared) == (1, 1, 0, 0)
        assert a.first_block_hour == pytest.approx(8.0)
        assert b.first_block_hour == pytest.approx(14.0)
        # what would have been taken: 480 and 420
        assert (a.refused, b.refused) == (400, 340)

    def test_what_leaks_after_the_first_block_elsewhere(self):
        a, b = self.run(CAREFUL, math.inf).accounts
        # b's exchanges before 8 h: at 6.0, 6.1, ..., 7.9, twenty
        assert (a.after_first, b.after_first) == (0, 80 - 20)

    def test_shared_at_once(self):
        _, b = self.run(CAREFUL, 0.0).accounts
        # 8 of its 80 exchanges corroborate from 6.8 h on, so it blocks at 8 h
        assert (b.leaked, b.shared, b.after_first) == (20, 1, 0)

    def test_shared_after_an_hour(self):
        _, b = self.run(CAREFUL, HOUR).accounts
        assert (b.leaked, b.after_first) == (30, 10)

    def test_corroboration_takes_exchanges_of_its_own(self):
        _, b = self.run(CAREFUL, 0.0, parts=(self.split.parts[0], self.late)).accounts
        assert (b.leaked, b.shared, b.at_door) == (8, 1, 0)

    def test_known_before_its_first_exchange(self):
        _, b = self.run(CREDULOUS, 0.0, parts=(self.split.parts[0], self.late)).accounts
        assert (b.leaked, b.shared, b.at_door) == (0, 0, 1)

    late = Part(provider="b", accounts=10, exchanges_per_hour=10.0, first_hour=20.0)

    def test_a_set_that_b_never_finds_is_stopped_by_others_alone(self):
        silent = Detector(exchanges_per_account=(8.0,), missed=1.0)
        alone = simulate_split(self.split, silent, CREDULOUS, seed=1, delay=0.0)
        assert [each.leaked for each in alone.accounts] == [480, 420]
        assert alone.published == 0

    def test_respawn_counts_every_return(self):
        respawned = self.run(CAREFUL, math.inf, respawn=(2.0, 2.0), common=0.0)
        # a runs 8 h, pauses 2 h: blocked at 8, 18, 28 and 38 h, then from 40 h to the end
        assert respawned.accounts[0].leaked == 5 * 80
        assert respawned.accounts[0].own == 4


class TestProperties:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]), st.floats(0, 1))
    def test_a_shorter_delay_never_leaks_more(self, seed, asked, common):
        policy = Policy(corroboration=asked)
        delays = (0.0, 1.0, 60.0, HOUR, 4 * HOUR, 24 * HOUR, math.inf)
        got = [simulate_split(four(common=common), DETECTOR, policy, seed=seed, delay=d) for d in delays]
        for faster, slower in pairwise(got):
            for a, b in zip(faster.accounts, slower.accounts, strict=True):
                assert a.leaked <= b.leaked

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 10_000), st.sampled_from([1, 2]), st.sampled_from([0.0, HOUR]))
    def test_more_common_infrastructure_never_leaks_more(self, seed, asked, delay):
        policy = Policy(corroboration=asked)
        got = [
            simulate_split(four(common=share), DETECTOR, policy, seed=seed, delay=delay).leaked
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        ]
        assert got == sorted(got, reverse=True)

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 10_000))
    def test_nothing_in_common_nothing_gained(self, seed):
        split = four(common=0.0)
        shared = simulate_split(split, DETECTOR, CREDULOUS, seed=seed, delay=0.0)
        alone = simulate_split(split, DETECTOR, CREDULOUS, seed=seed, delay=math.inf)
        assert shared.accounts == alone.accounts
        assert shared.after_first == 0

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 10_000))
    def test_leaked_and_refused_are_all_there_was(self, seed):
        split = four(common=0.5)
        got = simulate_split(split, DETECTOR, CAREFUL, seed=seed, delay=60.0)
        for at, each in enumerate(got.accounts):
            assert each.leaked + each.refused == undisturbed(split, at, seed)
            assert each.refused >= 0

    def test_sharing_gains_much_where_everything_is_common(self):
        split = four(common=1.0)
        shared = simulate_split(split, DETECTOR, CREDULOUS, seed=3, delay=0.0).leaked
        alone = simulate_split(split, DETECTOR, CREDULOUS, seed=3, delay=math.inf).leaked
        assert shared < 0.7 * alone

    def test_same_seed_same_run(self):
        split = four()
        one, two = (simulate_split(split, DETECTOR, CAREFUL, seed=5, delay=60.0) for _ in range(2))
        assert one == two
        assert one != simulate_split(split, DETECTOR, CAREFUL, seed=6, delay=60.0)


class TestPoison:
    split = four(poison=Poison(at_hour=10.0, reporters=1, firm_accounts=40, undone_hours=24.0))

    def run(self, policy, reporters=1):
        poison = msgspec.structs.replace(self.split.poison, reporters=reporters)
        return simulate_split(msgspec.structs.replace(self.split, poison=poison), DETECTOR, policy, seed=2, delay=1.0)

    def test_believed_on_one_word_it_hits_the_three_others(self):
        got = self.run(CREDULOUS)
        assert got.firm_hit == 3 * 40
        assert got.firm_hours == pytest.approx(3 * 40 * 24, rel=1e-3)

    def test_corroboration_spares_the_firm(self):
        got = self.run(CAREFUL)
        assert (got.firm_hit, got.firm_hours) == (0, 0)

    def test_as_many_deceived_as_are_asked_hit_it_again(self):
        # the two deceived hear only each other, the other two hear both
        assert self.run(CAREFUL, reporters=2).firm_hit == 2 * 40
        assert self.run(Policy(corroboration=3), reporters=2).firm_hit == 0

    def test_asking_for_evidence_of_its_own_spares_it_whoever_lies(self):
        assert self.run(Policy(corroboration=2, own_needed=True), reporters=3).firm_hit == 0

    def test_without_sharing_no_lie_arrives(self):
        assert simulate_split(self.split, DETECTOR, CREDULOUS, seed=2).firm_hit == 0


class TestExchange:
    said = Indicator(indicator_id="i", provider="a", tokens=("payment:x",))

    def test_reaches_all_but_its_publisher_after_the_delay(self):
        exchange = InMemoryExchange(("a", "b", "c"), 60.0)
        exchange.publish(self.said, 100.0)
        assert exchange.deliveries(159.9) == []
        arrived = exchange.deliveries(160.0)
        assert [(d.at, d.provider) for d in arrived] == [(160.0, "b"), (160.0, "c")]
        assert exchange.deliveries(1e9) == []

    def test_never_means_never(self):
        exchange = InMemoryExchange(("a", "b"), math.inf)
        exchange.publish(self.said, 0.0)
        assert exchange.deliveries(math.inf) == []

    @pytest.mark.parametrize("delay", [-1.0, math.nan])
    def test_impossible_delays(self, delay):
        with pytest.raises(UsageError):
            InMemoryExchange(("a",), delay)

    def test_another_exchange_can_be_plugged_in(self):
        class OnlyToFirst(InMemoryExchange):
            """Serves one member alone."""

            def deliveries(self, until):
                return [d for d in super().deliveries(until) if d.provider == "p0"]

        split = four(common=1.0)
        got = simulate_split(
            split, DETECTOR, CREDULOUS, seed=4, exchange=OnlyToFirst(tuple(p.provider for p in split.parts), 0.0)
        )
        assert got.accounts[0].shared + got.accounts[0].at_door > 0
        assert all(each.shared + each.at_door == 0 for each in got.accounts[1:])
