"""Words of many texts at once are those of each text alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch.detect.sketch import words
from stillwatch.detect.sketch.words import cut, words_of

ODD = [
    "",
    "   ",
    "don't stop_me NOW!!",
    "a\x00b\x1fc\x7fd",
    "e\u0301\u0301x na\u00efve \u00dcn\u00efcode \u041f\u0420\u0418\u0412\u0415\u0422",
    "\ud800x \ue000private \U000e0001tag soft\u00adhyphen zero\u200bwidth",
    "\x1c\x1d a\u2028b\u00a0c",
    "\u65e5\u672c\u8a9e\u30c6\u30ad\u30b9\u30c8\u3001\u3067\u3059\u3002\U00020000",
    "x" * 16 + " " + "x" * 17 + " " + "x" * 18 + "y" + " " + "\u0448" * 40,
    "\u0130stanbul \u1e9e \ufb01 1\u00b23 \u00bd",
    "\u0915\u094d\u0937\u093f \u0e01\u0e47",
    "\U0001f600\U0001f600ok",
]


def cut_up(texts, characters=512):
    """The words of each text, from all cut at once."""
    out = [[] for _ in texts]
    for part in cut(texts, characters):
        for at, row in enumerate(part.rows.tolist()):
            numbers = part.numbers[part.bounds[at] : part.bounds[at + 1]]
            out[row] = [part.distinct[number] for number in numbers.tolist()]
        assert len(set(part.distinct)) == len(part.distinct)
    return out


class TestCut:
    @given(st.lists(st.sampled_from(ODD) | st.text(max_size=30) | st.text("ab .'\n", max_size=60), max_size=12))
    @example(ODD)
    def test_gives_the_words_of_each_text(self, texts):
        assert cut_up(texts) == [words_of(text) for text in texts]

    @pytest.mark.parametrize("characters", [1, 7, 100])
    def test_reads_no_further_than_asked(self, characters):
        assert cut_up(ODD, characters) == [words_of(text, characters) for text in ODD]

    def test_words_with_one_key_are_still_told_apart(self, monkeypatch):
        monkeypatch.setattr(words, "_FACTOR", np.uint64(0))
        assert cut_up(ODD) == [words_of(text) for text in ODD]

    def test_of_nothing_is_nothing(self):
        assert list(cut([])) == []
