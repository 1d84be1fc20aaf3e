from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.sketch.redact import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail bob.smith@example.org now", "mail [e-mail] now"),
        ("order 123456 of 12", "order [number] of 12"),
        ("call 555 123 45 67", "call [number]"),
        ("see https://bob:pw@host.example/path?q=1 ok", "see https://[link] ok"),
        ("see www.host.example/a ok", "see [link] ok"),
        ("from 10.1.2.3 and 2001:db8:0:1::5", "from [address] and [address]"),
        ("key sk-abcdEFGH1234567890xyz", "key [secret]"),
        ("password: hunter2x", "password: [secret]"),
        ("write to “Ada Lovelace” soon", "write to “[name]” soon"),
        ("he's Bob's friend", "he's Bob's friend"),
        ("a\x1b[31mb\u202ec\u2066d\u200be\x00f", "a[31mbcdef"),
        ("two\nlines\u2028more\tspace", "two lines more space"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("half\ud800", "half\ufffd"),
        ("١٢٣٤٥ ok", "[number] ok"),
        ("", ""),
    ],
)
def test_masks(text, shown):
    assert redact(text) == shown


class TestCut:
    def test_long_text(self):
        assert redact("word " * 50, keep=20) == "word word word word…"

    @pytest.mark.parametrize("keep", [0, 1, 5, 60, 1000])
    def test_never_longer_than_asked(self, keep):
        assert len(redact("some words of a customer " * 100, keep)) <= keep

    def test_a_cut_uncovers_nothing(self):
        for keep in range(1, 60):
            assert "smith" not in redact("please write to bob.smith@example.org and tell him", keep)

    def test_the_reading_limit_cuts_no_secret_in_two(self):
        text = "x " * 997 + "1234567"
        assert "12" not in redact(text, keep=5000)

    def test_huge_hostile_texts_end(self):
        for unit in ("a@", "1.", "'A ", "a:", "-", "http://"):
            assert len(redact(unit * 3_000_000)) <= 60


@given(st.text(), st.integers(0, 80))
def test_any_text(text, keep):
    shown = redact(text, keep)
    assert len(shown) <= keep
    assert not re.search(r"\d{4}", shown)
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)
