"""Names of unknown records, and the formats that come nearest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.events.adapters.catalogue import FORMATS
from stillwatch.events.nearest import SIGNS, names_in, nearest_formats, shown

GOLDEN = Path(__file__).parents[2] / "golden" / "adapters"


def test_every_format_has_signs():
    assert set(SIGNS) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_records_of_a_format_are_nearest_to_it(name):
    lines = (GOLDEN / name / "input.jsonl").read_text("utf-8").splitlines()
    assert name in nearest_formats(names_in(map(json.loads, lines)))


def test_case_and_dashes_do_not_matter_and_nothing_is_near_to_nothing():
    assert nearest_formats(["ACCOUNT-ID", "Exchange_Id"])[0] == "contract"
    assert nearest_formats(["foo"]) == nearest_formats([]) == ()


def test_names_are_escaped_cut_and_counted():
    assert shown([]) == "none"
    assert shown(["b", "\x1b[31mred"]) == "'\\x1b[31mred', 'b'"
    assert len(shown(["x" * 10**6])) < 60
    assert shown(str(n) for n in range(1025)).endswith("and 1,005 more")
