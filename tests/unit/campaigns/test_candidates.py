"""Candidates: communities of the link graph and their evidence, on a small log with one campaign."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from stillwatch.campaigns.candidates import (
    SMALLEST_SET,
    Judged,
    behavioural_graph,
    candidates,
    close,
    handoff_evidence,
    infrastructure_of,
    join,
    judge,
    one_pool,
    tied,
    weigh,
)
from stillwatch.campaigns.links import LinkKind, graph_at, incidences
from stillwatch.detect.families import Family
from stillwatch.detect.log import Log
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange


@pytest.fixture(scope="module")
def view(hunted):
    return hunted.outcome.view


def some_people(hunted, count, seed):
    return np.sort(np.random.default_rng(seed).choice(hunted.people, count, replace=False))


def nobody(view):
    return np.zeros(view.infrastructure.shape[0], bool)


class TestJudge:
    def test_the_campaign_shows_evidence_in_every_family(self, hunted, view):
        found = judge(view, hunted.campaign)
        assert found.log10_e > 5
        assert set(found.by_family) == {Family.TEXT, Family.STYLE, Family.RHYTHM}
        assert min(found.by_family.values()) > 1
        assert len(found.core) >= 0.9 * len(hunted.campaign)
        assert set(found.core) <= set(found.members)

    def test_separate_people_show_none(self, hunted, view):
        for seed in range(20):
            assert judge(view, some_people(hunted, 25, seed)).log10_e <= 0.5

    def test_the_campaign_is_told_from_people_in_its_set(self, hunted, view):
        others = some_people(hunted, 15, 1)
        found = judge(view, np.union1d(hunted.campaign, others))
        assert found.log10_e > 5
        assert np.isin(hunted.campaign, found.core).mean() > 0.9
        assert np.isin(others, found.core).mean() < 0.1

    def test_families_together_are_their_mean(self, hunted, view):
        found = judge(view, hunted.campaign)
        expected = np.log10(np.mean([10**v for v in found.by_family.values()]))
        assert found.log10_e == pytest.approx(expected)

    @pytest.mark.parametrize("size", [2, SMALLEST_SET - 1])
    def test_a_set_too_small_to_decide_is_not_convicted(self, hunted, view, size):
        assert judge(view, hunted.campaign[:size]).log10_e <= 0

    def test_rhythm_says_nothing_of_a_set_that_sleeps_at_night(self, textless):
        view = textless.outcome.view
        counted, _, _ = view.families[Family.RHYTHM]
        sums = counted.of(np.arange(len(counted.n)))
        afternoon = sums.s[textless.people] / np.maximum(sums.n[textless.people], 1)[:, None]
        alike = textless.people[np.argsort(-(afternoon @ afternoon[0]))[:20]]
        found = judge(view, np.sort(alike))
        assert found.night > 0.5
        assert found.log10_e <= 0


class TestGraphs:
    def test_links_between_two_people_are_cut_and_within_the_campaign_kept(self, hunted, view):
        sums, spread, _ = view.families[Family.TEXT]
        links = view.infrastructure
        kept = behavioural_graph(sums, spread, links)
        assert (kept != kept.T).nnz == 0
        assert (kept > links).nnz == 0

        def share(parties):
            return kept[parties][:, parties].nnz / links[parties][:, parties].nnz

        assert share(hunted.campaign) > 0.8
        assert share(hunted.people) < 0.3

    def test_the_same_software_and_mail_provider_are_no_infrastructure(self):
        rows = [exchange(i, account_id=f"a{i}", client="odd/1", ja4="t13", ip=None) for i in range(4)]
        log = Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)
        graph = graph_at(log, incidences(log), 2**62, 1000)
        assert graph.by_kind[LinkKind.CLIENT].nnz
        assert infrastructure_of(graph).nnz == 0


class TestHandoffs:
    def test_are_those_of_the_log(self, hunted, view):
        log = hunted.log
        owner = dict(zip(log.context_out.tolist(), log.party.tolist(), strict=True))
        going_on = np.flatnonzero(log.context_in >= 0)
        true = sum(owner[int(log.context_in[row])] != log.party[row] for row in going_on)
        events, expected, log10_e = handoff_evidence(view, hunted.campaign)
        assert true > 50
        assert events == true
        assert expected < true
        assert log10_e > 10

    def test_people_show_none(self, hunted, view):
        events, _, log10_e = handoff_evidence(view, some_people(hunted, 40, 2))
        assert (events, log10_e) == (0, 0)

    def test_a_log_without_any_has_none(self, quiet):
        assert handoff_evidence(quiet.outcome.view, quiet.people[:30])[::2] == (0, 0)


class TestCandidates:
    def test_the_campaign_is_among_them_and_each_counts(self, hunted, view):
        found, hypotheses = candidates(view, 3.0, Judged({}), nobody(view))
        assert hypotheses >= len(found) > 0
        best = max(found, key=lambda c: c.log10_e)
        assert np.isin(best.core, hunted.campaign).all()
        assert len(best.core) >= 0.8 * len(hunted.campaign)

    def test_sets_that_could_never_reach_the_bar_are_not_hypotheses(self, quiet):
        view = quiet.outcome.view
        assert candidates(view, 1e6, Judged({}), nobody(view)) == ([], 0)

    def test_what_is_flagged_is_not_judged_again(self, hunted, view):
        known = nobody(view)
        known[hunted.campaign] = True
        found, _ = candidates(view, 3.0, Judged({}), known)
        assert all(not np.isin(c.members, hunted.campaign).all() for c in found)

    def test_a_weak_set_is_judged_again_only_when_it_has_grown(self, hunted, view):
        judged = Judged({})
        people = some_people(hunted, 12, 3)
        assert judged.judge(view, people, 3.0) is judged.judge(view, people, 3.0)
        assert judged.judge(view, hunted.campaign, 3.0) is not judged.judge(view, hunted.campaign, 3.0)


class TestJoin:
    def test_two_halves_of_one_pool_are_joined(self, hunted, view):
        halves = [weigh(view, hunted.campaign[start::2]) for start in (0, 1)]
        (union,), attempts = join(view, halves)
        assert attempts == 1
        assert np.isin(hunted.campaign, union).mean() > 0.9

    def test_two_groups_of_people_are_not(self, hunted, view):
        for seed in range(10):
            both = some_people(hunted, 40, seed)
            assert join(view, [weigh(view, both[:20]), weigh(view, both[20:])])[0] == []

    def test_halves_of_a_pool_are_close(self, hunted, view):
        assert close(view, hunted.campaign[::2], hunted.campaign[1::2])

    @pytest.mark.parametrize("which", ["hunted", "textless"])
    @given(tie=st.floats(0, 2), left=st.floats(-5, 50), right=st.floats(-5, 50), short=st.floats(0.5, 5))
    def test_a_union_weaker_than_its_parts_is_not_one_pool(self, request, which, tie, left, right, short):
        view = request.getfixturevalue(which).outcome.view
        assert not one_pool(view, tie, left, right, max(left, right) - short)

    @given(strong=st.floats(2, 50), together=st.floats(2, 200))
    def test_without_text_only_strong_ties_make_one_pool(self, textless, strong, together):
        """Everybody who works round the clock looks alike."""
        view = textless.outcome.view
        assert not one_pool(view, 0.1, strong, strong, together)
        assert one_pool(view, 0.5, strong, strong, strong + together)

    @given(strong=st.floats(2, 50), weak=st.floats(-5, 0.5), together=st.floats(-5, 200))
    def test_a_weak_set_without_a_link_is_never_gathered(self, hunted, strong, weak, together):
        assert not one_pool(hunted.outcome.view, 0.0, strong, weak, together)

    def test_ties_are_relative_to_the_links_within(self):
        weight = np.array([[0, 4, 1, 0], [4, 0, 0, 0], [1, 0, 0, 4], [0, 0, 4, 0]], float)
        links, left, right, alone = csr_array(weight), np.array([0, 1]), np.array([2, 3]), np.array([3])
        assert tied(links, left, right) == tied(links, right, left) == pytest.approx(1 / 8)
        assert tied(links * 9, left, right) == pytest.approx(1 / 8)
        assert tied(links, left, alone) == 0
