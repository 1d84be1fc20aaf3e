"""Individuality: unbiased distances, likelihood ratios, and an e-value that keeps its promise on separate people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from stillwatch.detect import individuality
from stillwatch.detect.individuality import (
    ALIKE,
    LEAST,
    MOST,
    PEOPLE_DEFAULT,
    Pool,
    Spread,
    Sums,
    against_centre,
    correlation,
    dealt_against_people,
    evidence_of_sets,
    mixture,
    pair_evidence,
    reach,
    resemblance,
    set_evidence,
    squared_distance,
)

D = 32
SEEDS = st.integers(0, 2**32 - 1)
NOWHERE = np.zeros(D)
PROFILES = {
    "30 accounts of 8": [8] * 30,
    "10 accounts of 20": [20] * 10,
    "100 accounts of 4": [4] * 100,
    "5 accounts of 64": [64] * 5,
    "38 accounts of 2 to 39": list(range(2, 40)),
}


def assumed(concentration=1 / D):
    return Spread(1.0, concentration, np.array(PEOPLE_DEFAULT) * ALIKE, learned=False)


def sums_of(accounts):
    """Sums of a list of (openings, d) arrays."""
    return Sums(
        np.array([float(len(x)) for x in accounts]),
        np.stack([x.sum(0) for x in accounts]),
        np.array([float((x**2).sum()) for x in accounts]),
    )


def together(*parts):
    return Sums(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("n", "s", "q")))


def noise(rng, n, d=D):
    return rng.normal(size=(n, d)) / np.sqrt(d)


def person_means(rng, count, spread, d=D):
    """Means in random directions, as far from 0 as the spread assumes."""
    direction = rng.normal(size=(count, d))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return direction * np.sqrt(rng.choice(spread.people, count) * spread.variance)[:, None]


def people(rng, sizes, spread, centre=NOWHERE):
    means = centre + person_means(rng, len(sizes), spread)
    return sums_of([mean + noise(rng, n) for mean, n in zip(means, sizes, strict=True)])


def dealt(rng, sizes, centre=NOWHERE):
    return sums_of([centre + noise(rng, n) for n in sizes])


def off_centre(distance):
    centre = np.zeros(D)
    centre[0] = distance
    return centre


class TestSquaredDistance:
    @given(SEEDS, st.integers(2, 9), st.integers(1, 5))
    def test_is_the_mean_over_pairs_of_openings(self, seed, n, d):
        rng = np.random.default_rng(seed)
        x, centre = rng.normal(size=(n, d)), rng.normal(size=d)
        pairs = [(x[i] - centre) @ (x[j] - centre) for i in range(n) for j in range(n) if i != j]
        assert squared_distance(sums_of([x]), centre)[0] == pytest.approx(np.mean(pairs), abs=1e-9)

    def test_takes_a_centre_for_each_account(self):
        rng = np.random.default_rng(1)
        accounts = [noise(rng, n) for n in (3, 7)]
        centres = rng.normal(size=(2, D))
        both = squared_distance(sums_of(accounts), centres)
        alone = [squared_distance(sums_of([x]), c)[0] for x, c in zip(accounts, centres, strict=True)]
        assert both == pytest.approx(alone)

    def test_says_nothing_below_two_openings(self):
        found = squared_distance(Sums(np.array([0.0, 1.0, 2.0]), np.zeros((3, D)), np.zeros(3)), NOWHERE)
        assert np.isnan(found).tolist() == [True, True, False]

    @pytest.mark.statistical
    @pytest.mark.parametrize("n", [2, 5, 30])
    @pytest.mark.parametrize("true", [0.0, 0.05, 1.0])
    def test_is_unbiased(self, n, true):
        """Two-sided at 4 standard errors: false alarm once in 16,000 for each of nine cases."""
        rng = np.random.default_rng(100 * n + int(20 * true))
        mean = off_centre(np.sqrt(true))
        found = squared_distance(sums_of([mean + noise(rng, n) for _ in range(4000)]), NOWHERE)
        assert abs(found.mean() - true) < 4 * found.std() / np.sqrt(len(found))


class TestCorrelation:
    @given(SEEDS, st.lists(st.integers(2, 6), min_size=2, max_size=6))
    def test_is_its_definition_over_pairs(self, seed, sizes):
        rng = np.random.default_rng(seed)
        accounts = [rng.normal(size=3) + rng.normal(size=(n, 3)) for n in sizes]
        rows = [(a, x) for a, account in enumerate(accounts) for x in account]
        pairs = [(a == b, x @ y) for i, (a, x) in enumerate(rows) for b, y in rows[i + 1 :]]
        within = np.mean([p for same, p in pairs if same])
        between = np.mean([p for same, p in pairs if not same])
        norm = np.mean([x @ x for _, x in rows])
        expected = (within - between) / (norm - between)
        assert correlation(sums_of(accounts)) == pytest.approx(expected, rel=1e-6, abs=1e-9)

    def test_leaves_out_accounts_with_one_opening(self):
        rng = np.random.default_rng(2)
        accounts = [noise(rng, n) for n in (5, 6, 4)]
        assert correlation(sums_of([*accounts, noise(rng, 1)])) == pytest.approx(correlation(sums_of(accounts)))

    @pytest.mark.parametrize("sizes", [[], [9], [1, 1, 1], [8, 1]])
    def test_is_unknown_with_too_little_data(self, sizes):
        rng = np.random.default_rng(3)
        accounts = [noise(rng, n) for n in sizes]
        sums = sums_of(accounts) if accounts else Sums(np.zeros(0), np.zeros((0, D)), np.zeros(0))
        assert np.isnan(correlation(sums))

    def test_does_not_divide_by_nothing_where_all_openings_are_equal(self):
        same = np.ones((4, D))
        assert not correlation(sums_of([same, same])) > 0

    @pytest.mark.statistical
    def test_is_nothing_when_dealt_and_something_for_people(self):
        """Means of 200 sets of 30 x 8. Dealt: two-sided at 4 standard errors. People: at least half their true value."""
        rng = np.random.default_rng(4)
        spread = assumed()
        of_dealt = np.array([correlation(dealt(rng, [8] * 30)) for _ in range(200)])
        of_people = np.array([correlation(people(rng, [8] * 30, spread)) for _ in range(200)])
        true = spread.people.mean() / (1 + spread.people.mean())
        assert abs(of_dealt.mean()) < 4 * of_dealt.std() / np.sqrt(200)
        assert of_people.mean() == pytest.approx(true, rel=0.1)
        assert (of_people > 0).all()


class TestSums:
    @given(SEEDS, st.integers(1, 6), st.data())
    def test_merge_by_addition(self, seed, count, data):
        """Sums of two parts of the log, added, serve as well as the sums of the whole."""
        rng = np.random.default_rng(seed)
        accounts = [rng.normal(size=(int(rng.integers(2, 9)), 4)) for _ in range(count)]
        cuts = [data.draw(st.integers(0, len(x))) for x in accounts]
        early = sums_of([x[:cut] for x, cut in zip(accounts, cuts, strict=True)])
        late = sums_of([x[cut:] for x, cut in zip(accounts, cuts, strict=True)])
        merged = Sums(early.n + late.n, early.s + late.s, early.q + late.q)
        whole, centre = sums_of(accounts), rng.normal(size=4)
        assert squared_distance(merged, centre) == pytest.approx(squared_distance(whole, centre), abs=1e-9)
        assert correlation(merged) == pytest.approx(correlation(whole), abs=1e-6, nan_ok=True)
        assert merged.variance == pytest.approx(whole.variance, abs=1e-9)

    def test_variance_is_that_of_an_opening_around_the_common_mean(self):
        rng = np.random.default_rng(5)
        rows = 3 + rng.normal(size=(40, 5)) * [1, 2, 3, 4, 5]
        assert sums_of([rows[:11], rows[11:]]).variance == pytest.approx(rows.var(0).sum())
        assert sums_of([rows[:1]]).variance == 0


class TestDealtAgainstPeople:
    @given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0]), st.floats(-2, 2) | st.just(np.nan)), min_size=1))
    def test_is_nothing_below_two_openings_or_without_a_distance(self, accounts):
        n, distance = map(np.array, zip(*accounts, strict=True))
        found = dealt_against_people(n, distance, assumed())
        assert (found[(n < 2) | np.isnan(distance)] == 0).all()

    @given(st.integers(2, 200), st.floats(0.005, 1), st.lists(st.floats(0, 4), min_size=2, max_size=20))
    def test_falls_with_the_distance(self, n, concentration, distances):
        ordered = np.sort(distances)
        found = dealt_against_people(np.full(len(ordered), float(n)), ordered, assumed(concentration))
        assert (np.diff(found) <= 1e-9).all()

    @given(st.integers(2, 5000), st.floats(0.001, 1), st.floats(-10, 10))
    def test_no_account_decides_alone(self, n, concentration, distance):
        found = dealt_against_people(np.array([float(n)]), np.array([distance]), assumed(concentration))[0]
        assert LEAST <= found <= MOST

    @pytest.mark.parametrize("n", [2, 8, 30])
    def test_has_expectation_one_for_a_person(self, n):
        """Quadrature over the law that the null hypothesis states: normal around a person's distance."""
        spread = assumed()
        grid = np.linspace(-4, 5, 200_001)
        spreads = 2 * spread.concentration / (n * (n - 1)) + 4 * spread.people * spread.concentration / n
        density = sum(
            np.exp(-((grid - delta) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
            for delta, v in zip(spread.people, spreads, strict=True)
        ) / len(spread.people)
        ratio = np.exp(dealt_against_people(np.full(len(grid), float(n)), grid, spread))
        assert (density * ratio).sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=0.01)

    def test_more_openings_tell_more(self):
        possible = reach(np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0]), assumed())
        assert (possible[:2] == 0).all()
        assert (np.diff(possible[1:]) > 0).all()

    def test_an_account_reaches_what_it_says_at_the_centre(self):
        spread = assumed(1 / 30)
        n = np.array([0.0, 1.0, 2.0, 8.0, 64.0])
        reached = reach(n, spread)
        assert reached == pytest.approx(np.maximum(dealt_against_people(n, np.zeros(5), spread), 0))
        assert (np.diff(reached) >= 0).all()
        assert reached[-1] > 1


