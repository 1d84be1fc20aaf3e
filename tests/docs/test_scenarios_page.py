"""The page of scenarios says what the shipped files and the schema say."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
tables = importlib.import_module("scenario_tables")
sys.path.pop(0)
TEXT = tables.PAGE.read_text("utf-8")


def test_page_is_current():
    assert tables.filled(TEXT) == TEXT, "run: python tests/docs/scenario_tables.py"


def test_an_old_table_and_a_field_that_is_gone_are_seen():
    assert "| c1-lab |" in tables.filled("<!-- begin campaigns -->\nold\n<!-- end campaigns -->")
    assert "| not there any more |" in tables.filled("| `group.text.volume` | x | y | z |")


@pytest.mark.parametrize("field", tables.fields())
def test_every_field_has_a_meaning(field):
    assert re.search(rf"^\| `{re.escape(field)}` \| [^|]+ \| [^|]+ \| \w[^|]+ \|$", TEXT, re.MULTILINE)


def test_the_page_names_no_field_that_is_gone():
    assert "not there any more" not in TEXT


@pytest.mark.parametrize("name", tables.shipped())
def test_every_shipped_scenario_is_named(name):
    assert f"| {name} |" in TEXT or f"`{name}`" in TEXT
