"""Intervals for shares, for rare counts, and for shares whose trials come in groups.

Sources: Wilson, JASA 1927 (score interval); Garwood, Biometrika 1936 (exact interval of a Poisson mean); Kish, Survey
Sampling, 1965 (design effect); Korn and Graubard, Survey Methodology 1998 (its few degrees of freedom). None of them corrects for looking at many rows of a table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.stats import chi2, norm, t

from stillwatch.evidence.claims import Interval

LEVEL = 0.95


def wilson(hits: float, trials: float, *, level: float = LEVEL) -> Interval:
    """Interval of a share; assumes independent trials of one probability. Without trials it is the whole of 0 to 1."""
    if trials <= 0:
        return Interval(math.nan, 0.0, 1.0, level)
    z = float(norm.ppf(0.5 + level / 2))
    share = hits / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if hits <= 0 else max(0.0, centre - half)
    high = 1.0 if hits >= trials else min(1.0, centre + half)
    return Interval(share, low, high, level)


def rare(count: int, exposure: float, *, level: float = LEVEL) -> Interval:
    """Exact interval of the rate of a Poisson count over ``exposure``; without exposure nothing is known."""
    if exposure <= 0:
        return Interval(math.nan, 0.0, math.inf, level)
    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Interval(count / exposure, low / exposure, high / exposure, level)


def grouped(hits: Sequence[float], trials: Sequence[float], *, level: float = LEVEL) -> Interval:
    """Interval of a pooled share whose trials come in groups (accounts in worlds, say).

    Wilson's interval with the trials divided by the design effect, the ratio of the variance between groups (of the
    ratio estimator, Cochran 1977, chapter 6) to that of independent trials, at least 1, and reduced by the square of
    z over Student's t, since few groups tell little of the variance between them. Accounts of one campaign are mostly
    found or missed together, so with all groups alike the groups themselves are taken as the trials. Assumes
    independent groups.
    """
    pairs = [(h, n) for h, n in zip(hits, trials, strict=True) if n > 0]
    groups, total = len(pairs), sum(n for _, n in pairs)
    if not groups:
        return wilson(0, 0, level=level)
    share = sum(h for h, _ in pairs) / total
    if groups == 1:
        # nothing is known of how worlds differ: one world is one trial
        return wilson(share, 1, level=level)
    spread = sum((h - share * n) ** 2 for h, n in pairs) * groups / (groups - 1) / total**2
    alone = share * (1 - share) / total
    if spread <= 0 or alone <= 0:
        return wilson(share * groups, groups, level=level)
    few = (float(norm.ppf(0.5 + level / 2)) / float(t.ppf(0.5 + level / 2, groups - 1))) ** 2
    effective = max(min(1.0, alone / spread) * total * few, 1.0)
    return wilson(share * effective, effective, level=level)
