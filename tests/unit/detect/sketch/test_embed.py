from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.words import words_of
from stillwatch.errors import ConfigurationError

TEXTS = [
    "How do I reverse a linked list in Python?",
    "Write a function that reverses a list",
    "What is the capital of Mongolia?",
    "糖尿病的早期症状有哪些？",
    "Übersetze den folgenden Text: naïve café, déjà vu!",
    "print('hello_world'); x += 1 # comment",
    "Какая столица Франции?",
    "안녕하세요 오늘 날씨는 어때요",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "a\tb\n\nc 3.14 100% <tag> e-mail@example.org",
]


@pytest.fixture(scope="module")
def embedding():
    return StaticEmbedding.load()


@pytest.fixture(scope="module")
def reference(root):
    """The same table in the hands of Model2Vec and of an independent tokeniser."""
    folder = root / "src/stillwatch/detect/sketch/table"
    pieces = (folder / "vocabulary.txt").read_text("utf-8").split("\n")[:-1]
    tokenizer = Tokenizer(WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return StaticModel(np.load(folder / "vectors.npy").astype(np.float32), tokenizer, normalize=True)


class TestAgainstModel2Vec:
    def test_same_vectors(self, embedding, reference):
        ours, theirs = embedding.encode(TEXTS), reference.encode(TEXTS)
        assert np.einsum("ij,ij->i", ours, theirs).min() > 0.9999

    def test_same_vectors_on_real_prompts(self, embedding, reference, shared):
        import pyarrow.parquet as pq  # noqa: PLC0415

        texts = []
        for file in sorted((shared / "data/prompts").glob("*.parquet")):
            texts += [text[:512] for text in pq.read_table(file)["prompt"].to_pylist()[::200]]
        cosines = np.einsum("ij,ij->i", embedding.encode(texts), reference.encode(texts))
        # Only rare symbols differ, which are words of their own here.
        assert (cosines > 0.99).mean() > 0.995


class TestEncode:
    def test_unit_length_and_type(self, embedding):
        vectors = embedding.encode(TEXTS)
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(TEXTS), embedding.dimensions) == (len(TEXTS), 64)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_nearer_in_meaning_is_nearer(self, embedding):
        vectors = embedding.encode(TEXTS)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1

    @pytest.mark.parametrize("text", ["", "   \n\t", "\x00\x01", "\ud800", "\U0010ffff"])
    def test_nothing_known_is_zero(self, embedding, text):
        assert not embedding.encode([text]).any()

    def test_no_texts(self, embedding):
        assert embedding.encode([]).shape == (0, 64)

    @given(st.lists(st.text(), max_size=8))
    def test_a_row_does_not_depend_on_the_others(self, embedding, texts):
        together = embedding.encode(texts)
        for row, text in enumerate(texts):
            np.testing.assert_array_equal(together[row], embedding.encode([text])[0])

    def test_chunks_and_a_full_word_table_change_nothing(self, embedding, monkeypatch):
        whole = embedding.encode(TEXTS)
        monkeypatch.setattr("stillwatch.detect.sketch.embed._CHUNK", 3)
        monkeypatch.setattr("stillwatch.detect.sketch.embed._MAX_WORDS", 5)
        np.testing.assert_array_equal(embedding.encode(TEXTS), whole)

    def test_only_the_beginning_counts(self, embedding):
        start = "word " * 200
        np.testing.assert_array_equal(*embedding.encode([start + "cats", start + "dogs"]))

    def test_huge_text(self, embedding):
        assert np.isfinite(embedding.encode(["ab " * 4_000_000])).all()


class TestWords:
    def test_cut(self):
        assert words_of("Don't STOP_now 42!") == ["don", "'", "t", "stop", "_", "now", "42", "!"]

    def test_cjk_characters_stand_alone(self):
        assert words_of("学习Python吧") == ["学", "习", "python", "吧"]

    def test_a_symbol_leaves_its_neighbour_known(self):
        assert words_of("nice😀day") == ["nice", "😀", "day"]


class TestTable:
    def test_lengths_must_agree(self):
        with pytest.raises(ConfigurationError, match="2 word pieces"):
            StaticEmbedding(["a", "b"], np.zeros((3, 4), dtype=np.int8))

    def test_longest_piece_first(self):
        table = StaticEmbedding(["un", "##like", "##ly", "##likely", "[UNK]"], np.eye(5, dtype=np.int8))
        assert table.pieces_of("unlikely") == [0, 3]
        assert table.pieces_of("unlikex") == []
        assert table.pieces_of("[UNK]") == []

    def test_ships_with_its_licence(self, root):
        folder = root / "src/stillwatch/detect/sketch/table"
        assert "Apache License" in (folder / "NOTICE").read_text("utf-8")
        assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000

    def test_is_the_one_that_was_built(self, root):
        folder = root / "src/stillwatch/detect/sketch/table"
        about = json.loads((folder / "table.json").read_text("utf-8"))
        vectors = np.load(folder / "vectors.npy")
        assert hashlib.sha256(vectors.tobytes()).hexdigest() == about["vectors_sha256"]
        assert vectors.shape == (about["pieces"], about["dimensions"])
