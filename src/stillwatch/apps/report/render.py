"""The report as one HTML file that needs nothing else: no script, no outside resource, no network.

Everything that came from a log is escaped by Jinja2, after characters that act instead of being shown (control characters,
bidirectional overrides) were written out. A content security policy with the digest of the one style sheet forbids all
the rest, so that a mistake in escaping could still run nothing.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from stillwatch._internal.text import terminal_safe
from stillwatch.apps import wording
from stillwatch.apps.report.view import Limits, report_view

if TYPE_CHECKING:
    from datetime import datetime

    from stillwatch.campaigns.model import HuntResult

_PACKAGE = "stillwatch.apps.report"


def _finalize(value: object) -> object:
    """Write out acting characters in every string that a template prints; markup made by us passes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return terminal_safe(value, keep="\n\t")
    return "" if value is None else value


def _moment(value: datetime | None) -> Markup:
    """A moment as a ``time`` element, so that it is never broken over two lines."""
    if value is None:
        return Markup(wording.NOTHING)  # noqa: S704 - a dash
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), wording.when(value))


def _template(name: str) -> str:
    return (resources.files(_PACKAGE) / "templates" / name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        finalize=_finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("count", "short", "number", "share", "interval", "span", "plural", "listing", "shares")
    environment.filters.update({name: getattr(wording, name) for name in names})
    environment.filters["moment"] = _moment
    environment.filters["items_by_kind"] = lambda held: {each.kind: each.falls_off for each in held}
    environment.globals["kind_words"] = wording.KIND_WORDS
    return environment


def style_sheet() -> tuple[Markup, str]:
    """The style sheet, and its digest as the content security policy names it."""
    css = _template("report.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return Markup(css), f"sha256-{digest}"  # noqa: S704 - a file of this package


def render(result: HuntResult, *, limits: Limits | None = None) -> str:
    """Render ``result`` as a self-contained HTML page.

    Args:
        result: What a hunt found, with its verdicts.
        limits: How much of a large result is drawn or listed.

    Returns:
        The page; safe to open whatever the log contained.
    """
    chosen = limits or Limits()
    css, digest = style_sheet()
    page = _environment().get_template("report.html.j2")
    return page.render(
        result=result,
        view=report_view(result, chosen),
        limits=chosen,
        outcome=wording.outcome(result),
        css=css,
        digest=Markup(digest),  # noqa: S704 - base64 of a digest
    )
