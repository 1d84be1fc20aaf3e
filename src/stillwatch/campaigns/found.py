"""A campaign while it is followed, and how strong its evidence must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from stillwatch.campaigns.candidates import Candidate
from stillwatch.campaigns.model import Alternative
from stillwatch.detect.log import Bools, Floats, Ints

KAPPA = 0.1
"""Exponent of the adjuster."""
UNKNOWN_ODDS = -20.0
"""Log odds of a party that was not scored."""
HANDOFF_NEEDS = 1.0
"""log10 e of dealt behaviour that a set convicted by hand-offs must show besides (colleagues share conversations too)."""


def adjusted(log10_e: float) -> float:
    """log10 of the adjusted e-value of a supremum."""
    return float(np.log10(KAPPA) + (1 - KAPPA) * log10_e)


def needed(hypotheses: float) -> float:
    """log10 e that a set needs to pass a bar of so many hypotheses per alpha: the inverse of :func:`adjusted`."""
    return float((np.log10(hypotheses) - np.log10(KAPPA)) / (1 - KAPPA) + np.log10(2))


def strength_of(candidate: Candidate) -> float:
    """The candidate's log10 e: of behaviour, or of hand-offs where behaviour agrees; two routes, so halved."""
    handed = candidate.handoff_log10_e if candidate.log10_e >= HANDOFF_NEEDS else 0.0
    return float(max(candidate.log10_e, handed) - np.log10(2))


@dataclass(eq=False)
class Found:
    """A campaign while it is followed. Times are microseconds; ``since`` per party is 0 where not flagged."""

    number: int
    founders: Ints
    founded: int
    since: Ints
    odds: Floats
    evidence: Candidate
    log10_e: float
    tried: tuple[Alternative, ...]
    absorbed: list[int] = field(default_factory=list)
    bound: Bools | None = None
    """Parties that belong by what they send alone (:mod:`stillwatch.campaigns.alike`): they need no link to stay."""

    def bind(self, parties: Bools | None) -> None:
        """Count further parties among those that need no link."""
        if parties is not None:
            self.bound = parties if self.bound is None else self.bound | parties

    def copy(self, parties: int) -> Found:
        """One that goes its own way, in a log of so many parties."""
        more = parties - len(self.since)
        return replace(
            self,
            since=np.pad(self.since, (0, more)),
            odds=np.pad(self.odds, (0, more), constant_values=UNKNOWN_ODDS),
            absorbed=list(self.absorbed),
            bound=None if self.bound is None else np.pad(self.bound, (0, more)),
        )

    @property
    def members(self) -> Ints:
        """Parties flagged so far."""
        return np.flatnonzero(self.since > 0)


def flagged_of(campaigns: Sequence[Found], parties: int) -> Bools:
    """Which of so many parties are flagged in any of the campaigns."""
    out = np.zeros(parties, bool)
    for campaign in campaigns:
        out |= campaign.since > 0
    return out
