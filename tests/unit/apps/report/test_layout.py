from __future__ import annotations

import numpy as np

from stillwatch.apps.report.layout import force_layout, held_by, select
from stillwatch.campaigns.model import Edge


def edge(a, b, kind="payment", weight=1.0):
    return Edge(a=a, b=b, kind=kind, weight=weight, words="")


def test_the_heaviest_accounts_and_links_are_kept():
    edges = [edge("a", "b", weight=9), edge("b", "c", weight=5), edge("c", "d", weight=1), edge("a", "a", weight=99)]
    drawn = select(("a", "b", "c", "d", "e"), edges, nodes=3, links=1)
    assert set(drawn.nodes) == {"a", "b", "c"}
    assert drawn.edges == (edges[0],)
    assert drawn.nodes_left_out == 2
    assert drawn.edges_left_out == 3
    assert dict(zip(drawn.nodes, drawn.degree, strict=True)) == {"a": 1, "b": 1, "c": 0}


def test_the_layout_is_deterministic_and_inside_the_unit_square():
    names = [f"n{at}" for at in range(40)]
    drawn = select(names, [edge(names[at], names[(at * 7 + 1) % 40], weight=at) for at in range(40)])
    first, second = force_layout(drawn, seed=3), force_layout(drawn, seed=3)
    assert np.array_equal(first, second)
    assert first.min() >= 0
    assert first.max() <= 1
    assert not np.array_equal(first, force_layout(drawn, seed=4))


def test_linked_accounts_stand_nearer_than_unlinked_ones():
    left, right = [f"l{at}" for at in range(8)], [f"r{at}" for at in range(8)]
    edges = [edge(a, b, weight=8) for side in (left, right) for a in side for b in side if a < b] + [
        edge("l0", "r0", weight=1)
    ]
    drawn = select(left + right, edges)
    at = dict(zip(drawn.nodes, force_layout(drawn), strict=True))

    def mean(firsts, seconds):
        return np.mean([np.linalg.norm(at[a] - at[b]) for a in firsts for b in seconds if a != b])

    assert mean(left, right) > 1.5 * max(mean(left, left), mean(right, right))


def test_none_one_and_unlinked_accounts_have_places():
    assert force_layout(select((), ())).shape == (0, 2)
    assert force_layout(select(("a",), ())).tolist() == [[0.5, 0.5]]
    assert np.isfinite(force_layout(select(("a", "b", "c"), ()))).all()


def test_what_falls_off_without_a_kind_of_link():
    names = ("a", "b", "c", "d", "e")
    edges = [
        edge("a", "b"),
        edge("b", "c"),
        edge("a", "c", "client"),
        edge("c", "d", "client"),
        edge("d", "e", "payment"),
    ]
    held = {each.kind: each for each in held_by(names, edges)}
    assert held["payment"].falls_off == 2  # b and e hang on payment alone
    assert held["client"].falls_off == 2  # d and e reach the rest by a client only
    assert held["payment"].accounts == 5
    assert held["client"].accounts == 3
    assert held_by(names, ()) == ()
