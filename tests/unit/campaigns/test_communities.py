"""Communities: the same sets on every run, whatever the order of the links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from stillwatch.campaigns.communities import SMALLEST, communities


def links(seed=1, size=60, groups=5, inside=0.5, between=0.02):
    """Random links (left, right, weight), denser within groups of equal size."""
    rng = np.random.default_rng(seed)
    left, right = np.triu_indices(size, 1)
    same = left % groups == right % groups
    kept = rng.random(len(left)) < np.where(same, inside, between)
    return left[kept], right[kept], rng.uniform(1, 5, kept.sum())


def graph(left, right, weight, size=60):
    rows, columns = np.r_[left, right], np.r_[right, left]
    return csr_array(coo_array((np.r_[weight, weight], (rows, columns)), shape=(size, size)).tocsr())


def listed(found):
    return [members.tolist() for members in found]


def test_finds_groups_that_hold_together():
    found = listed(communities(graph(*links())))
    for group in range(5):
        assert list(range(group, 60, 5)) in found


def test_is_the_same_every_time():
    assert listed(communities(graph(*links()))) == listed(communities(graph(*links())))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_links_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    left, right, weight = links(seed)
    order, turned = rng.permutation(len(left)), rng.random(len(left)) < 0.5
    a, b = np.where(turned, right, left)[order], np.where(turned, left, right)[order]
    assert listed(communities(graph(a, b, weight[order]))) == listed(communities(graph(left, right, weight)))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.3))
def test_each_set_is_sorted_and_listed_once_and_large_enough(seed, between):
    found = communities(graph(*links(seed, between=between)))
    assert len({members.tobytes() for members in found}) == len(found)
    for members in found:
        assert len(members) >= SMALLEST
        assert (np.diff(members) > 0).all()
    assert [len(m) for m in found] == sorted((len(m) for m in found), reverse=True)


def test_a_finer_partition_tells_groups_apart_that_a_few_links_join():
    found = listed(communities(graph(*links(inside=0.9, between=0.05))))
    assert any(set(members) == set(range(0, 60, 5)) for members in found)


def test_parties_without_links_are_in_no_set():
    left, right, weight = links()
    found = communities(graph(left, right, weight, size=500))
    assert max(members.max() for members in found) < 60


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(0, 1), (1, 2)]])
def test_fewer_than_the_smallest_set_are_none(pairs):
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    assert communities(graph(left, right, np.ones(len(pairs)))) == []
