"""Builders for tests and documentation: small, whole, made-up values of every type that a hunt yields.

Nothing here is measured. Any layer may be imported here; no other package imports this one.
"""

from __future__ import annotations

from stillwatch.testing.builders import (
    make_campaign,
    make_guarantee,
    make_log,
    make_near_miss,
    make_result,
    make_verdict,
)
from stillwatch.testing.hostile import HOSTILE_TEXTS, with_text_everywhere
from stillwatch.testing.parts import make_claim

__all__ = [
    "HOSTILE_TEXTS",
    "make_campaign",
    "make_claim",
    "make_guarantee",
    "make_log",
    "make_near_miss",
    "make_result",
    "make_verdict",
    "with_text_everywhere",
]
