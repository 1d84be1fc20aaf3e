from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.sketch.skeleton import keyed_hash, near_duplicates, normalise, skeletons
from stillwatch.errors import ConfigurationError

KEY = b"k" * 32
FAMILY = [
    f"please summarise the following article about trade in three short sentences for {x}"
    for x in ("me", "us", "him", "her")
]
OTHERS = ["what is the capital of mongolia", "write a poem about autumn rain", "sort a list in python"]


class TestNormalise:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("  Hello\n\tWORLD ", "hello world"),
            ("ＡＢＣ　１２３", "abc 123"),
            ("STRASSE Straße", "strasse strasse"),
            ("ﬁne", "fine"),
            ("", ""),
        ],
    )
    def test_folds(self, text, expected):
        assert normalise(text) == expected

    @given(st.text())
    def test_twice_is_once(self, text):
        once = normalise(text)
        assert normalise(once) == once


class TestSkeletons:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("List 5 facts about 1999", "List 12 facts about 2024"),
            ('Translate "good day" now', "Translate “bad night and more” now"),
            ("please open https://a.example/x?q=1 for me", "please open http://b.example for me"),
            ("fix `x = 1` for me", "fix `while True: pass` for me"),
            ("fix ```py\nx = 1\n``` for me", "fix ```c\nint y;\n``` for me"),
            ("tell me about Albert Einstein, please", "tell me about Marie Curie, please"),
            ("write to bob@a.example today", "write to eve@b.example today"),
            ("How Are You", "how are you"),
            ("一个苹果50元，请问多少钱", "一个苹果70元，请问多少钱"),
        ],
    )
    def test_particulars_go(self, one, other):
        a, b = skeletons([one, other])
        assert a == b

    def test_twelve_tokens(self):
        assert skeletons([" ".join(f"w{chr(97 + i)}" for i in range(26))])[0].count(" ") == 11

    def test_different_requests_stay_different(self):
        a, b = skeletons(["summarise the text", "translate the text"])
        assert a != b

    def test_titles_keep_their_words(self):
        assert skeletons(["How To Sort A List Of Numbers In Python"]) == ["how to sort a list of numbers in python"]

    def test_sentence_openings_are_no_names(self):
        assert skeletons(["It rains today. Should we wait here for it?"]) == [
            "it rains today. should we wait here for it?"
        ]

    @given(st.text())
    def test_any_text(self, text):
        (skeleton,) = skeletons([text])
        assert len(skeleton.split()) <= 12

    def test_huge_and_hostile(self):
        assert len(skeletons(["x@" * 2_000_000, '"' * 3_000_000, "`" * 3_000_000, "1." * 2_000_000])) == 4


class TestKeyedHash:
    def test_is_keyed_blake2b(self):
        expected = struct.unpack("<Q", hashlib.blake2b(b"abc", digest_size=8, key=KEY).digest())[0]
        hashes = keyed_hash(["abc"], KEY)
        assert hashes.dtype == np.uint64
        assert int(hashes[0]) == expected

    def test_another_key_gives_another_pseudonym(self):
        assert keyed_hash(["abc"], KEY) != keyed_hash(["abc"], b"j" * 32)

    @pytest.mark.parametrize("key", [b"", b"short", b"x" * 65])
    def test_key_length(self, key):
        with pytest.raises(ConfigurationError, match="16 to 64 bytes"):
            keyed_hash(["abc"], key)

    def test_lone_surrogates_and_none(self):
        assert len(keyed_hash(["\ud800"], KEY)) == 1
        assert len(keyed_hash([], KEY)) == 0


class TestNearDuplicates:
    def test_a_family_is_one_group(self):
        groups = near_duplicates([*OTHERS[:2], *FAMILY, OTHERS[2]])
        assert groups.tolist() == [0, 1, 2, 2, 2, 2, 3]

    def test_order_of_texts_only_renames(self):
        texts = [*FAMILY, *OTHERS]
        straight, turned = near_duplicates(texts), near_duplicates(texts[::-1])[::-1]
        assert ((straight[:, None] == straight) == (turned[:, None] == turned)).all()

    def test_beyond_the_limit_each_is_alone(self):
        groups = near_duplicates(FAMILY, limit=2)
        assert groups.tolist() == [0, 0, 1, 2]

    def test_one_template_for_all(self):
        texts = [f"{FAMILY[0]} number {i}" for i in range(5000)]
        assert near_duplicates(texts).max() == 0

    @pytest.mark.parametrize("texts", [[], ["a"], ["", ""], ["a", "b"]])
    def test_few(self, texts):
        assert len(near_duplicates(texts)) == len(texts)
