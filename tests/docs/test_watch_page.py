"""The watch's page of reference has every option, variable, metric and kind of change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stillwatch.apps.watch.admission import FUTURE, LATE
from stillwatch.apps.watch.gauges import FIGURES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/watch.md").read_text("utf-8")
SOURCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "src/stillwatch/apps/watch").rglob("*.py"))
OPTIONS = re.findall(r'name="(--[a-z-]+)"', (ROOT / "src/stillwatch/apps/cli/watch.py").read_text("utf-8"))


@pytest.mark.parametrize("option", OPTIONS)
def test_option(option):
    assert f"| `{option}` |" in PAGE


def test_no_option_that_is_none():
    assert set(re.findall(r"^\| `(--[a-z-]+)` \|", PAGE, re.MULTILINE)) == set(OPTIONS)


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"STILLWATCH_[A-Z_]+", SOURCE))))
def test_variable(variable):
    assert variable in PAGE


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_metric(figure):
    labels = ", ".join(f"`{label}`" for label in figure.labels)
    assert f"| `{figure.name}` | {figure.kind} | {labels} | {figure.says} |" in PAGE


@pytest.mark.parametrize("kind", sorted(set(re.findall(r'type="((?:campaign|account)\.[a-z]+)"', SOURCE))))
def test_change(kind):
    assert f"| `{kind}` |" in PAGE


@pytest.mark.parametrize("reason", [LATE, FUTURE])
def test_reason(reason):
    assert f"`{reason}`" in PAGE
