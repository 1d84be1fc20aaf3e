from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.sketch.style import SHAPE_NAMES, shape_features, style_vectors

FORMAL = [
    "Dear team, could you please explain how photosynthesis works?",
    "Dear team, could you please describe how banks create money?",
]
SLOPPY = ["hey how does photosynthesis work??? thx", "hey how do banks create money??? thx"]


def centred(texts):
    vectors = style_vectors(texts)
    vectors = vectors - vectors.mean(axis=0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class TestStyle:
    def test_the_writer_shows_and_the_topic_does_not(self):
        v = centred(FORMAL + SLOPPY)
        same_writer = min(v[0] @ v[1], v[2] @ v[3])
        same_topic = max(v[0] @ v[2], v[1] @ v[3])
        assert same_writer > same_topic + 0.5

    def test_content_words_of_any_length_are_one(self):
        a, b = style_vectors(
            [
                "One two. Tell it about cats and then stop now ok.",
                "One two. Tell it about elephants and then stop now ok.",
            ]
        )
        assert a @ b == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("please list the files in here for me", "Please list the files in here for me"),
            ("it is fine , really now ok then", "it is fine, really now ok then"),
            ("so i don't know the thing you know", "so i dont know the thing you know"),
            ("tell me what you know of the rest", "tell me what u know of the rest"),
            ("one line\nand another line of it all", "one line and another line of it all"),
            ("he said “no” to all of it at once", 'he said "no" to all of it at once'),
        ],
    )
    def test_habits_show(self, one, other):
        a, b = style_vectors([one, other])
        assert a @ b < 0.999

    def test_shape_type_and_length(self):
        vectors = style_vectors([*FORMAL, "", "你好"])
        assert vectors.shape == (4, 64)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 1], atol=1e-5)

    def test_none(self):
        assert style_vectors([]).shape == (0, 64)

    @given(st.lists(st.text(), max_size=8))
    def test_a_row_does_not_depend_on_the_others(self, texts):
        together = style_vectors(texts)
        assert np.isfinite(together).all()
        for row, text in enumerate(texts):
            np.testing.assert_array_equal(together[row], style_vectors([text])[0])

    def test_chunks_change_nothing(self, monkeypatch):
        whole = style_vectors(FORMAL + SLOPPY)
        monkeypatch.setattr("stillwatch.detect.sketch.style._CHUNK", 1)
        np.testing.assert_array_equal(style_vectors(FORMAL + SLOPPY), whole)

    def test_vectors_stay_what_they_are(self):
        """Stored vectors are compared across runs and versions: a change here is a change of format."""
        vector = style_vectors(["Hi, could you fix this? Thanks!"])[0]
        assert np.flatnonzero(np.abs(vector) > 0.2).tolist() == [0, 21, 31, 35, 36, 37, 42]

    def test_lone_surrogates_and_huge_texts(self):
        assert np.isfinite(style_vectors(["\ud800x", "y" * 5_000_000])).all()


class TestShape:
    def column(self, text, name):
        return float(shape_features([text])[0, SHAPE_NAMES.index(name)])

    @pytest.mark.parametrize(
        ("text", "name", "expected"),
        [
            ("abcd", "log_length", np.log(5)),
            ("ABcd", "upper", 0.5),
            ("a1b2", "digits", 0.5),
            ("a,b.", "punctuation", 0.5),
            ("a\nb\n", "newlines", 0.5),
            ("añ你b", "non_ascii", 0.5),
            ("ab abcd", "word_length", 3),
            ("so what?  ", "ends_with_punctuation", 1),
            ("so what", "ends_with_punctuation", 0),
            ("你好。", "ends_with_punctuation", 1),
            ("", "log_length", 0),
            ("", "word_length", 0),
        ],
    )
    def test_measures(self, text, name, expected):
        assert self.column(text, name) == pytest.approx(expected, rel=1e-5)

    @given(st.lists(st.text(), max_size=6))
    def test_shares_are_shares(self, texts):
        features = shape_features(texts)
        assert features.shape == (len(texts), 8)
        assert np.isfinite(features).all()
        assert ((features[:, 1:6] >= 0) & (features[:, 1:6] <= 1)).all()
