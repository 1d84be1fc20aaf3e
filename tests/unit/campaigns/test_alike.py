"""Sets that no link ties: proposed by one half of their openings, judged by the other."""

from types import SimpleNamespace

import numpy as np
import pytest

from stillwatch.campaigns.alike import LEAST_OPENINGS, SMALLEST_ALIKE, alike_sets, halves, neighbours
from stillwatch.detect.families import Family, Gathering, kept
from stillwatch.detect.individuality import squared_distance

DIMENSIONS = 128


def world(dealt=60, people=300, openings=64, near=0.0, seed=3):
    """A gathering: people with means of their own (in groups of interest where ``near``), and a set dealt one corpus."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 0.025, (people, DIMENSIONS))
    if near:
        centres = rng.normal(0, 0.025, (people // 30 + 1, DIMENSIONS))
        means = centres[np.arange(people) // 30] + near * means
    means = np.vstack([means, np.repeat(rng.normal(0, 0.025, (1, DIMENSIONS)), dealt, axis=0)])
    party = np.tile(np.arange(people + dealt), openings)
    log = SimpleNamespace(party=party, parties=people + dealt)
    x = kept(means[party] + rng.normal(0, 0.09, (len(party), DIMENSIONS)))
    found = {Family.RHYTHM: x[:, :8], Family.CONTENT: x[:, ::2], Family.STYLE: x[:, 1::2]}
    gathering = Gathering.start(log, np.arange(len(party)), found)
    gathering.advance(len(party))
    return gathering, np.arange(people, people + dealt)


def view_of(gathering, text=True):
    families = gathering.state()
    size = len(families[Family.TEXT][0].n)
    return SimpleNamespace(
        families=families,
        leading=Family.TEXT if text else Family.RHYTHM,
        first_seen=np.zeros(size, np.int64),
        barred=np.zeros(size, bool),
    )


def found_in(gathering, flagged=None, text=True):
    view = view_of(gathering, text)
    return alike_sets(view, gathering, np.zeros(len(view.first_seen), bool) if flagged is None else flagged, 0.01)


def test_a_dealt_set_without_any_link_is_found_whole():
    gathering, dealt = world()
    found = found_in(gathering)
    assert len(found) == 1
    assert np.isin(found[0].members, dealt).all()
    assert len(found[0].members) >= 0.8 * len(dealt)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("near", [0.0, 0.5])
def test_people_and_groups_of_one_interest_are_not(seed, near):
    """Groups of thirty whose means lie half as far from each other as people's do."""
    gathering, _ = world(dealt=0, near=near, seed=seed)
    assert found_in(gathering) == ()


def test_a_set_below_the_stated_size_is_left_alone():
    gathering, _ = world(dealt=SMALLEST_ALIKE - 1)
    assert found_in(gathering) == ()


def test_too_few_openings_are_not_compared():
    gathering, _ = world(openings=LEAST_OPENINGS - 1)
    assert found_in(gathering) == ()


def test_flagged_parties_are_not_found_again():
    gathering, dealt = world()
    flagged = np.zeros(360, bool)
    flagged[dealt] = True
    assert found_in(gathering, flagged) == ()


def test_declared_and_verified_parties_are_left_out():
    gathering, dealt = world()
    view = view_of(gathering)
    view.barred[dealt] = True
    assert alike_sets(view, gathering, np.zeros(360, bool), 0.01) == ()


def test_without_text_nothing_is_proposed():
    gathering, _ = world()
    assert found_in(gathering, text=False) == ()


def test_the_halves_are_all_openings_and_share_none():
    gathering, _ = world(dealt=5, people=20)
    view = view_of(gathering)
    parties = np.array([3, 7, 21])
    one, two = halves(view, gathering, parties)
    whole = view.families[Family.TEXT][0].of(parties)
    assert (one.n + two.n).tolist() == whole.n.tolist()
    assert one.n.tolist() == two.n.tolist()
    assert one.s + two.s == pytest.approx(whole.s)
    assert one.q + two.q == pytest.approx(whole.q)


def test_neighbours_are_mutual():
    gathering, dealt = world()
    one, _ = halves(view_of(gathering), gathering, np.arange(360))
    links = neighbours(one)
    assert (links != links.T).nnz == 0
    inside = links[dealt][:, dealt].sum() / links[dealt].sum()
    assert inside > 0.9


def test_what_chose_the_set_does_not_judge_it():
    """Neighbours chosen by chance look too near in the half that chose them, and as far as they are in the other."""
    gathering, _ = world(dealt=0, people=400, openings=24, near=0.0)
    one, two = halves(view_of(gathering), gathering, np.arange(400))
    links = neighbours(one)
    pairs = np.argwhere(links.toarray() > 0)[:200]
    apart = [
        np.mean([squared_distance(h.of(np.array([a])), h.s[b] / h.n[b])[0] - 1 / h.n[b] for a, b in pairs])
        for h in (one, two)
    ]
    assert apart[0] < apart[1]
