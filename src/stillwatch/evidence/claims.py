"""Claims: what a detector states, against which null hypothesis, with which number and which guarantee.

A p-value, an e-value, a probability and a score are different types, so that none is mistaken for another.
A claim knows no campaign: it is rendered from values handed to it.
"""

from __future__ import annotations

from typing import NewType

import msgspec

PValue = NewType("PValue", float)
"""Probability, under the null hypothesis, of a statistic at least as extreme; super-uniform."""
EValue = NewType("EValue", float)
"""Non-negative statistic with expectation at most 1 under the null hypothesis (Vovk and Wang 2021)."""
Log10EValue = NewType("Log10EValue", float)
"""Decimal logarithm of an :data:`EValue`."""
Score = NewType("Score", float)
"""A number that orders; it carries no error rate."""
Probability = NewType("Probability", float)
"""A probability between 0 and 1."""


class Interval(msgspec.Struct, frozen=True):
    """An estimate with the ends of its interval, in the estimate's unit; ``level`` is the nominal coverage."""

    value: float
    low: float
    high: float
    level: float = 0.9


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One statement against one null hypothesis.

    ``signal`` is the name in the signal catalogue; ``statistic`` and ``reference`` are the observed value and
    what the null hypothesis expects (median of the reference); ``p_value`` may be absent for claims that are context only.
    """

    signal: str
    statement: str
    null: str
    statistic: float
    reference: float
    p_value: float | None = None
    log10_e: float | None = None
    sample: int = 0
    method: str = ""
    innocent: tuple[str, ...] = ()


class Guarantee(msgspec.Struct, frozen=True, kw_only=True):
    """What a run promises about its false alarms, under which assumptions, and how fine it can resolve.

    ``alpha`` bounds the expected share of innocent sets among the reported ones (false discovery rate);
    ``floor`` is the smallest p-value that ``reference_sets`` reference sets can show.
    """

    statement: str
    alpha: float
    reference_sets: int
    floor: float
    assumptions: tuple[str, ...] = ()
    blind_to: tuple[str, ...] = ()
