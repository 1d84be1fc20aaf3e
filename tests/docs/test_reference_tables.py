"""Pages of reference say what the code says: signals, constants, options, columns."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

import pytest

from stillwatch.apps.cli.hunt import hunt_command
from stillwatch.apps.run_folder import campaign_schema, verdict_schema
from stillwatch.campaigns.links import DISCOUNT, LIMIT, MOST_SHARED, LinkKind
from stillwatch.campaigns.model import Campaign, HuntResult, NearMiss
from stillwatch.detect.individuality import ALIKE
from stillwatch.detect.signals import CATALOGUE

sys.path.insert(0, str(Path(__file__).parent))
tables = importlib.import_module("reference_tables")
sys.path.pop(0)
REFERENCE = tables.ROOT / "docs/reference"


@pytest.mark.parametrize("page", tables.pages(), ids=lambda page: page.name)
def test_page_is_current(page):
    text = page.read_text("utf-8")
    assert text == tables.filled(text), "run: make docs"


def test_a_wrong_value_and_an_old_catalogue_are_seen():
    assert tables.filled("| `campaigns.links.MOST_SHARED` | -1 | x |") == (
        f"| `campaigns.links.MOST_SHARED` | {MOST_SHARED} | x |"
    )
    assert tables.filled("`ALIKE` = -1.5, so") == f"`ALIKE` = {ALIKE:g}, so"
    assert "(2 values)" in tables.filled("`MOSTLY` = 0.9")
    assert "`shared-payment`" in tables.filled("<!-- begin signals -->\nold\n<!-- end signals -->")


@pytest.mark.parametrize("module", tables.MODULES)
def test_every_constant_stands_in_the_table(module):
    page = tables.SETTINGS.read_text("utf-8")
    assert [name for name in tables.constants(module) if f"| `{module}.{name}` |" not in page] == []


def test_the_table_names_nothing_that_is_gone():
    assert "not there any more" not in tables.filled(tables.SETTINGS.read_text("utf-8"))


@pytest.mark.parametrize("kind", LinkKind)
def test_the_method_names_discount_and_limit_of_every_link(kind):
    start = {
        LinkKind.ADDRESS: "address (IPv4 whole, IPv6 by /64)",
        LinkKind.CLIENT: "client headers with TLS fingerprint",
    }
    row = f"| {start.get(kind, kind.value)} | {DISCOUNT[kind]:g} | {LIMIT.get(kind, MOST_SHARED)} |"
    assert row in (tables.ROOT / "docs/explanation/method.md").read_text("utf-8")


def test_signals_used_under_another_name_are_in_the_catalogue():
    assert set(tables.ELSEWHERE) <= set(CATALOGUE)


def test_every_option_of_a_hunt_is_explained():
    page = tables.SETTINGS.read_text("utf-8")
    options = [
        f"--{name.replace('_', '-')}" for name in inspect.signature(hunt_command).parameters if name != "exchanges"
    ]
    assert [option for option in options if f"| `{option}` |" not in page] == []


@pytest.mark.parametrize("schema", [verdict_schema(), campaign_schema()], ids=["verdicts", "campaigns"])
def test_every_column_is_explained(schema):
    page = (REFERENCE / "run-folder.md").read_text("utf-8")
    assert [name for name in schema.names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("struct", [HuntResult, Campaign, NearMiss], ids=lambda struct: struct.__name__)
def test_every_field_of_run_json_is_explained(struct):
    page = (REFERENCE / "run-folder.md").read_text("utf-8")
    fields = set(struct.__struct_fields__) - {"verdicts"}
    assert sorted(name for name in fields if f"`{name}`" not in page) == []
