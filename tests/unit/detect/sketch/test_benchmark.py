from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.sketch.benchmark import HASH_BYTES, BenchmarkHit, BenchmarkMatcher, pack, run_hashes, unpack
from stillwatch.errors import ConfigurationError

ITEM = "A ship sails north for nine hours at twelve knots and then turns east for three more hours."
SEED = "Olga bakes four dozen rolls each morning and gives every neighbour half a dozen of them for free."
OTHER = "Please explain to me in simple words how a bill becomes a law in this country and who signs it."


@pytest.fixture(scope="module")
def matcher():
    plain, _ = run_hashes([ITEM])
    unclear, _ = run_hashes([SEED])
    return BenchmarkMatcher(np.concatenate([plain[:3], unclear[:3] | np.uint64(1)]))


class TestFind:
    @pytest.mark.parametrize(
        "text",
        [
            ITEM,
            f"Question: {ITEM}\nAnswer:",
            f"Solve:\n{ITEM}\nThink step by step.",
            ITEM.upper(),
            ITEM.replace(" ", "\n  "),
        ],
    )
    def test_an_item_is_known_inside_a_template(self, matcher, text):
        assert matcher.find([text]).tolist() == [BenchmarkHit.BENCHMARK]

    @pytest.mark.parametrize("text", [OTHER, "", "too short", ITEM.replace("s", "z"), " ".join(ITEM.split()[::-1])])
    def test_others_are_not(self, matcher, text):
        assert matcher.find([text]).tolist() == [BenchmarkHit.NONE]

    def test_ambiguous_items_count_only_when_asked_for(self, matcher):
        texts = [ITEM, SEED, OTHER]
        assert matcher.find(texts).tolist() == [1, 2, 0]
        assert matcher.match(texts).tolist() == [True, False, False]
        assert matcher.match(texts, ambiguous=True).tolist() == [True, True, False]

    def test_one_quoted_run_in_a_long_text_is_not_a_match(self, matcher):
        quoted = " ".join(ITEM.split()[:8])
        assert matcher.find([quoted])[0] == BenchmarkHit.BENCHMARK
        assert matcher.find([f"{OTHER} {quoted} {OTHER}"])[0] == BenchmarkHit.NONE

    def test_chunks_change_nothing(self, matcher, monkeypatch):
        texts = [OTHER, ITEM, SEED, ITEM, ""]
        whole = matcher.find(texts)
        monkeypatch.setattr("stillwatch.detect.sketch.benchmark._CHUNK", 2)
        np.testing.assert_array_equal(matcher.find(texts), whole)

    def test_no_texts_and_no_fingerprints(self, matcher):
        assert len(matcher.find([])) == 0
        assert not BenchmarkMatcher(np.zeros(0, dtype=np.uint64)).find([ITEM]).any()


class TestRuns:
    def test_do_not_cross_texts(self):
        words = ITEM.split()
        hashes, rows = run_hashes([" ".join(words[:5]), " ".join(words[5:10]), ITEM])
        assert set(rows.tolist()) == {2}
        assert len(hashes) == len(words) - 7

    def test_cjk_characters_are_words(self):
        assert len(run_hashes(["小明有十二个苹果还剩多少"])[0]) == 5

    @given(st.lists(st.text(), max_size=5))
    def test_any_text(self, texts):
        hashes, rows = run_hashes(texts)
        assert len(hashes) == len(rows)
        assert not (hashes & np.uint64(1)).any()
        assert not (hashes >> np.uint64(8 * HASH_BYTES)).any()


class TestFile:
    @given(st.lists(st.integers(0, 2**40 - 1), max_size=20))
    def test_packing_is_undone(self, values):
        np.testing.assert_array_equal(
            unpack(pack(np.array(values, dtype=np.uint64))), np.sort(np.array(values, dtype=np.uint64))
        )

    def test_cut_short(self):
        with pytest.raises(ConfigurationError, match="multiple of 5"):
            unpack(b"1234567")

    def test_shipped_file_is_small_and_loads(self, root):
        assert (root / "src/stillwatch/detect/sketch/table/benchmarks.bin").stat().st_size < 400_000
        assert len(BenchmarkMatcher.load()) > 50_000


class TestRealItems:
    def prompts(self, shared, file, source=None):
        import pyarrow.parquet as pq  # noqa: PLC0415

        table = pq.read_table(shared / f"data/prompts/{file}.parquet").to_pydict()
        return [p for p, s in zip(table["prompt"], table["source"], strict=True) if source in {None, s}]

    @pytest.mark.parametrize(
        "template", ["{}", "Question: {}\nAnswer:", "Solve:\n{}\nThink step by step and be brief."]
    )
    def test_recall(self, shared, template):
        texts = [template.format(p) for p in self.prompts(shared, "eval", "mmlu")[::5]]
        assert BenchmarkMatcher.load().match(texts).mean() > 0.99

    def test_the_seed_is_ambiguous(self, shared):
        found = BenchmarkMatcher.load().find(self.prompts(shared, "reasoning", "gsm8k-train")[::5])
        assert (found == BenchmarkHit.AMBIGUOUS).mean() > 0.99

    @pytest.mark.parametrize(("file", "most"), [("organic", 1e-3), ("code", 1e-3), ("attack", 1e-2)])
    def test_false_alarms(self, shared, file, most):
        assert BenchmarkMatcher.load().match(self.prompts(shared, file), ambiguous=True).mean() <= most
