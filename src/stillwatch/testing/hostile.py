"""Results in which every text is an attack, to prove that no face renders it."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.campaigns.model import Decision, HuntResult, Kind

HOSTILE_TEXTS: tuple[str, ...] = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</style></title></svg><iframe src=//evil.example>",
    "\x1b[2J\x1b]0;owned\x07",
    "abc\u202egnp.exe\u2066\u200b",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    '=HYPERLINK("http://evil.example","x")',
    "[bold red]markup[/bold red]",
)
"""Markup, attribute breakers, script addresses, terminal control, bidirectional overrides, templates, formulas, rich markup."""

_FIXED = {str(each) for each in (*Kind, *Decision)}
_MOMENTS = {"start", "ts", "first", "last", "first_seen", "last_seen", "flagged_at"}


def _replaced(value: Any, text: str, name: str = "") -> Any:
    if isinstance(value, dict):
        if name in ("settings", "seconds"):
            return {text + key: _replaced(item, text) for key, item in value.items()}
        return {key: _replaced(item, text, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, text, name) for item in value]
    if isinstance(value, str) and value not in _FIXED and name not in _MOMENTS:
        return f"{text}{value}"
    return value


def with_text_everywhere(result: HuntResult, text: str) -> HuntResult:
    """Put ``text`` in front of every string of ``result``, names and ids included; kinds, decisions and times stay."""
    return msgspec.convert(_replaced(msgspec.to_builtins(result), text), type=HuntResult)
