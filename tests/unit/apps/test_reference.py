"""The pages on exports and the report are held to the code: formats, techniques, limits and files appear as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.apps.export import Format, atlas
from stillwatch.apps.export.stix import VALID_FOR
from stillwatch.apps.report import Limits
from stillwatch.apps.run_folder import CAMPAIGNS, REPORT, RUN, VERDICTS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def page(name):
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("form", Format)
def test_every_format_is_documented(form):
    assert f"| `{form.value}` |" in page("exports.md")


def test_techniques_and_limits_are_the_codes():
    exports = page("exports.md")
    for technique in (atlas.EXTRACT, atlas.ACCESS, atlas.PROXIES, atlas.ACCOUNTS):
        assert f"{technique.id} {technique.name}" in exports
    assert f"{VALID_FOR.days} days" in exports
    report = page("report.md")
    assert f"at most {Limits().graph_nodes} accounts and {Limits().graph_links} links" in report


@pytest.mark.parametrize("name", [VERDICTS, CAMPAIGNS, RUN, REPORT])
def test_every_file_of_a_run_folder_is_documented(name):
    assert f"| `{name}` |" in page("report.md")
