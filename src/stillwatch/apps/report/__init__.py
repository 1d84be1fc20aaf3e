"""The report: one self-contained HTML file."""

from __future__ import annotations

from stillwatch.apps.report.render import render
from stillwatch.apps.report.view import Limits

__all__ = ["Limits", "render"]
