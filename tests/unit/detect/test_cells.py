"""Cells: openings as one of a few hundred kinds, and how a party's kinds lean towards a set's corpus."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.cells import CELLS, FIT_ON, MOST, CellCounts, Cells
from stillwatch.detect.families import vectors
from stillwatch.detect.log import Log
from stillwatch.detect.sketch import StaticEmbedding
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange

WORDS = ("tomato", "soil", "treaty", "judge", "loan", "bank", "guitar", "chord")
TEXTS = [" ".join(words) + end for words, end in product(product(WORDS, repeat=2), ("", "?", "!!", " 123", " PLEASE"))]


@pytest.fixture(scope="module")
def embedding():
    """A small table: each word a direction of its own."""
    return StaticEmbedding(WORDS, np.eye(len(WORDS), dtype=np.float32))


def log_of(rows):
    return Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)


@pytest.fixture(scope="module")
def log():
    """A log with a text of its own for each exchange."""
    rng = np.random.default_rng(1)
    texts = rng.permutation(TEXTS)
    return log_of([exchange(i, account_id=f"a{i % 9}", prompt=str(text)) for i, text in enumerate(texts)])


@pytest.fixture(scope="module")
def fitted(log, embedding):
    rows = np.arange(len(log))
    found = vectors(log, rows, embedding)
    return Cells.fit(log, rows, found), found


class TestFit:
    def test_gives_each_opening_a_cell_of_the_codebook(self, log, fitted):
        codebook, found = fitted
        cells = codebook.of(log, np.arange(len(log)), found)
        assert cells.shape == (len(log),)
        assert cells.min() >= 0
        assert cells.max() < CELLS
        assert len(np.unique(cells)) > CELLS / 2

    def test_is_the_same_every_time(self, log, fitted):
        codebook, found = fitted
        again = Cells.fit(log, np.arange(len(log)), found)
        assert (again.centres == codebook.centres).all()
        assert again.scale == codebook.scale

    def test_equal_openings_share_a_cell_and_unlike_ones_do_not(self, fitted, embedding):
        codebook, _ = fitted
        other = log_of(
            [exchange(i, prompt=text) for i, text in enumerate(["tomato soil?", "tomato soil?", "LOAN bank!!"])]
        )
        cells = codebook.of(other, np.arange(3), vectors(other, np.arange(3), embedding))
        assert cells[0] == cells[1] != cells[2]

    def test_any_rows_have_the_cells_of_their_vectors(self, log, fitted, embedding):
        codebook, found = fitted
        rows = np.array([5, 0, 5, 17, 300])
        assert (codebook.of_rows(log, rows, embedding) == codebook.of(log, np.arange(len(log)), found)[rows]).all()

    def test_openings_after_the_first_few_do_not_move_it(self, log, fitted, monkeypatch):
        monkeypatch.setattr("stillwatch.detect.cells.FIT_ON", 2 * CELLS + 20)
        _, found = fitted
        whole = Cells.fit(log, np.arange(len(log)), found)
        cut = 2 * CELLS + 20
        part = Cells.fit(log, np.arange(cut), {family: v[:cut] for family, v in found.items()})
        assert (whole.centres == part.centres).all()

    def test_says_how_many_openings_it_was_fitted_on(self, fitted):
        codebook, _ = fitted
        assert codebook.needs == FIT_ON

    def test_the_first_hours_lean_nowhere_whether_the_log_ends_there_or_not(self, log, fitted):
        codebook, found = fitted
        few = np.arange(2 * CELLS - 1)
        short = Cells.fit(log, few, {family: v[: len(few)] for family, v in found.items()})
        assert short.needs > len(few)
        assert codebook.needs > len(few)


class TestWithoutText:
    @staticmethod
    def lengths(*pairs):
        rows = [exchange(i, prompt=None, input_tokens=a, output_tokens=b) for i, (a, b) in enumerate(pairs)]
        log = log_of(rows)
        codebook = Cells.fit(log, np.arange(len(log)), {})
        return codebook.of(log, np.arange(len(log)), {})

    def test_cells_are_bins_of_length(self):
        cells = self.lengths((10, 500), (11, 510), (10, 4), (900, 500), (0, 0), (10**9, 10**9))
        assert cells[0] == cells[1]
        assert len(set(cells[1:].tolist())) == 5

    @given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)), min_size=1, max_size=20))
    def test_any_length_has_a_cell(self, pairs):
        cells = self.lengths(*pairs)
        assert cells.min() >= 0
        assert cells.max() < 200

    def test_any_rows_have_the_cells_of_their_lengths(self, embedding):
        log = log_of([exchange(i, prompt=None, input_tokens=10**i) for i in range(5)])
        codebook = Cells.fit(log, np.arange(5), {})
        rows = np.array([3, 1, 3])
        assert (codebook.of_rows(log, rows, embedding) == codebook.of(log, rows, {})).all()

    def test_too_few_openings_with_text_are_held_by_length_too(self, embedding):
        log = log_of([exchange(i, prompt=f"tomato {i}") for i in range(20)])
        rows = np.arange(20)
        codebook = Cells.fit(log, rows, vectors(log, rows, embedding))
        assert len(set(codebook.of(log, rows, vectors(log, rows, embedding)).tolist())) == 1


def counted(party, cell, *steps, needs=0):
    log = log_of([exchange(i, account_id=f"a{p:03d}") for i, p in enumerate(party)])
    counts = CellCounts.start(log, np.arange(len(log)), np.array(cell, np.int64), needs)
    for step in steps or (len(log),):
        counts.advance(step)
    return counts


def mixed(pool=20, people=80, each=15, seed=3):
    """Counts where a pool draws half of its openings from ten cells that hardly anybody else has."""
    rng = np.random.default_rng(seed)
    party = np.repeat(np.arange(pool + people), each)
    own = rng.integers(0, 50, len(party))
    corpus = (party < pool) & (rng.random(len(party)) < 0.5)
    return counted(party, np.where(corpus, 50 + rng.integers(0, 10, len(party)), own))


class TestCounts:
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40), st.data())
    def test_by_steps_is_as_at_once(self, drawn, data):
        party, cell = zip(*drawn, strict=True)
        party = np.unique(party, return_inverse=True)[1]
        steps = data.draw(st.lists(st.integers(0, len(drawn)), max_size=4))
        stepwise, once = counted(party, cell, *steps, len(drawn)), counted(party, cell)
        assert (stepwise.counts == once.counts).all()
        assert stepwise.population == pytest.approx(once.population)
        assert once.counts.sum() == len(drawn)
        assert once.population.sum() == pytest.approx(1)

    def test_a_loud_party_does_not_make_the_population(self):
        counts = counted([0] * 500 + list(range(1, 41)), [0] * 500 + [1] * 40)
        assert counts.population[1] > counts.population[0]

    def test_leans_towards_a_corpus_that_half_hides_among_ordinary_openings(self):
        counts = mixed()
        found = counts.lean(np.arange(100), np.arange(20), np.ones(20))
        assert np.median(found[:20]) > 1
        assert np.median(found[20:]) < 0
        assert (found[:20, None] > found[None, 20:]).mean() > 0.95

    def test_says_nothing_before_the_openings_that_the_codebook_is_fitted_on_have_been_seen(self):
        """Else a look would use what came after it."""
        counts = mixed()
        party, cell = counts.party, counts.cell
        early, full = counted(party, cell, 999, needs=1000), counted(party, cell, 1000, needs=1000)
        assert not early.lean(np.arange(100), np.arange(20), np.ones(20)).any()
        assert full.lean(np.arange(100), np.arange(20), np.ones(20)).any()

    def test_no_party_is_held_against_its_own_openings(self):
        """A member with a cell of its own gains nothing from having brought that cell into the set."""
        party = np.repeat(np.arange(30), 10)
        cell = np.where(party == 0, 7, np.tile(np.arange(5), 60))
        found = counted(party, cell).lean(np.arange(30), np.arange(10), np.ones(10))
        assert found[0] < 0
        assert found[0] < found[1:10].min()

    def test_weight_decides_whose_corpus_it_is(self):
        counts = mixed()
        half = np.r_[np.ones(20), np.zeros(80)]
        found = counts.lean(np.arange(100), np.arange(100), half)
        assert found == pytest.approx(counts.lean(np.arange(100), np.arange(20), np.ones(20)))

    def test_a_set_without_openings_leans_nowhere(self):
        counts = mixed()
        assert counts.lean(np.arange(100), np.arange(20), np.zeros(20)) == pytest.approx(0, abs=1e-9)

    def test_is_bounded(self):
        counts = mixed(each=400)
        found = counts.lean(np.arange(100), np.arange(20), np.ones(20))
        assert np.abs(found).max() <= MOST
