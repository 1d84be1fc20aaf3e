"""Prompts leave as hashes and sketches."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stillwatch.apps.watch.prompts import CHUNK, Prompts, sketching
from stillwatch.detect.texts import sketch

KEY = b"k" * 32
DAY = 24 * 60


@pytest.fixture
def prompts():
    return Prompts(KEY, keep_text=False, leave_out=False, pool=None)


class TestHide:
    def test_equal_prompts_have_equal_hashes_and_one_sketch(self, prompts, rows):
        found = prompts.hide(rows(0, 1, 2))  # question 0, question 1, question 0
        codes = found.table["prompt"].to_pylist()
        assert codes[0] == codes[2] != codes[1]
        assert sorted(found.sketches["text"].to_pylist()) == sorted(set(codes))
        assert found.texts is None

    def test_the_sketch_is_that_of_the_text(self, prompts, rows):
        found = prompts.hide(rows(0, prompt="write a poem about rain"))
        assert found.sketches.equals(sketch(["write a poem about rain"], KEY))

    def test_what_was_committed_lately_is_not_sketched_again(self, prompts, rows):
        first = prompts.hide(rows(0))
        prompts.remember(first.sketches)
        assert prompts.hide(rows(2)).sketches is None
        assert prompts.hide(rows(1)).sketches.num_rows == 1

    def test_on_another_day_it_is(self, prompts, rows):
        prompts.remember(prompts.hide(rows(0)).sketches)
        assert prompts.hide(rows(2 * DAY)).sketches.num_rows == 1

    def test_only_openings_are_sketched(self, prompts, rows):
        later = rows(0, 1, turn=2)
        found = prompts.hide(later)
        assert found.sketches is None
        assert len(set(found.table["prompt"].to_pylist())) == 2
        assert prompts.hide(rows(0)).sketches.num_rows == 1

    def test_nulls_stay(self, prompts, rows):
        found = prompts.hide(rows(0, prompt=None))
        assert found.table["prompt"].to_pylist() == [None]
        assert found.sketches is None

    def test_text_is_given_where_it_is_to_be_kept(self, rows):
        found = Prompts(KEY, keep_text=True, leave_out=False, pool=None).hide(rows(0))
        assert found.texts["prompt"].to_pylist() == ["question 0"]
        assert found.texts["text"].to_pylist() == found.table["prompt"].to_pylist()

    def test_left_out_unread(self, rows):
        found = Prompts(KEY, keep_text=True, leave_out=True, pool=None).hide(rows(0))
        assert (found.table["prompt"].to_pylist(), found.sketches, found.texts) == ([None], None, None)

    def test_another_key_gives_other_hashes(self, prompts, rows):
        other = Prompts(b"l" * 32, keep_text=False, leave_out=False, pool=None)
        assert prompts.hide(rows(0)).table["prompt"] != other.hide(rows(0)).table["prompt"]


@pytest.mark.slow
def test_processes_sketch_the_same_in_the_same_order(prompts, rows):
    texts = [f"question number {i} about the sea" for i in range(CHUNK + 10)]
    table = rows(*range(len(texts)))
    at = table.schema.get_field_index("prompt")
    table = table.set_column(at, "prompt", pa.array(texts, pa.large_string()).dictionary_encode())
    with sketching(KEY, 2) as pool:
        apart = Prompts(KEY, keep_text=False, leave_out=False, pool=pool).hide(table)
    here = prompts.hide(table)
    assert apart.sketches.equals(here.sketches)
    assert apart.table.equals(here.table)
