from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from stillwatch.apps.summary import print_summary
from stillwatch.testing import HOSTILE_TEXTS, make_result, with_text_everywhere


def printed(result, width=120):
    stream = io.StringIO()
    print_summary(result, Path("out"), Console(file=stream, width=width))
    return stream.getvalue().replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_the_summary_says_what_was_found_and_where_the_report_is():
    text = printed(make_result())
    assert "3 campaigns of 114 accounts in 581 204 exchanges of 7 275 accounts" in text
    assert "4 895 (4 454 to 5 237)" in text
    assert text.index("c-7f3a91") < text.index("c-5b2210") < text.index("c-pool01")
    assert "3 sets came near and were not reported; 40 accounts not decidable; 48 records set aside." in text
    assert "out/report.html" in text
    assert "stillwatch explain acct-01200 --run out" in text


def test_nothing_found_is_said_plainly():
    text = printed(make_result(campaigns=0, near=0))
    assert "No campaign found" in text
    assert "explain" not in text


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_text_is_neither_markup_nor_control(hostile):
    text = printed(with_text_everywhere(make_result(), hostile), width=400)
    assert not [each for each in text if (ord(each) < 32 and each != "\n") or each in "\u202e\u2066\u200b"]
    if hostile.startswith("[bold"):
        assert "[bold red]markup[/bold red]c-7f3a91" in text
