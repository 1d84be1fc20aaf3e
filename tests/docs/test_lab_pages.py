"""The page of the lab's format says what the code says: scores, detectors, knobs, prices."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from stillwatch.lab.costs import Prices
from stillwatch.lab.detectors.registry import detectors
from stillwatch.lab.knobs import KNOBS
from stillwatch.lab.score import Further, Scores
from stillwatch.lab.tables_of_run import NEEDED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/lab-format.md").read_text("utf-8")
NAMES = set(re.findall(r"`\.?(?:further\.)?_?([\w.\-]+)`", PAGE))


@pytest.mark.parametrize("field", msgspec.structs.fields(Scores), ids=lambda f: f.encode_name)
def test_every_score(field):
    name = (
        field.encode_name.removeprefix("tpr_at_fpr_")
        if field.encode_name.startswith("tpr_at_fpr")
        else field.encode_name
    )
    assert name in NAMES or field.encode_name in NAMES


@pytest.mark.parametrize("field", msgspec.structs.fields(Further), ids=lambda f: f.encode_name)
def test_every_further_score(field):
    inside = {"extraction_exchanges", "extraction_leaked"}  # sums behind the leak
    assert field.encode_name in NAMES | inside


@pytest.mark.parametrize("name", sorted(KNOBS))
def test_every_knob(name):
    row = re.search(rf"^\| `{name}` \| (.+?) \|", PAGE, re.MULTILINE)
    assert row is not None
    values = KNOBS[name].values
    assert f"{values[0]:g}" in row[1]
    assert f"{values[-1]:g}" in row[1]


@pytest.mark.parametrize("name", [d.name for d in detectors(lambda _log, _out: None, 0.01)])
def test_every_detector(name):
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("name", NEEDED)
def test_needed_columns(name):
    assert f"| `{name}` | yes |" in PAGE


def test_prices():
    prices = Prices()
    table = PAGE[PAGE.index("| what | dollars |") :]
    assert f"| account | {prices.account:g} |" in table
    assert f"| residential address, a month | {prices.address:.2f} |" in table
    assert f"| payment instrument | {prices.instrument:g} |" in table
    assert (
        f"| {prices.input_tokens:g} / {prices.output_tokens:g} at list, {prices.token_share:.0%} of that"
        in table.replace("7 %", "7%")
    )
    assert f"| {prices.rewriting:.2f} |" in table