class TestMixture:
    def test_of_nothing_is_nothing(self):
        assert mixture(np.zeros(0)) == pytest.approx(0)
        assert mixture(np.zeros(9)) == pytest.approx(0)

    @given(st.lists(st.floats(LEAST, MOST), max_size=40))
    def test_lies_within_what_the_accounts_say(self, ratios):
        found = mixture(np.array(ratios))
        assert found <= sum(max(r, 0) for r in ratios) + 1e-9
        assert found >= len(ratios) * np.log(1 - 0.9) - 1e-9

    def test_a_few_people_do_not_hide_a_dealt_majority(self):
        assert mixture(np.array([3.0] * 20 + [-30.0] * 5)) > 20


class TestSetEvidence:
    @given(SEEDS, st.integers(5, 25))
    def test_order_of_members_is_order_of_answers(self, seed, count):
        rng = np.random.default_rng(seed)
        half = count // 2
        sums = together(
            dealt(rng, rng.integers(2, 20, half), off_centre(0.3)), people(rng, rng.integers(1, 20, half), assumed())
        )
        order = rng.permutation(2 * half)
        straight = set_evidence(sums, assumed(), NOWHERE)
        permuted = set_evidence(sums.of(order), assumed(), NOWHERE)
        assert permuted.log10_e == pytest.approx(straight.log10_e, abs=1e-6)
        assert permuted.dealt == pytest.approx(straight.dealt[order], abs=1e-6)
        assert permuted.log_ratio == pytest.approx(straight.log_ratio[order], abs=1e-6)
        assert permuted.centre == pytest.approx(straight.centre, abs=1e-9)

    @given(st.integers(0, 2**32), st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 40))
    def test_many_sets_at_a_time_are_as_one_by_one(self, seed, sizes, block):
        rng = np.random.default_rng(seed)
        total = sum(sizes)
        sums = together(
            dealt(rng, rng.integers(1, 20, total), off_centre(0.3)), people(rng, rng.integers(0, 20, total), assumed())
        ).of(rng.permutation(2 * total)[:total])
        starts, lean = np.cumsum([0, *sizes[:-1]]), rng.normal(size=total)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(individuality, "BLOCK", block)
            found = evidence_of_sets(sums, starts, assumed(), NOWHERE, lean)
        for start, size, one in zip(starts, sizes, found, strict=True):
            members = np.arange(start, start + size)
            alone = set_evidence(sums.of(members), assumed(), NOWHERE, lean[members])
            assert one.log10_e == pytest.approx(alone.log10_e, abs=1e-6)
            assert one.dealt == pytest.approx(alone.dealt, abs=1e-6)
            assert one.centre == pytest.approx(alone.centre, abs=1e-9)
            assert one.rho == pytest.approx(alone.rho, abs=1e-9, nan_ok=True)

    def test_against_the_centre_of_the_others_is_as_written_out(self):
        rng = np.random.default_rng(7)
        sums, strangers = dealt(rng, [8] * 20, off_centre(0.3)), people(rng, [8] * 20, assumed())
        everybody, inside = together(sums, strangers), np.r_[np.ones(20), np.zeros(20)]
        pool = Pool(float(sums.n.sum()), sums.s.sum(0))
        alike, ratio = against_centre(everybody, NOWHERE, assumed(), pool, inside)
        left = pool.n - inside * everybody.n
        centre = (pool.s - inside[:, None] * everybody.s) / left[:, None]
        assert alike == pytest.approx(resemblance(everybody, centre, NOWHERE, assumed()))
        distance = squared_distance(everybody, centre)
        assert ratio == pytest.approx(dealt_against_people(everybody.n, distance, assumed()))

    def test_what_else_is_known_chooses_the_members(self):
        rng = np.random.default_rng(6)
        sums = dealt(rng, [8] * 20, off_centre(0.3))
        lean = np.r_[np.full(10, 30.0), np.full(10, -30.0)]
        found = set_evidence(sums, assumed(), NOWHERE, lean)
        assert (found.dealt[:10] > 0.9).all()
        assert (found.dealt[10:] < 0.1).all()

    @pytest.mark.statistical
    def test_is_an_e_value_on_separate_people(self):
        """Null: separate people as far apart as assumed, around the population's mean or around one of their own.

        Over 400 sets of each profile the mean e-value is at most 1 (one-sided, 3 standard errors; the mean of e-values
        cut at 100, whose error is small, without any), and over all of them P(e >= 100) <= 0.01 with 99 % confidence
        (Clopper and Pearson).
        """
        rng = np.random.default_rng(7)
        spread = assumed()
        everything = []
        for sizes in PROFILES.values():
            found = [
                set_evidence(people(rng, sizes, spread, off_centre(0.1 * (i % 3))), spread, NOWHERE) for i in range(400)
            ]
            e = 10 ** np.array([f.log10_e for f in found])
            assert e.mean() <= 1 + 3 * e.std() / np.sqrt(len(e))
            assert np.minimum(e, 100).mean() <= 1
            everything.extend(e)
        over = int((np.array(everything) >= 100).sum())
        assert beta.ppf(0.99, over + 1, len(everything) - over) <= 0.01

    @pytest.mark.statistical
    def test_sees_a_dealt_set_of_thirty_by_eight(self):
        """Measured: median 3.4, one set in ten below 1.5 (32 dimensions; text has more and shows more)."""
        rng = np.random.default_rng(8)
        found = np.array([set_evidence(dealt(rng, [8] * 30), assumed(), NOWHERE).log10_e for _ in range(100)])
        assert np.median(found) > 3
        assert np.quantile(found, 0.1) > 1
        longer = [set_evidence(dealt(rng, [16] * 30), assumed(), NOWHERE).log10_e for _ in range(20)]
        assert min(longer) > 3

    @given(SEEDS, st.sampled_from(["anything", "one text", "opposites", "nearly one text"]), st.floats(0.012, 1))
    def test_lack_of_data_never_convicts(self, seed, shape, concentration):
        """Three accounts with two openings each, whatever they say; concentrations as measured on logs (0.015 up)."""
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(3, 2, D))
        if shape == "one text":
            x[:] = x[:1, :1]
        if shape == "opposites":
            x[:, 1] = -x[:, 0]
        if shape == "nearly one text":
            x = x[:1, :1] + 0.01 * x
        x /= np.linalg.norm(x, axis=2, keepdims=True)
        population = rng.normal(size=D) * rng.uniform(0, 0.2)
        lean = rng.normal(size=3) * 10
        for leaning in (None, lean):
            with np.errstate(divide="ignore", invalid="ignore"):
                found = set_evidence(sums_of(list(x)), assumed(concentration), population, leaning)
            assert found.log10_e <= 1

    @pytest.mark.statistical
    @pytest.mark.parametrize(
        ("pool", "others", "recall", "kept"), [(65, 35, 0.9, 0.05), (20, 80, 0.75, 0.15)], ids=["most", "a fifth"]
    )
    def test_tells_the_dealt_from_people_among_them(self, pool, others, recall, kept):
        """Means over 20 sets of 100 accounts with 20 openings, the corpus 0.2 standard deviations off the population."""
        rng = np.random.default_rng(9)
        right, wrong = [], []
        for _ in range(20):
            sums = together(dealt(rng, [20] * pool, off_centre(0.2)), people(rng, [20] * others, assumed()))
            chosen = set_evidence(sums, assumed(), NOWHERE).dealt > 0.5
            right.append(chosen[:pool].mean())
            wrong.append(chosen[pool:].mean())
        assert np.mean(right) >= recall
        assert np.mean(wrong) <= kept

    @pytest.mark.xfail(reason="the search starts at the centre of all and stays there when the pool is a far minority")
    def test_finds_a_fifth_that_is_dealt_a_corpus_far_from_everybody(self):
        rng = np.random.default_rng(10)
        sums = together(dealt(rng, [20] * 20, off_centre(0.5)), people(rng, [20] * 80, assumed()))
        chosen = set_evidence(sums, assumed(), NOWHERE).dealt > 0.5
        assert chosen[:20].mean() > 0.8
        assert chosen[20:].mean() < 0.2


