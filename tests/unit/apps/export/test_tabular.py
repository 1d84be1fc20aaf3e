from __future__ import annotations

import csv
import io

import msgspec
import pytest

from stillwatch.apps.export import Format, export
from stillwatch.apps.export.tabular import COLUMNS, cell, table
from stillwatch.testing import HOSTILE_TEXTS, make_campaign, make_result, with_text_everywhere


def rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1", '=HYPERLINK("http://evil.example")'])
def test_a_formula_is_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1"])
def test_control_characters_in_front_of_a_formula(text):
    assert cell(text).startswith("'\\")


def test_ordinary_text_is_left_alone():
    assert cell("c-7f3a91") == "c-7f3a91"
    assert cell("a = b") == "a = b"


def test_one_row_a_campaign_numbers_as_numbers():
    found = rows(export(make_result(), Format.CSV))
    assert found[0] == list(COLUMNS)
    first = dict(zip(found[0], found[1], strict=True))
    assert first["campaign_id"] == "c-7f3a91"
    assert float(first["extraction_exchanges"]) == pytest.approx(make_result().campaigns[0].extraction_exchanges)
    assert first["active"] == "true"
    assert first["account_ids"].count("; ") == 37
    negative = msgspec.structs.replace(make_campaign(), evidence=-1.5)
    assert dict(zip(COLUMNS, rows(table([negative]))[1], strict=True))["evidence"] == "-1.5"


@pytest.mark.parametrize("hostile", [*HOSTILE_TEXTS, "+", "-2+3", "@x"])
def test_no_cell_starts_a_formula(hostile):
    attacked = with_text_everywhere(make_result(), hostile)
    for row in rows(export(attacked, Format.CSV))[1:]:
        assert len(row) == len(COLUMNS)
        assert not [each for each in row if each.startswith(("=", "+", "@", "\t"))]
        assert not [each for each in row if each.startswith("-") and not each[1:].replace(".", "").isdigit()]
        assert not [each for each in row if "\x1b" in each or "\u202e" in each]
