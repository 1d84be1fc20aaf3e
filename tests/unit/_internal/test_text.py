from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch._internal.text import shorten, terminal_safe


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("a\u2066b\u2069c\u200bd", "a\\u2066b\\u2069c\\u200bd"),
        ("two\nlines\r\tand", "two\\nlines\\r\\tand"),
        ("\x9b31m", "\\x9b31m"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half\ud800", "half\\ud800"),
    ],
)
def test_what_acts_is_written_out(hostile, shown):
    assert terminal_safe(hostile) == shown


def test_ordinary_text_of_every_script_stays():
    text = "Grüße, 你好, שלום, مرحبا, 100\N{NARROW NO-BREAK SPACE}% ≤ é"
    assert terminal_safe(text) == text


def test_kept_characters_stay():
    assert terminal_safe("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


@given(st.text())
def test_no_control_or_bidirectional_character_is_left(text):
    safe = terminal_safe(text)
    assert all(unicodedata.category(each) not in {"Cc", "Cs"} for each in safe)
    assert not set(safe) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    safe.encode("utf-8")


@given(st.text(max_size=50), st.integers(1, 60))
def test_shorten_keeps_the_limit(text, limit):
    assert len(shorten(text, limit)) <= max(limit, 1)
    assert shorten(text, limit) == text or shorten(text, limit).endswith("…")