class TestResemblance:
    def test_is_positive_for_the_corpus_and_negative_for_strangers(self):
        rng = np.random.default_rng(11)
        corpus = off_centre(0.5)
        mine = resemblance(dealt(rng, [12] * 40, corpus), corpus, NOWHERE, assumed())
        theirs = resemblance(people(rng, [12] * 40, assumed()), corpus, NOWHERE, assumed())
        assert np.median(mine) > 1
        assert np.median(theirs) < -1
        assert np.abs(np.r_[mine, theirs]).max() <= 10

    def test_says_nothing_of_an_account_without_openings(self):
        nobody = Sums(np.zeros(1), np.zeros((1, D)), np.zeros(1))
        assert resemblance(nobody, off_centre(0.5), NOWHERE, assumed())[0] == 0


class TestPairs:
    def test_two_people_are_told_from_two_dealt_accounts(self):
        rng = np.random.default_rng(12)
        left, right = np.arange(0, 200, 2), np.arange(1, 200, 2)
        alike = pair_evidence(dealt(rng, [40] * 200), assumed(), left, right)
        apart = pair_evidence(people(rng, [40] * 200, assumed()), assumed(), left, right)
        assert np.mean(alike) > 1
        assert np.mean(apart) < -1

    def test_is_the_same_both_ways_and_nothing_without_data(self):
        rng = np.random.default_rng(13)
        sums = dealt(rng, [1, 2, 9, 30])
        left, right = np.array([0, 1, 2]), np.array([3, 2, 3])
        forth = pair_evidence(sums, assumed(), left, right)
        assert forth == pytest.approx(pair_evidence(sums, assumed(), right, left))
        assert forth[0] == 0
        assert not len(pair_evidence(sums, assumed(), left[:0], right[:0]))
